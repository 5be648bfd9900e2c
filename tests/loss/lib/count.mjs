/*
 * The count of a case: what a visitor did against what arrived.
 */

/** How often each name occurs. */
function tally(names) {
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/**
 * Compares names of what was done with names of what was received; other names than those of page
 * views and of steps are not a visitor's and are passed over. What was received more often than it
 * was done counts as duplicated, a page view that nobody had among it.
 */
export function compare(done, received) {
  const counted = received.filter((name) => /^(page|Step) /.test(name));
  const wanted = tally(done);
  const got = tally(counted);
  const missing = [];
  const extra = [];
  for (const name of new Set([...wanted.keys(), ...got.keys()])) {
    const difference = (got.get(name) ?? 0) - (wanted.get(name) ?? 0);
    for (let count = difference; count < 0; count++) missing.push(name);
    for (let count = difference; count > 0; count--) extra.push(name);
  }
  return { captured: done.length, received: counted.length, lost: missing.length, duplicated: extra.length, missing, extra };
}

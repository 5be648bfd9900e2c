/*
 * What a tracker's start costs a page, on a processor that is four times slower.
 *
 * The page is loaded and at rest before the tag is put into it, as the peers' own snippets put
 * theirs. So every task from then on is the tracker's, down to the compilation, microtasks, answers
 * and garbage that no attribution by address finds, and no task of the page hides or lengthens one
 * of the tracker's. What the browser does anyway is taken off: the same with a script that is
 * empty. Every time is a new visitor with an empty cache.
 *
 * Four times slower is four times the processor time. Chromium's own throttle makes the thread
 * spin for three times what the clock says it ran, which on a machine with other work to do counts
 * that work as well; `--throttled` uses it nevertheless.
 */
import { Visitor } from '../browser/lib/browser.mjs';
import { insert, median, open, record, sum } from './lib/chromium.mjs';
import { INERT } from './lib/trackers.mjs';

const SLOWER = 4;
/** Milliseconds from the tag until everything has been done. */
const WINDOW = 2_500;

async function once({ browser, site, throttled }, tracker) {
  site.tracker = tracker;
  const visitor = await Visitor.arrive(browser);
  try {
    const { page, session } = await open(visitor, site.origin);
    if (throttled) await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    site.reset();
    const tasks = await record({ browser, page, session }, WINDOW, insert, tracker.html(site.origin));
    const times = tasks.map((task) => task.time * (throttled ? 1 : SLOWER));
    return { total: sum(times), longest: Math.max(...times), bytes: site.bytes, requests: site.requests };
  } finally {
    await visitor.leave();
  }
}

/** All trackers in turn, in each round; the medians. */
export async function start(rig, trackers, rounds) {
  const found = new Map([INERT, ...trackers].map((tracker) => [tracker, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [tracker, results] of found) results.push(await once(rig, tracker));
  }
  const middle = (tracker, name) => median(found.get(tracker).map((result) => result[name]));
  return trackers.map((tracker) => ({
    tracker: tracker.name,
    main_ms: middle(tracker, 'total') - middle(INERT, 'total'),
    longest_ms: middle(tracker, 'longest'),
    bytes: middle(tracker, 'bytes'),
    requests: middle(tracker, 'requests'),
  }));
}

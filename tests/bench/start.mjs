/*
 * What a tracker's start costs a page, at a processor slowed down four times.
 *
 * The page is loaded and at rest before the tag is put into it, as the peers' own snippets put
 * theirs. So every task from then on is the tracker's, down to the compilation, microtasks, answers
 * and garbage that no attribution by address finds, and no task of the page hides or lengthens one
 * of the tracker's. What the browser does anyway is taken off: the same with a script that is
 * empty. Every time is a new visitor with an empty cache. Longest task: processor time as well.
 */
import { Visitor } from '../browser/lib/browser.mjs';
import { call, INSERT, MARK, median, open, pause, tasks } from './lib/chromium.mjs';
import { INERT } from './lib/trackers.mjs';

const SLOWER = 4;
/** Milliseconds from the tag until everything has been done. */
const WINDOW = 2_500;
/** Milliseconds until the recording surely runs. */
const BEFORE = 300;

/** In the page: puts the tag in later, so that no message of the driver falls into the time. */
const plan = (html, before, mark) => {
  setTimeout(() => {
    performance.mark(mark);
    // eslint-disable-next-line no-undef
    insert(html);
  }, before);
};

async function once({ browser, site, throttled }, tracker) {
  site.tracker = tracker;
  const visitor = await Visitor.arrive(browser);
  try {
    const { page, session } = await open(visitor, site.origin);
    if (throttled) await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
    await call(session, `() => { window.insert = ${INSERT}; }`);
    site.reset();
    const all = await tasks(browser, page, async () => {
      await call(session, plan, tracker.html(site.origin), BEFORE, MARK);
      await pause(BEFORE + WINDOW);
    });
    const times = all.map((task) => task.time * (throttled ? 1 : SLOWER));
    return {
      total: times.reduce((sum, time) => sum + time, 0),
      longest: Math.max(...times),
      bytes: site.bytes,
      requests: site.requests,
    };
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

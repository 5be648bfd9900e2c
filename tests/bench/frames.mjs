/*
 * What one frame costs in which the visitor scrolls, in the window or in an element that scrolls in
 * its place; what one movement of the pointer costs; and a second in which somebody reads. It is
 * processor time in all of the tracker's functions that the browser calls, as the recording
 * attributes them, less what the recording itself adds to a function that is empty.
 *
 * Beside it stands what an empty listener alone costs in a page without a tracker: the first that is
 * called makes the event's object, and finds the processor's caches cold. No tracker gets below it.
 *
 * Of frames and movements, only what happens in most of them counts: what happens once a second is
 * in the second.
 */
import { Visitor } from '../browser/lib/browser.mjs';
import { call, insert, median, open, pause, record, sum } from './lib/chromium.mjs';
import { FIRSTGLANCE } from './lib/trackers.mjs';

/** Milliseconds until the tracker has started. */
const STARTED = 3_000;
/** Frames in which something scrolls; movements of the pointer, milliseconds apart; seconds. */
const FRAMES = 120, MOVEMENTS = 60, APART = 20, SECONDS = 8;

/** In the page: scrolls a little in each frame, down and up again. */
const scroll = (selector, frames) => new Promise((resolve) => {
  const scroller = selector ? document.querySelector(selector) : document.scrollingElement;
  let frame = 0;
  const step = () => {
    if (frame == frames) return resolve();
    scroller.scrollTop += frame++ < frames / 2 ? 9 : -9;
    requestAnimationFrame(step);
  };
  step();
});

/** In the page: functions of the page's own that do nothing, to be taken off. */
const listen = () => {
  for (const type of ['scroll', 'pointermove']) addEventListener(type, function emptyListener() {}, { capture: true, passive: true });
};

const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

async function scrollIn(target, selector) {
  return { tasks: await record(target, 100, scroll, selector, FRAMES), times: FRAMES };
}

async function movePointer(target) {
  const recording = record(target, 100, wait, MOVEMENTS * APART * 2);
  await pause(500);
  for (let number = 0; number < MOVEMENTS; number++) {
    // Its answer comes when the page has had the movement.
    await target.session.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 100 + number * 3, y: 200 + number });
    await pause(APART);
  }
  const tasks = await recording;
  const empty = tasks.flatMap((task) => task.calls).filter((each) => each.name == 'emptyListener');
  return { tasks, times: empty.length };
}

async function read(target) {
  await target.session.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 300, y: 300 });
  return { tasks: await record(target, 0, wait, SECONDS * 1e3) };
}

const CASES = [
  { what: 'frame with the window scrolling', path: '/', budget: 10, measure: (target) => scrollIn(target, '') },
  { what: 'frame with an element scrolling', path: '/?framed', budget: 10, measure: (target) => scrollIn(target, '#scroller') },
  { what: 'movement of the pointer', path: '/', budget: 10, measure: movePointer },
  { what: 'second of reading', path: '/', measure: read },
];

/** Microseconds each time. Without a tracker, those of the empty listener. */
function each({ tasks, times }, tracker) {
  const calls = tasks.flatMap((task) => task.calls);
  const own = calls.filter((one) => one.url.includes('/fg-'));
  if (!times) return sum(own.map((one) => one.time)) / SECONDS * 1e3;
  const empty = median(calls.filter((one) => one.name == 'emptyListener').map((one) => one.time));
  if (!tracker) return empty * 1e3;
  let total = 0;
  for (const cause of new Set(own.map((one) => one.cause))) {
    const list = own.filter((one) => one.cause == cause).map((one) => one.time);
    if (list.length >= times / 2) total += Math.max(0, median(list) - empty) * list.length / times;
  }
  return total * 1e3;
}

async function once({ browser, site }, { path, measure }, tracker, short) {
  site.tracker = tracker || {};
  const visitor = await Visitor.arrive(browser);
  try {
    const { page, session } = await open(visitor, site.origin + path);
    if (tracker) {
      await call(session, insert, tracker.html(site.origin));
      await pause(STARTED);
    }
    await call(session, listen);
    const target = { browser, page, session };
    // What follows is not the first time.
    if (!short) await measure(target);
    return each(await measure(target), tracker);
  } finally {
    await visitor.leave();
  }
}

/** Every case in turn, in each round; medians, in microseconds. */
export async function frames(rig, rounds, short) {
  const cases = short ? CASES.slice(0, 1) : CASES;
  const found = new Map(cases.map((one) => [one, { with: [], without: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [one, results] of found) {
      results.with.push(await once(rig, one, FIRSTGLANCE, short));
      if (one.budget) results.without.push(await once(rig, one, null, short));
    }
  }
  return cases.map((one) => ({
    what: one.what,
    us: median(found.get(one).with),
    empty_us: one.budget && median(found.get(one).without),
    budget_us: one.budget,
  }));
}

/*
 * What one frame costs in which the visitor scrolls, in the window or in an element that scrolls in
 * its place, and what one movement of the pointer costs: processor time in all of the tracker's own
 * functions that the browser calls, as the recording attributes them. The visitor's wheel and
 * pointer are the browser's own input, so frames, and the order in them, are those of a real page.
 */
import { Visitor } from '../browser/lib/browser.mjs';
import { call, insert, median, open, pause, record, sum } from './lib/chromium.mjs';
import { FIRSTGLANCE } from './lib/trackers.mjs';

const STARTED = 3_000;
/** Frames in which something scrolls; and movements of the pointer, some milliseconds apart. */
const FRAMES = 120, MOVEMENTS = 60, APART = 12;

/** What is done, and where. */
export const CASES = ['scroll of the window', 'scroll of an element', 'movement of the pointer'];

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

/** In the page: waits while the driver moves the pointer. */
const movedFor = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** One visitor's page; microseconds a frame or movement. */
async function once({ browser, site }, tracker, what) {
  site.tracker = tracker;
  const visitor = await Visitor.arrive(browser);
  try {
    const framed = what == CASES[1];
    const { page, session } = await open(visitor, site.origin + (framed ? '/?framed' : '/'));
    await call(session, insert, tracker.html(site.origin));
    await pause(STARTED);
    const target = { browser, page, session };
    const recorded = async () => {
      if (what != CASES[2]) return record(target, 100, scroll, framed ? '#scroller' : '', FRAMES);
      const recording = record(target, 100, movedFor, MOVEMENTS * APART * 3);
      await pause(400);
      for (let number = 0; number < MOVEMENTS; number++) {
        await session.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 100 + number * 3, y: 200 + number });
        await pause(APART);
      }
      return recording;
    };
    await recorded();
    const calls = (await recorded()).flatMap((task) => task.calls).filter((each) => each.url.includes('/fg-'));
    return sum(calls.map((each) => each.time)) / (what == CASES[2] ? MOVEMENTS : FRAMES) * 1e3;
  } finally {
    await visitor.leave();
  }
}

/** Every case in turn, in each round; medians, in microseconds. */
export async function frames(rig, rounds) {
  const found = new Map(CASES.map((each) => [each, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [what, results] of found) results.push(await once(rig, FIRSTGLANCE, what));
  }
  return CASES.map((what) => ({ what, us: median(found.get(what)) }));
}

/*
 * What one event costs a page's main thread: in the call or handler itself, and after it (what is
 * worked out, kept, shown and sent). One by one, as they happen to a visitor whose browser has not
 * compiled much yet, and in bursts with everything warm; bursts end before anything is sent where a
 * tracker gathers, and what is sent is then recorded apart.
 *
 * All of it is processor time, less the same with an empty function, and for the handler less the
 * same in a page without a tracker.
 */
import { Visitor } from '../browser/lib/browser.mjs';
import { call, insert, median, open, pause, record, sum } from './lib/chromium.mjs';
import { FIRSTGLANCE, INERT } from './lib/trackers.mjs';

/** Milliseconds until a tracker has started and sent what it had; and until it has started. */
const STARTED = 6_500, SOON = 2_000;
/** Events one by one, and milliseconds between them: a page view by a router settles in 60. */
const SINGLE = 20, GAP = 100;
/** Bursts, events in one, and milliseconds between them: three frames. */
const BURSTS = 12, BURST = 10, BETWEEN = 50;
/** Milliseconds in which all that waits is sent. */
const DELIVERY = 6_000;

/** What is done in the page; each is one event. Only Firstglance sees all of them by itself. */
const KINDS = ['track', 'click', 'page'];

/** In the page: what can be done there. */
function prepare() {
  let number = 0;
  // One that no variant takes out of the page.
  const link = document.querySelector('nav a[href^="/"]');
  link.addEventListener('click', (event) => event.preventDefault());
  const actions = {
    nothing() {},
    track() {
      if (window.peerTrack) window.peerTrack('Brochure Requested');
      else window.firstglance?.('track', 'Brochure Requested', { model: 'kade-5', price: 2499 });
    },
    // Not on one spot, where it would be somebody who has lost patience.
    click: () => link.dispatchEvent(new PointerEvent('click', {
      bubbles: true, cancelable: true, composed: true, clientX: (number * 97) % 1200, clientY: (number * 61) % 700, detail: 1,
    })),
    page() {
      history.pushState(null, '', `/e-bikes/model-${number % 40}/`);
      window.firstglance?.('page');
    },
  };
  const rest = (gap) => new Promise((resolve) => { setTimeout(resolve, gap); });
  /** Called by timers of their own, so that the recording tells the calls by the function's name. */
  window.act = async (kind, times, each, gap) => {
    for (let turn = 0; turn < times; turn++) {
      setTimeout(function measuredCall() {
        for (let event = 0; event < each; event++, number++) actions[kind]();
      });
      await rest(gap);
    }
  };
}

/** Total time and time in the calls themselves. */
const split = (tasks) => ({
  all: sum(tasks.map((task) => task.time)),
  calls: tasks.flatMap((task) => task.calls).filter((each) => each.name == 'measuredCall').map((each) => each.time),
});

/** One visitor's page; microseconds an event. In short, what is sent is not told apart. */
async function once(rig, tracker, kind, short) {
  rig.site.tracker = tracker;
  const visitor = await Visitor.arrive(rig.browser);
  try {
    const { page, session } = await open(visitor, rig.site.origin);
    await call(session, insert, tracker.html(rig.site.origin));
    await pause(short ? SOON : STARTED);
    await call(session, prepare);
    const recorded = async (what, times, each, gap, after = gap) => split(await record(
      { browser: rig.browser, page, session }, after, (...given) => window.act(...given), what, times, each, gap,
    ));
    const emptySlow = await recorded('nothing', SINGLE, 1, GAP);
    const slow = await recorded(kind, SINGLE, 1, GAP);
    if (!short) await pause(DELIVERY);
    const empty = await recorded('nothing', BURSTS, BURST, BETWEEN);
    const warm = await recorded(kind, BURSTS, BURST, BETWEEN);
    const sent = short ? { all: NaN } : await recorded('nothing', 1, 1, 0, DELIVERY);
    const idle = short ? sent : await recorded('nothing', 1, 1, 0, DELIVERY);
    const events = BURSTS * BURST;
    const micro = (milliseconds) => milliseconds * 1e3;
    return {
      first: micro(slow.calls[0]),
      single: micro(median(slow.calls.slice(1))),
      singleAfter: micro((slow.all - sum(slow.calls) - emptySlow.all + sum(emptySlow.calls)) / SINGLE),
      burst: micro(median(warm.calls) / BURST),
      burstAfter: micro((warm.all - sum(warm.calls) - empty.all + sum(empty.calls)) / events),
      sending: micro((sent.all - idle.all) / events),
    };
  } finally {
    await visitor.leave();
  }
}

/** Every case in turn, in each round; medians, in microseconds. */
export async function events(rig, models, others, rounds, short) {
  const kinds = short ? KINDS.slice(0, 1) : KINDS;
  const cases = kinds.flatMap((kind) => models.map((model) => ({ tracker: FIRSTGLANCE, kind, model })))
    .concat(others.map((tracker) => ({ tracker, kind: 'track', model: models[0] })));
  const bare = kinds.map((kind) => ({ tracker: INERT, kind, model: models[0] }));
  const found = new Map([...bare, ...cases].map((each) => [each, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [{ tracker, kind, model }, results] of found) {
      rig.site.model = model;
      results.push(await once(rig, tracker, kind, short));
    }
  }
  const middle = (which, name) => median(found.get(which).map((result) => result[name]));
  return cases.map((which) => {
    const without = bare.find((each) => each.kind == which.kind);
    const less = (name) => Math.max(0, middle(which, name) - middle(without, name));
    const single = less('single');
    const burst = less('burst');
    return {
      tracker: which.tracker.name,
      kind: which.kind,
      ...(which.tracker == FIRSTGLANCE && { segments: which.model.segments }),
      first_us: less('first'),
      single_us: single, single_after_us: less('singleAfter'),
      burst_us: burst, burst_after_us: less('burstAfter'),
      sending_us: less('sending'),
    };
  });
}

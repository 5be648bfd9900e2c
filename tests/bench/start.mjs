/*
 * What a tracker's start costs a page, on a processor that is four times slower.
 *
 * The page is loaded and at rest before the tag is put into it, as the peers' own snippets put
 * theirs. So every task from then on is the tracker's, down to the compilation, microtasks, answers
 * and garbage that no attribution by address finds, and no task of the page hides or lengthens one
 * of the tracker's. What the browser does anyway is taken off: the same with a script that is
 * empty. Every time is a new visitor with an empty cache.
 *
 * The demo shop's front page adapts itself, for which a part is loaded. Firstglance is also measured
 * on the same page with nothing to adapt, as its peers have nothing either.
 *
 * The floor is what the browser does for Firstglance's requests alone, with no code that does
 * anything: no tracker that loads a module and a model gets below it.
 *
 * Four times slower is four times the processor time: Chromium's own throttle makes the thread spin
 * for three times what the clock says it ran, which on a machine with other work to do counts that
 * work as well. Nobody looks into the browser while it is measured, see `lib/bare.mjs`.
 */
import { BareChromium, inserting } from './lib/bare.mjs';
import { median, sum } from './lib/chromium.mjs';
import { FIRSTGLANCE, FLOOR, INERT } from './lib/trackers.mjs';

const SLOWER = 4;
/** Milliseconds from the tag until everything has been done. */
const WINDOW = 2_500;

async function once(browser, site, tracker, path) {
  site.tracker = tracker;
  site.head = inserting(tracker.html(site.origin));
  const tasks = await browser.record(site.origin + path, WINDOW);
  const times = tasks.map((task) => task.time * SLOWER);
  return { total: sum(times), longest: Math.max(...times) };
}

/** All trackers in turn, in each round; the medians. Firstglance once for each model. */
export async function start(site, models, others, rounds) {
  const cases = models.map((model) => ({ tracker: FIRSTGLANCE, model }))
    .concat({ tracker: { ...FIRSTGLANCE, name: 'with nothing to adapt' }, model: models[0], path: '/?plain' })
    .concat([FLOOR, ...others].map((tracker) => ({ tracker, model: models[0] })));
  const bare = { tracker: INERT, model: models[0] };
  const found = new Map([bare, ...cases].map((each) => [each, []]));
  const browser = await BareChromium.launch();
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [{ tracker, model, path = '/' }, results] of found) {
        site.model = model;
        results.push(await once(browser, site, tracker, path));
      }
    }
  } finally {
    site.head = '';
    await browser.close();
  }
  const middle = (which, name) => median(found.get(which).map((result) => result[name]));
  return cases.map((which) => ({
    tracker: which.tracker.name,
    ...(which.tracker.id == FIRSTGLANCE.id && { segments: which.model.segments }),
    main_ms: middle(which, 'total') - middle(bare, 'total'),
    longest_ms: middle(which, 'longest'),
  }));
}

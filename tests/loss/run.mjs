/*
 * Plays the cases and writes one JSON line for each case, browser and tracker as soon as it is
 * known. Judges nothing: that is what `cargo xtask loss` does with the lines.
 *
 *     node tests/loss/run.mjs [--short] [--case NAME]… [--browser NAME]… [--tracker NAME]…
 */
import { parseArgs } from 'node:util';

import { CASES } from './cases.mjs';
import { Play } from './lib/play.mjs';
import { Puppets } from './lib/puppets.mjs';
import { trackers } from './lib/trackers.mjs';
import { WebKit } from './lib/webkit.mjs';

const BROWSERS = ['chromium', 'firefox', 'webkit'];
const TRACKERS = ['firstglance', 'plausible', 'snowplow', 'posthog', 'rudderstack'];

/** Milliseconds after which a case counts as stuck. */
const STUCK = 240_000;

const { values: options } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    case: { type: 'string', multiple: true, default: [] },
    browser: { type: 'string', multiple: true, default: [] },
    tracker: { type: 'string', multiple: true, default: [] },
  },
});

/** What was asked for, in the usual order. */
function chosen(what, names, asked, usual = names) {
  const unknown = asked.find((name) => !names.includes(name));
  if (unknown) throw new Error(`there is no ${what} "${unknown}"; there are: ${names.join(', ')}`);
  return asked.length ? names.filter((name) => asked.includes(name)) : usual;
}

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const begin = (name, start) => (name === 'webkit' ? WebKit.start() : Puppets.start(name, start));

async function play(given, browserName, tracker, browser) {
  let playing;
  let timer;
  const stuck = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`stuck for ${STUCK / 1_000} s`)), STUCK);
  });
  const run = async () => {
    playing = await Play.begin(given, tracker, browser);
    await given.prepare?.(playing, browserName);
    await given.run(playing);
    return playing.count();
  };
  try {
    return await Promise.race([run(), stuck]);
  } catch (error) {
    return { error: error.stack || String(error) };
  } finally {
    clearTimeout(timer);
    await playing?.end().catch(() => {});
  }
}

async function inBrowser(browserName, cases, all) {
  let shared = null;
  try {
    for (const given of cases) {
      for (const tracker of all) {
        const line = { case: given.name, browser: browserName, tracker: tracker.id };
        const without = given.without?.(browserName, tracker);
        if (without) {
          tell({ ...line, without });
          continue;
        }
        let browser = null;
        try {
          if (shared && !shared.alive) {
            await shared.close();
            shared = null;
          }
          browser = given.start ? await begin(browserName, given.start) : shared ??= await begin(browserName);
          const result = await play(given, browserName, tracker, browser);
          const allowed = tracker.id === 'firstglance' ? given.allowed?.[browserName] : null;
          tell({ ...line, ...result, ...(allowed && { allowed }) });
          // What a killed page or a failure has left behind is nothing to build on.
          if (!given.start && (result.error || given.name.startsWith('crash'))) {
            await shared.close();
            shared = null;
          }
        } catch (error) {
          tell({ ...line, error: error.stack || String(error) });
        } finally {
          if (given.start) await browser?.close();
        }
      }
    }
  } finally {
    await shared?.close();
  }
}

const names = CASES.map((each) => each.name);
if (options.list) {
  for (const each of CASES) tell({ case: each.name, what: each.what, short: Boolean(each.short) });
} else {
  const usual = options.short ? CASES.filter((each) => each.short).map((each) => each.name) : names;
  const cases = chosen('case', names, options.case, usual).map((name) => CASES.find((each) => each.name === name));
  const browsers = chosen('browser', BROWSERS, options.browser, options.short ? ['chromium'] : BROWSERS);
  const all = await trackers(chosen('tracker', TRACKERS, options.tracker, options.short ? ['firstglance'] : TRACKERS));
  tell({ planned: cases.length * browsers.length * all.length });
  for (const browser of browsers) await inBrowser(browser, cases, all);
}
process.exit(0);

/*
 * Plays what a page does with its hooks in a browser of its maker, Chromium or Firefox, and writes a
 * JSON line for each: whether it held, and what was seen where it did not. `--screenshots FOLDER`
 * leaves a picture of each state.
 *
 *     node tests/hooks/run.mjs [--browser NAME]… [--screenshots FOLDER]
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Collector } from '../browser/lib/collector.mjs';
import { BOTH, DEFAULT, ELECTRIC, OBSERVE, page as made, SEEN, SLOTS } from '../browser/lib/personal.mjs';
import { Proxy } from '../browser/lib/proxy.mjs';
import { Puppets } from '../loss/lib/puppets.mjs';

const { values: options } = parseArgs({
  options: {
    browser: { type: 'string', multiple: true, default: ['chromium', 'firefox'] },
    screenshots: { type: 'string' },
  },
});
const PATIENCE = 8_000;
const NOW = ' data-fg-adapt="now"';
const pages = {
  '/proef/': made({ root: NOW }), '/dan/': made(), '/leeg/': made({ body: '<h1>Leeg</h1>' }),
  '/denied/': made({ root: NOW, attributes: { async: null, 'data-consent': 'denied' } }),
};

const wants = (tab, ...topics) => tab.run((labels) => labels.forEach((label) => {
  window.firstglance('track', 'Topic Seen', { topics: [label] });
  window.firstglance('track', 'Site Searched', { query: label });
}), topics);

/** The fields of what is seen that are named, once they are as wanted. */
async function shows(tab, wanted) {
  const look = async () => {
    const seen = await tab.run(SEEN);
    return Object.fromEntries(Object.keys(wanted).map((name) => [name, seen[name]]));
  };
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const seen = await look();
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    if (Date.now() > deadline) assert.deepEqual(seen, wanted);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
const ready = (tab) => tab.run(() => new Promise((resolve) => window.firstglance('onSegments', () => resolve())));

/** Each with a new visitor: a name, and what is done. */
const PLAYS = [
  ['every hook shows what everybody sees', async (tab, origin, picture) => {
    await tab.goto(`${origin}/proef/`);
    await ready(tab);
    await shows(tab, DEFAULT);
    await picture('default');
  }],
  ['every hook, at once', async (tab, origin, picture) => {
    await tab.goto(`${origin}/proef/`);
    await ready(tab);
    await wants(tab, 'E-bikes');
    await shows(tab, ELECTRIC);
    await picture('electric');
    await wants(tab, 'Racefietsen', 'Racefietsen');
    const { title, list, ...rest } = BOTH;
    await shows(tab, rest);
    await picture('both');
    await tab.run(() => window.firstglance('forget'));
    await shows(tab, DEFAULT);
  }],
  ['known from earlier pages: in the first frame', async (tab, origin, picture) => {
    await tab.goto(`${origin}/proef/`);
    await ready(tab);
    await wants(tab, 'E-bikes');
    await shows(tab, ELECTRIC);
    await tab.page.evaluateOnNewDocument(OBSERVE);
    await tab.goto(`${origin}/dan/`);
    await shows(tab, ELECTRIC);
    const frames = (await tab.run(() => window.frames_)).filter(({ hero }) => hero != null);
    assert.ok(frames.length && frames.every(({ hero }) => hero === 'Voor wie stroom wil'), JSON.stringify(frames.slice(0, 4)));
    await picture('known');
  }],
  ['on this page: nothing moves that is being read', async (tab, origin) => {
    await tab.goto(`${origin}/dan/`);
    await ready(tab);
    await wants(tab, 'E-bikes');
    await shows(tab, { ...DEFAULT, below: 'e-bikes' });
  }],
  ['a refusal: what everybody sees, and nothing is kept', async (tab, origin) => {
    await tab.goto(`${origin}/denied/`);
    await wants(tab, 'E-bikes');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await shows(tab, DEFAULT);
    assert.deepEqual(await tab.run(() => Object.keys(localStorage).filter((key) => /:(shown|content|id|profile)$/.test(key))), []);
  }],
  ['withdrawn: back at once', async (tab, origin) => {
    await tab.goto(`${origin}/proef/`);
    await ready(tab);
    await wants(tab, 'E-bikes');
    await shows(tab, ELECTRIC);
    await tab.run(() => window.firstglance('consent', 'denied'));
    await shows(tab, DEFAULT);
  }],
];

const collector = await Collector.start({ configure: (text) => text + SLOTS });
let failed = 0;
try {
  for (const browser of options.browser) {
    const puppets = await Puppets.start(browser);
    try {
      for (const [number, [what, play]] of PLAYS.entries()) {
        const proxy = await Proxy.start(collector.origin, { pages });
        const visitor = await puppets.visitor();
        const begun = Date.now();
        let error;
        try {
          const tab = await visitor.open();
          await tab.page.setViewport({ width: 1280, height: 800 });
          const picture = async (name) => options.screenshots
            && tab.page.screenshot({ path: join(options.screenshots, `${browser}-${number}-${name}.png`) });
          await play(tab, proxy.origin, picture);
        } catch (thrown) {
          error = thrown.message;
          failed += 1;
        }
        process.stdout.write(`${JSON.stringify({ browser, what, held: !error, milliseconds: Date.now() - begun, error })}\n`);
        await visitor.leave();
        await proxy.stop();
      }
    } finally {
      await puppets.close();
    }
  }
} finally {
  await collector.remove();
}
process.exitCode = failed ? 1 : 0;

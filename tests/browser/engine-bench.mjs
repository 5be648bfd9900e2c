/*
 * How long one event takes in the page's module, in a real Chromium: `take_in` and `snapshot`.
 * Called by `cargo xtask bench`, which makes the model; prints microseconds as JSON. Asserts
 * nothing.
 */
import { readFile } from 'node:fs/promises';

import { launch, Visitor } from './lib/browser.mjs';
import { open, serve } from './lib/module.mjs';

const folder = process.env.FIRSTGLANCE_PROOF;

/** In the page: the same visitor as in the engine's own benchmarks. */
function measure({ model, without, topics, events }) {
  const { load, take_in, snapshot } = window.engine;
  const searches = ['fietsverzekering', 'e-bike accu', 'kinderfiets 24 inch', 'bakfiets huren'];
  const campaigns = ['utm_source=google\nutm_medium=cpc\nutm_term=e-bike', 'utm_source=nieuwsbrief\nutm_medium=email', 'gclid=Cj0KCQ'];
  const one = (number) => {
    const visit = Math.floor(number / 12);
    const place = number % 12;
    const at = 1_795_000_000_000 + number * 40_000 + visit * 50_000_000;
    const topic = topics[Math.floor(number / 6) % topics.length];
    const search = place === 3 || place === 9;
    const engaged = !search && place % 2 === 1;
    const fields = [
      search || engaged ? 'track' : 'page',
      search ? 'Site Searched' : engaged ? 'Page Engaged' : '',
      'www.wielrijk.nl', `/${topic}/model-${number % 30}/`, 'Kade 5: de e-bike voor elke dag | Wielrijk',
      place ? '' : 'www.google.com', place ? '' : campaigns[visit % 3], topic, '', 'nl-NL',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15',
      search ? searches[Math.floor(number / 6) % 4] : '', '', '', '',
    ];
    return [at, fields.join('\0'), engaged ? 21_000 : 0, 0, engaged ? 75 : 0, 0, engaged ? 400 : 0];
  };
  const run = (text) => {
    load('', text);
    const times = { whole: [], takeIn: [], snapshot: [] };
    // The first visits fill the profile and let the browser compile the module.
    for (let number = 0; number < events + 500; number++) {
      const event = one(number);
      const begun = performance.now();
      take_in(...event);
      const taken = performance.now();
      snapshot(event[0]);
      const ended = performance.now();
      if (number < 500) continue;
      times.takeIn.push(taken - begun);
      times.snapshot.push(ended - taken);
      times.whole.push(ended - begun);
    }
    const at = (list, share) => list.sort((left, right) => left - right)[Math.floor(list.length * share)] * 1_000;
    return {
      median: at(times.whole, 0.5), p95: at(times.whole, 0.95),
      takeIn: at(times.takeIn, 0.5), snapshot: at(times.snapshot, 0.5),
    };
  };
  return { events, isolated: window.crossOriginIsolated, without: run(without).median, ...run(model) };
}

const { server, origin } = await serve(folder);
const browser = await launch();
try {
  const page = await open(await Visitor.arrive(browser), origin, 'ordinary');
  const given = JSON.parse(await readFile(`${folder}/bench.json`, 'utf8'));
  console.log(JSON.stringify(await page.evaluate(measure, given)));
} finally {
  await browser.close();
  server.close();
}

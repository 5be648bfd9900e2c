/*
 * Page and collector give the same answer: replays in the page's module, in a real Chromium, the
 * streams that `cargo xtask parity` has written and folded as messages. Decides nothing itself;
 * every expectation is the collector's answer.
 *
 * Without streams, as in the other browser tests, there is nothing to replay.
 */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';

import { launch, Visitor } from './lib/browser.mjs';
import { open, serve } from './lib/module.mjs';

const folder = process.env.FIRSTGLANCE_PROOF;
/** Streams that go to the page at once. */
const AT_ONCE = 25;
/** Differences that are shown. */
const MOST_SHOWN = 5;

/** In the page: replays streams and tells where an answer differs. */
function replay({ cases, explained }) {
  const { load, load_explained, save, take_in, snapshot, query, explain } = window.engine;
  const differences = [];
  cases.forEach(({ number, model, parts, steps, asks }) => {
    const begin = (profile) => (explained ? load_explained(profile, model, parts) : load(profile, model));
    const compare = (what, expected, found) => {
      if (expected !== found) differences.push({ number, what, expected, found });
    };
    compare('load', true, begin(''));
    steps.forEach((step, place) => {
      if (step.reload) begin(save());
      const values = Object.entries(step.values)
        .filter(([, value]) => value === null || typeof value != 'object')
        .flatMap(([name, value]) => [name, JSON.stringify(value)]);
      take_in(step.at, [...step.fields, ...values].join('\0'), ...step.numbers);
      if (step.snapshot) compare(`snapshot after event ${place}: ${step.message}`, step.snapshot, snapshot(step.at));
    });
    for (const ask of asks) {
      compare(`snapshot at ${ask.at}`, ask.snapshot, snapshot(ask.at));
      for (const [asked, told] of ask.decisions) compare(`decision at ${ask.at} of ${asked}`, told, query('decide', asked));
      if (explained) compare(`explanation at ${ask.at}`, ask.answer, explain(ask.at));
    }
  });
  return differences;
}

/** Both texts from a little before the first difference on. */
function shown({ number, what, expected, found }) {
  let place = 0;
  while (place < expected.length && expected[place] === found[place]) place++;
  const around = (text) => JSON.stringify(String(text).slice(Math.max(0, place - 160), place + 160));
  return `stream ${number}, ${what}\n  collector ${around(expected)}\n  page      ${around(found)}`;
}

describe('page and collector', { skip: folder ? false : 'cargo xtask parity has written no streams' }, () => {
  let site;
  let browser;
  let visitor;
  before(async () => {
    site = await serve(folder);
    browser = await launch();
    visitor = await Visitor.arrive(browser);
  });
  after(async () => {
    await browser?.close();
    site?.server.close();
  });

  for (const [module, explained] of [['ordinary', false], ['explained', true]]) {
    test(`give the same answer: ${module} module`, async () => {
      const page = await open(visitor, site.origin, module);
      const differences = [];
      let cases = [];
      let number = 0;
      const flush = async () => {
        differences.push(...await page.evaluate(replay, { cases, explained }));
        cases = [];
      };
      for await (const line of createInterface({ input: createReadStream(`${folder}/streams.ndjson`) })) {
        cases.push({ number: number++, ...JSON.parse(line) });
        if (cases.length === AT_ONCE) await flush();
      }
      await flush();
      const texts = differences.slice(0, MOST_SHOWN).map(shown);
      assert.equal(differences.length, 0, `${differences.length} differences\n${texts.join('\n')}`);
      assert.ok(number > 0);
      visitor.assertNoErrors();
    });
  }

  test('the module says when it should begin again, and knows no less afterwards', async () => {
    const page = await open(visitor, site.origin, 'ordinary');
    const [line] = (await readFile(`${folder}/streams.ndjson`, 'utf8')).split('\n', 1);
    const { model, steps } = JSON.parse(line);
    const outcome = await page.evaluate(({ model, steps }) => {
      const { full, load, save, take_in, snapshot, wasm } = window.engine;
      const [{ at, fields, numbers }] = steps;
      load('', model);
      const begun = full();
      let events = 0;
      while (!full() && events < 1e5) take_in(at + events++, fields.join('\0'), ...numbers);
      const before = [save(), snapshot(at + events)];
      const size = wasm.memory.buffer.byteLength;
      load(before[0], model);
      return { begun, events, size, full: full(), before, after: [save(), snapshot(at + events)] };
    }, { model, steps });
    assert.ok(!outcome.begun && !outcome.full);
    assert.ok(outcome.events < 1e5 && outcome.size < 4e6, `${outcome.events} events, ${outcome.size} bytes`);
    assert.deepEqual(outcome.after, outcome.before);
    visitor.assertNoErrors();
  });

  test('a model that cannot be read is refused, and nothing throws', async () => {
    const page = await open(visitor, site.origin, 'ordinary');
    const [line] = (await readFile(`${folder}/streams.ndjson`, 'utf8')).split('\n', 1);
    const { model, steps } = JSON.parse(line);
    const outcome = await page.evaluate(({ model, steps }) => {
      const { load, save, take_in, snapshot } = window.engine;
      const damaged = ['', 'nonsense', '\u{9}', `\u{3f}${model.slice(1)}`, `${model}x`];
      for (let end = 0; end < model.length; end += 1 + (model.length >> 6)) damaged.push(model.slice(0, end));
      const accepted = damaged.filter((text) => load('', text));
      // What is called without a model does nothing.
      take_in(steps[0].at, steps[0].fields.join('\0'), ...steps[0].numbers);
      const told = [save(), snapshot(steps[0].at)];
      // A damaged profile is that of a new visitor.
      const loaded = load('\u{2}damaged', model);
      return { accepted, told, loaded, events: snapshot(steps[0].at).split('\0')[6] };
    }, { model, steps });
    assert.deepEqual(outcome, { accepted: [], told: ['', ''], loaded: true, events: '0' });
    visitor.assertNoErrors();
  });
});

/*
 * The tracker in a whole page, in a real Chromium, beside its peers: run by `cargo xtask bench page`,
 * which prepares the files, models and packages. Prints tables, or one JSON object a line. Asserts
 * nothing: budgets stand beside the figures.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { launch } from '../browser/lib/browser.mjs';
import { events } from './events.mjs';
import { frames } from './frames.mjs';
import { Site } from './lib/site.mjs';
import { FIRSTGLANCE, peers } from './lib/trackers.mjs';
import { start } from './start.mjs';
import { ENDS, storage } from './storage.mjs';

const BUDGETS = { start_ms: 15, task_ms: 50, event_us: 50 };

const { values: given } = parseArgs({
  options: {
    json: { type: 'boolean' }, short: { type: 'boolean' }, alone: { type: 'boolean' },
    only: { type: 'string', multiple: true }, rounds: { type: 'string' },
  },
});

const say = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);
const within = (value, budget) => (budget === undefined ? '' : value <= budget ? `within ${budget}` : `over ${budget}`);
const digits = (value, places = 0) => (Number.isFinite(value) ? value.toFixed(places) : '-');
const times = (value, base) => (base > 0 ? `${(value / base).toFixed(2)} x` : '-');

/** A table with a title; the first column is text. */
function table(title, head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  console.log(`\n${title}`);
  for (const row of all) {
    console.log(row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join('  ').trimEnd());
  }
}

const show = {
  start: (rows) => table(
    'Start, ms of the main thread on a processor 4x slower',
    ['', 'segments', 'main thread', '', 'to Firstglance', 'longest task', ''],
    rows.map((row) => [
      row.tracker, row.segments ?? '', digits(row.main_ms, 1), within(row.main_ms, BUDGETS.start_ms), times(row.main_ms, rows[0].main_ms),
      digits(row.longest_ms, 1), within(row.longest_ms, BUDGETS.task_ms),
    ]),
  ),
  events: (rows) => table(
    'One event, µs of the main thread: in the call or handler, and after it',
    ['', 'event', 'segments', 'first', 'single', '+ after', 'in a burst', '+ after', '', '+ sent', 'to Firstglance'],
    rows.map((row) => [
      row.tracker, row.kind, row.segments ?? '', digits(row.first_us), digits(row.single_us), digits(row.single_after_us),
      digits(row.burst_us), digits(row.burst_after_us), within(row.burst_us + row.burst_after_us, BUDGETS.event_us),
      digits(row.sending_us), times(total(row), total(rows.find((each) => each.kind == row.kind))),
    ]),
  ),
  frames: (rows) => table('Frames, µs of the main thread', ['', 'µs', '', 'an empty listener', 'to that'],
    rows.map((row) => [row.what, digits(row.us, 1), within(row.us, row.budget_us), digits(row.empty_us, 1), times(row.us, row.empty_us)])),
  storage: (rows) => table('Keeping an event: µs of the main thread, ms until it is kept, and what survives',
    ['', 'in the call', 'altogether', 'kept after ms', ...ENDS],
    rows.map((row) => [
      row.way, digits(row.call_us), digits(row.all_us), digits(row.kept_ms, 1),
      ...ENDS.map((end) => (end in row.survived ? `${digits(row.survived[end] * 100)} %` : '')),
    ])),
};

const total = (row) => row.burst_us + row.burst_after_us + (row.sending_us || 0);

const models = JSON.parse(await readFile(process.env.FIRSTGLANCE_MODELS, 'utf8'));
const site = await Site.start(process.env.FIRSTGLANCE_ASSETS);
const browser = await launch();
const rig = { browser, site };
const rounds = (usual, short) => Number(given.rounds) || (given.short ? short : usual);
try {
  const others = given.alone ? [] : await peers();
  const all = {
    start: () => start(site, models, others, rounds(9, 1)),
    events: () => events(rig, given.short ? models.slice(-1) : models, others, rounds(3, 1), given.short),
    frames() {
      site.model = models.at(-1);
      return frames(rig, rounds(5, 1), given.short);
    },
    storage: () => storage(rig, rounds(3, 1), given.short ? 0 : 4),
  };
  const usual = given.short ? ['start', 'events', 'frames'] : Object.keys(all);
  for (const name of given.only || usual) {
    say(`${name} …`);
    const rows = await all[name]();
    say('');
    if (given.json) for (const row of rows) console.log(JSON.stringify({ measurement: name, ...row }));
    else show[name](rows);
  }
} finally {
  await browser.close();
  site.stop();
}

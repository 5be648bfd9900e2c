/*
 * Today in the console: who is there now, today against a usual day, leads, rising interests, what needs
 * attention, and what people read: every figure is what the test has sent, and what is read changes in
 * place.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from './lib/browser.mjs';
import { Console, judge } from './lib/console.mjs';
import { csv, figure, rows } from './lib/tables.mjs';

const DAY = 86_400_000;
const MINUTE = 60_000;
/** How often the page asks what is read. */
const EACH = 10_000;

let empty;
let full;
const now = Date.now();
const midnight = Math.floor(now / DAY) * DAY;
/** Near midnight what is sent as of some minutes ago is of yesterday, and nothing is usual yet. */
const early = now - midnight < 61 * MINUTE;

const view = (anonymousId, moment, path, topic) => ({
  type: 'page', anonymousId, timestamp: new Date(moment).toISOString(), properties: { path, ...(topic && { topics: [topic] }) },
});

const configure = (text) => text.replace(/^timezone = .*$/m, 'timezone = "UTC"');

before(async () => {
  empty = await Console.open();
  full = await Console.open({ configure });
  // Every day three visitors read a page ten times each, which nobody reads today.
  for (let day = 1; day <= 7; day += 1) {
    const regular = ['r', 's', 't'].flatMap((name) => Array.from({ length: 10 }, (_, minute) => view(`${name}${day}`, midnight - day * DAY + minute * MINUTE, '/news/')));
    assert.equal((await full.send(regular)).status, 200);
  }
  const answer = await full.send([
    view('now-1', now - MINUTE, '/e-bikes/1', 'E-bikes'),
    view('now-2', now - 2 * MINUTE, '/e-bikes/1', 'E-bikes'),
    view('now-2', now - MINUTE, '/e-bikes/1', 'E-bikes'),
    view('lately', now - 20 * MINUTE, '/helmets/<b>', 'Helmets'),
    view('gone', now - 50 * MINUTE, '/e-bikes/1', 'E-bikes'),
    ...Array.from({ length: 4 }, () => ({
      type: 'track', event: 'Page Engaged', anonymousId: 'now-2', timestamp: new Date(now - MINUTE).toISOString(),
      properties: { path: '/e-bikes/1', topics: ['E-bikes'], active_seconds: 240, scroll_percent: 100 },
    })),
    { type: 'track', event: 'Test Ride Requested', anonymousId: 'now-1', timestamp: new Date(now - MINUTE / 2).toISOString() },
  ]);
  assert.equal(answer.status, 200, await answer.text());
});

after(async () => {
  await empty?.close();
  await full?.close();
});

test('every figure is what was sent', { skip: early && 'the day has only begun' }, async () => {
  const viewer = await full.signIn();
  const page = await viewer.see('today');
  assert.equal(await figure(page, 'now'), '2');
  assert.equal(await figure(page, 'visits'), '4');
  assert.equal(await figure(page, 'views'), '5');
  assert.equal(await figure(page, 'new'), '4');
  const stages = (await full.admin.get('segments')).stages;
  const prospects = stages.filter(({ id }) => id !== 'cold').reduce((sum, { size }) => sum + size, 0);
  // Who asked for a test ride, and who read for a quarter of an hour.
  assert.equal(prospects, 2);
  assert.equal(await figure(page, 'prospects'), '2');
  assert.match(await page.textContent('#figure-visits'), /33% more; 3\.0 usual by now/);
  const hours = await rows(page, 'hours');
  assert.equal(hours.length, 24);
  // Only hours that are over.
  const begun = [50, 20, 2, 1].map((minutes) => new Date(now - minutes * MINUTE).getUTCHours());
  const present = new Date().getUTCHours();
  hours.forEach(([, today], hour) => assert.equal(today, hour < present ? String(begun.filter((one) => one === hour).length) : '', `${hour}:00`));
  assert.deepEqual(hours.map(([, , usual]) => usual), hours.map((_, hour) => (hour === 0 ? '3' : '0')));
  viewer.assertNoErrors();
});

test('leads by stage, with what came and went', { skip: early && 'the day has only begun' }, async () => {
  const viewer = await full.signIn();
  const page = await viewer.see('today');
  const table = await rows(page, 'stages');
  const { stages } = await full.admin.get('segments');
  assert.equal(table.reduce((sum, [, size]) => sum + Number(size), 0), stages.reduce((sum, { size }) => sum + size, 0));
  const entered = await full.admin.get('trends?metric=stage_entries');
  const came = entered.points.at(-1).count;
  assert.equal(table.reduce((sum, [, , today]) => sum + Number(today), 0), came);
  assert.equal(table.reduce((sum, row) => sum + Number(row[4]), 0), entered.points.slice(-7).reduce((sum, { count }) => sum + count, 0));
  assert.ok(await page.locator('table[data-table="stages"] a[href*="stage=cold"]').count());
});

test('what people read changes in place', async () => {
  const viewer = await full.signIn({ clock: true });
  const page = await viewer.see('today');
  const before = await rows(page, 'reading');
  assert.deepEqual(before, [
    ['/e-bikes/1', 'E-bikes', '2', '2'],
    ['/helmets/<b>', 'Helmets', '0', '1'],
  ]);
  await page.evaluate(() => { window.stays = true; });
  const fresh = Date.now();
  await full.send([view('later', fresh, '/helmets/<b>', 'Helmets')]);
  await page.clock.runFor(EACH + 1_000);
  await page.waitForFunction(() => document.querySelector('table[data-table="reading"]')?.tBodies[0].rows[1]?.cells[3].dataset.value === '2');
  assert.equal(await page.evaluate(() => window.stays), true);
  assert.equal(await figure(page, 'now'), '3');
  assert.ok((await csv(viewer, 'today?csv=reading')).includes('/helmets/<b>,Helmets,1,2'));
  viewer.assertNoErrors();
});

test('whoever wants it to stand still stops it', async () => {
  const viewer = await full.signIn({ clock: true });
  const page = await viewer.see('today');
  const asked = [];
  page.on('request', (request) => { if (request.url().endsWith('/today/reading')) asked.push(request.url()); });
  const stop = page.getByRole('button', { name: 'Pause updates' });
  await stop.focus();
  await page.keyboard.press('Enter');
  assert.equal(await stop.getAttribute('aria-pressed'), 'true');
  await page.clock.runFor(2 * EACH);
  await page.keyboard.press('Enter');
  // Not while the keyboard is in it.
  await page.focus('#reading .table-scroll');
  await page.clock.runFor(2 * EACH);
  await stop.focus();
  const request = page.waitForRequest(/today\/reading$/);
  await page.clock.runFor(EACH + 1_000);
  await request;
  // An earlier one would have been told of before it.
  assert.equal(asked.length, 1);
  viewer.assertNoErrors();
});

test('what needs attention is told, with what to do', { skip: early && 'the day has only begun' }, async () => {
  const viewer = await full.signIn();
  let page = await viewer.see('today');
  const section = () => page.textContent('#attention');
  assert.match(await section(), /no view today/);
  assert.match(await section(), /\/news\/ \(usually 30 by now\)/);
  assert.doesNotMatch(await section(), /refused/);
  await full.send([view('now-1', Date.now(), '/news/'), { type: 'dance', anonymousId: 'x' }, { type: 'page' }]);
  // Nobody waits for refused messages to be kept.
  for (let tries = 0; tries < 50 && !/refused today/.test(await section()); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    page = await viewer.see('today');
  }
  assert.match(await section(), /2 messages were refused today/);
  assert.doesNotMatch(await section(), /no view today/);
  const { refused } = await full.admin.get('refused');
  assert.equal(refused.length, 2);
  for (const { code } of refused) assert.ok((await section()).includes(code), code);
  viewer.assertNoErrors();
});

test('everybody can read it', async () => {
  await judge(full, 'today');
  await judge(empty, 'today', 'today-empty');
});

test('interests of which there are more than the week before', { skip: early && 'the day has only begun' }, async () => {
  const viewer = await full.signIn();
  const entered = (await full.admin.get('trends?metric=segment_entries')).points.at(-1).names;
  const expected = entered.find(({ name }) => name === 'e-bikes')?.count ?? 0;
  assert.ok(expected > 0);
  // What a topic is called is known once visitors have been looked at again.
  const row = await until('the topic has its name', async () => {
    const page = await viewer.see('today');
    return (await rows(page, 'rising')).find(([name]) => name === 'E-bikes');
  }, 60_000);
  assert.deepEqual(row, ['E-bikes', String(expected), '0', String(expected), '4']);
});

test('without anything it says what to do, in Dutch as well', async () => {
  const viewer = await empty.signIn({ locale: 'nl-NL' });
  const page = await viewer.see('today');
  const text = await page.textContent('main');
  for (const expected of [/Niets vraagt aandacht/, /Zet de scripttag in uw pagina's/, /Geen interesse stijgt/, /was hier niemand/]) assert.match(text, expected);
  assert.equal(await figure(page, 'now'), '0');
  viewer.assertNoErrors();
});

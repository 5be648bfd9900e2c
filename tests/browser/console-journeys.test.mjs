/*
 * Journeys through the site in the console: every figure is what the test has sent, the diagram has its
 * table, tables are CSV as well, and without anything the page says what to do.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Console, judge } from './lib/console.mjs';
import { csv, figure, rows } from './lib/tables.mjs';

const DAY = 86_400_000;
const MINUTE = 60_000;

const RULES = `
[[segment]]
id = "choosers"
label = "Choosers"
when = 'events("Product Added") >= 1'

[[goal]]
id = "basket"
label = "Basket"
event = "Product Added"

[[goal]]
id = "sale"
label = "Sale <b>"
event = "Order Completed"

[[funnel]]
id = "to-sale"
label = "To the sale"
steps = ["basket", "sale"]
`;

/** All that a demo configuration has after its site, replaced. */
const configure = (text) => text.slice(0, text.indexOf('# --- Segments')) + RULES;

let empty;
let full;
const now = Date.now();

const at = (moment) => new Date(moment).toISOString();
const view = (anonymousId, moment, path, more = {}) => ({
  type: 'page', anonymousId, timestamp: at(moment), properties: { path, ...more.properties }, context: { page: { url: `https://shop.example${path}`, ...more.page }, ...more.context },
});
const track = (anonymousId, moment, event, properties = {}) => ({ type: 'track', anonymousId, event, timestamp: at(moment), properties });

/** The number of the week of a moment, from Monday, in UTC. */
const week = (moment) => Math.floor((Math.floor(moment / DAY) + 3) / 7);

const start = now - 40 * MINUTE;
const last = now - 7 * DAY;

before(async () => {
  empty = await Console.open();
  full = await Console.open({ configure });
  const answer = await full.send([
    // Two who buy, by different ways; one who does not; one who came back a week later.
    view('a', start, '/', { page: { referrer: 'https://www.google.com/' } }),
    view('a', start + MINUTE, '/product/lamp'),
    view('a', start + 2 * MINUTE, '/product/desk'),
    view('a', start + 3 * MINUTE, '/cart'),
    track('a', start + 4 * MINUTE, 'Product Added'),
    track('a', start + 5 * MINUTE, 'Order Completed'),
    view('b', start, '/product/chair', { context: { campaign: { source: 'mail', medium: 'email' } } }),
    track('b', start + MINUTE, 'Page Engaged', { path: '/product/chair', active_seconds: 30 }),
    track('b', start + 2 * MINUTE, 'Product Added'),
    view('c', start, '/'),
    view('c', start + MINUTE, '/product/lamp'),
    track('c', start + 2 * MINUTE, 'Product Added'),
    track('c', start + 3 * MINUTE, 'Order Completed'),
    view('d', last, '/about'),
    view('d', start, '/about'),
  ]);
  assert.equal(answer.status, 200, await answer.text());
});

after(async () => {
  await empty?.close();
  await full?.close();
});

test('every figure is what was sent', async () => {
  const viewer = await full.signIn();
  const page = await viewer.see('journeys?goal=sale');
  assert.equal(await figure(page, 'visits'), '5');
  assert.equal(await figure(page, 'views'), '9');
  assert.equal(await figure(page, 'views-per-visit'), String(9 / 5));
  assert.equal(await figure(page, 'time-per-visit'), '6.000');
  assert.deepEqual(await rows(page, 'entries'), [
    ['/', '1', '0.5', '2', '0.000'],
    ['/product/chair', '1', '0.5', '1', '30.000'],
  ]);
  assert.deepEqual(await rows(page, 'ways'), [
    ['/cart', 'Sale <b>', '1', '1'],
    ['/product', 'Sale <b>', '1', '1'],
    ['/', '/product', '2', '1'],
    ['/product', '/cart', '2', '1'],
    ['/', '/product', '3', '1'],
  ]);
  assert.deepEqual(await rows(page, 'whole-ways'), [
    ['/ → /product', '1', '0.5'],
    ['/ → /product → /cart', '1', '0.5'],
  ]);
  assert.equal(await page.locator('.sankey-bands path').count(), 5);
  assert.deepEqual(await rows(page, 'funnel'), [
    ['1. Basket', '3', '1', '', '1'],
    ['2. Sale <b>', '2', String(2 / 3), String(2 / 3), ''],
  ]);
  const segments = await rows(page, 'funnel-segments');
  assert.deepEqual(segments.find(([name]) => name === 'Choosers'), ['Choosers', '3', String(1 / 3), String(2 / 3)]);
  const returns = await rows(page, 'returns');
  const firsts = [...new Set([last, start].map(week))];
  assert.equal(returns.length, firsts.length);
  const cohort = returns.at(-1);
  assert.equal(cohort[1], '1');
  assert.deepEqual(cohort.slice(2, 3), [week(start) - week(last) === 1 ? '1' : '']);
  assert.equal(returns[0][1], '3');
  viewer.assertNoErrors();
});

test('the goal and the period are chosen in the address', async () => {
  const viewer = await full.signIn();
  const page = await viewer.see('journeys');
  assert.equal((await rows(page, 'whole-ways')).reduce((sum, [, count]) => sum + Number(count), 0), 3);
  await page.click('nav.choice a:has-text("Sale")');
  await page.waitForURL(/goal=sale/);
  assert.equal((await rows(page, 'whole-ways')).length, 2);
  await page.click('nav.choice a:has-text("7 da")');
  await page.waitForURL(/days=7/);
  assert.match(page.url(), /goal=sale/);
  viewer.assertNoErrors();
});

test('tables are CSV as well', async () => {
  const viewer = await full.signIn();
  assert.deepEqual(await csv(viewer, 'journeys?goal=sale&csv=ways'), [
    'From,To,Steps before the goal,Times',
    '/cart,Sale <b>,1,1', '/product,Sale <b>,1,1', '/,/product,2,1', '/product,/cart,2,1', '/,/product,3,1',
  ]);
  for (const id of ['entries', 'whole-ways', 'funnel', 'funnel-segments', 'returns']) {
    assert.ok((await csv(viewer, `journeys?csv=${id}`)).length > 1, id);
  }
});

test('everybody can read it', async () => {
  await judge(full, 'journeys?goal=sale');
  await judge(empty, 'journeys', 'journeys-empty');
});

test('without anything it says what to do, in Dutch as well', async () => {
  const viewer = await empty.signIn({ locale: 'nl-NL' });
  const page = await viewer.see('journeys');
  const text = await page.textContent('main');
  assert.match(text, /Zodra iemand via een zoekmachine/);
  assert.match(text, /\[\[funnel\]\]|begon niemand aan deze trechter/);
  viewer.assertNoErrors();
});

/*
 * The parts that only some pages load: errors, web vitals and the debug mode; and that no other page
 * loads them.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { pause, stateOf, until } from './lib/browser.mjs';
import { html, properties } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

async function open(attributes, query = '') {
  visitor = await shop.visitor({ pages: { '/proef/': html('<h1 style="height:300px">Groot</h1><button>x</button>', { attributes }) } });
  const page = await visitor.open();
  page.said = [];
  page.on('console', (message) => page.said.push(message.text()));
  await page.goto(`${visitor.origin}/proef/${query}`);
  await stateOf(page);
  return page;
}
/** Scripts that were loaded: the page's own, and where there is a part, the directory of them and that. */
const scripts = () => visitor.proxy.requests.filter((each) => /\/fg-\w+\.js$/.test(each.path)).length;
const throwMany = (page, count) => page.evaluate((times) => {
  for (let time = 0; time < times; time++) dispatchEvent(new ErrorEvent('error', { message: `kapot ${time}`, filename: `${location.origin}/app.js?v=1`, lineno: 3, colno: 4 }));
}, count);

test('a page that asks for nothing loads no part, and tells no error and no vitals', async () => {
  const page = await open({});
  await throwMany(page, 1);
  await page.getByRole('button').click();
  await pause(500);
  assert.equal(scripts(), 1);
  assert.deepEqual([await properties(visitor, page, 'Error Occurred'), await properties(visitor, page, 'Web Vital Measured'), page.said], [[], [], []]);
});

test('errors: message, place, at most ten, and none of images', async () => {
  const page = await open({ 'data-errors': '' });
  await until('the part is there', () => scripts() === 3);
  await pause(300);
  await page.evaluate(() => {
    document.body.append(Object.assign(new Image(), { src: '/geen.png' }));
    Promise.reject(new Error('belofte'));
    setTimeout(() => { throw new TypeError('echt kapot'); });
  });
  await until('both are told', async () => (await properties(visitor, page, 'Error Occurred')).length === 2);
  await throwMany(page, 20);
  const errors = await properties(visitor, page, 'Error Occurred');
  assert.equal(errors.length, 10);
  assert.ok(errors.some((error) => error.message === 'belofte') && errors.some((error) => /TypeError: echt kapot/.test(error.message)));
  const told = errors.find((error) => error.message === 'kapot 0');
  assert.deepEqual(told, { message: 'kapot 0', source: `${visitor.origin}/app.js`, line: 3, column: 4 });
});

test('web vitals: name, value and rating, when they are final', async () => {
  const page = await open({ 'data-web-vitals': '' });
  // What is final at once is told once the part is at work.
  await until('the part is at work', async () => {
    const told = (await properties(visitor, page, 'Web Vital Measured')).map((vital) => vital.name);
    return ['FCP', 'TTFB'].every((name) => told.includes(name));
  });
  await page.getByRole('button').click();
  await pause(300);
  await page.goto('about:blank');
  const vitals = await until('they leave', () => {
    const found = visitor.proxy.messages.filter((message) => message.event === 'Web Vital Measured');
    return found.length >= 3 && found;
  });
  for (const { properties: vital } of vitals) {
    assert.deepEqual(Object.keys(vital).sort(), ['name', 'rating', 'value']);
    assert.match(vital.name, /^(LCP|CLS|INP|FCP|TTFB)$/);
    assert.ok(vital.value >= 0 && /^(good|needs-improvement|poor)$/.test(vital.rating));
  }
  assert.equal(new Set(vitals.map((message) => message.properties.name)).size, vitals.length, 'each once');
});

test('the debug mode says what is captured, what was sent, and what came of it', async () => {
  const page = await open({}, '?fg_debug');
  await page.evaluate(() => window.firstglance('track', 'Proef', { a: 1 }));
  await until('it is explained', () => ['debug mode', 'captured page', 'captured Proef', 'sent ', 'answered: stored', 'consent is "granted"', 'the page was told']
    .every((text) => page.said.some((line) => line.includes(text)))).catch(() => {});
  for (const text of ['debug mode', 'captured page', 'captured Proef', 'sent ', 'answered: stored', 'consent is "granted"', 'the page was told']) {
    assert.ok(page.said.some((line) => line.includes(text)), `${text} in\n${page.said.join('\n')}`);
  }
});

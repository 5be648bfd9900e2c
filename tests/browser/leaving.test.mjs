/*
 * Who leaves before the script is there: what the page has told until then is heard, of a visitor
 * whose consent is known.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { nameOf } from './lib/admin.mjs';
import { stateOf, until } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

test('calls made before the script is there leave with the page', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await until('the first page view is stored', async () => (await shop.admin.profile(id))?.pageViews === 1);
  visitor.proxy.fail = (request) => /\/fg-\w+\.js$/.test(request.path) && 'silence';
  visitor.proxy.headers = { 'clear-site-data': '"cache"' };
  await page.goto(`${visitor.origin}/contact/`, { waitUntil: 'domcontentloaded' });
  await until('the loader is there', () => page.evaluate(() => Boolean(window.firstglance?.q?.fg)));
  await page.evaluate(() => {
    window.firstglance('track', 'Early One', { step: 1 });
    window.firstglance('identify', 'nobody@example.nl');
    window.firstglance('track', 'Early Two');
  });
  await page.goto('about:blank');
  const events = await until('all is stored', async () => {
    const stored = await shop.admin.timeline(id);
    return stored.some((event) => nameOf(event) === 'Early Two') && stored;
  });
  const early = events.filter((event) => /^Early/.test(nameOf(event)));
  assert.deepEqual(early.map(nameOf).sort(), ['Early One', 'Early Two']);
  assert.deepEqual(early.find((event) => nameOf(event) === 'Early One').message.properties, { step: 1 });
  assert.equal(events.filter((event) => event.type === 'page').length, 2);
});

/*
 * What the site's owner configures of the page's script: under which path and names it reaches the
 * collector, and that it tells visitors apart without keeping anything.
 */
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';

import { stateOf, until } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const NAMES = `
[tracker]
path = "/metingen/"
script = "meting.js"
files = "meting"
api = "m1"
web_vitals = true
`;

const COOKIELESS = `
[tracker]
cookieless = true
`;

let shop;
let visitor;
afterEach(async () => {
  await visitor?.leave();
  await shop?.close();
  shop = visitor = null;
});
after(() => shop?.close());

const open = (table) => Shop.open({ configure: (text) => text + table });
const changeHtml = (html) => html.replaceAll('src="/fg.js"', 'src="/metingen/meting.js"');

test('everything a page asks for has the names that the owner chose', async () => {
  shop = await open(NAMES);
  visitor = await shop.visitor({ changeHtml });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await until('the page view is stored', async () => (await shop.admin.profile(id))?.pageViews === 1);
  await page.goto(`${visitor.origin}/racefietsen/`);
  await until('the second one too', async () => (await shop.admin.profile(id)).pageViews === 2);

  await until('the module is there', () => visitor.proxy.requests.some((request) => request.path.endsWith('.wasm')));
  const paths = [...new Set(visitor.proxy.requests.map((request) => request.path))];
  const asked = paths.filter((path) => path.startsWith('/metingen/'));
  for (const path of asked) {
    assert.match(path, /^\/metingen\/(meting\.js|meting-\w+\.(js|wasm)|m1\/(batch|me|model))$/);
  }
  const kinds = new Set(asked.map((path) => path.replace(/-\w+/, '')));
  for (const path of ['meting.js', 'meting.wasm', 'm1/model', 'm1/batch']) assert.ok(kinds.has(`/metingen/${path}`), path);
  // The script and a part of it, which the option brings.
  assert.ok(asked.filter((path) => /-\w+\.js$/.test(path)).length >= 2, asked.join(' '));
  assert.deepEqual(paths.filter((path) => /^\/(fg|v1)/.test(path)), []);
  visitor.assertNoErrors();
});

test('who is forgotten is forgotten by the collector, under any name of its addresses', async () => {
  shop = await open(NAMES);
  visitor = await shop.visitor({ changeHtml });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await until('the page view is stored', () => shop.admin.profile(id));
  await page.evaluate(() => window.firstglance('forget'));
  await until('nobody is known', async () => !(await shop.admin.profile(id)));
  assert.equal(visitor.proxy.requests.filter((request) => request.path === '/metingen/m1/forget').length, 1);
  visitor.assertNoErrors();
});

test('visitors are told apart for a day without anything kept on their devices', async () => {
  shop = await open(COOKIELESS);
  const ids = new Set();
  for (const userAgent of ['Kijker/1', 'Kijker/2']) {
    visitor = await shop.visitor({ userAgent });
    for (const [path, views] of [['/e-bikes/', 1], ['/racefietsen/', 2]]) {
      const page = await visitor.open(visitor.origin + path);
      const stored = async () => (await shop.admin.profiles()).find(({ id, pageViews }) => !ids.has(id) && pageViews === views);
      const { id } = await until(`page ${views} of ${userAgent} is stored`, stored);
      assert.match(id, /^daily-/);
      assert.deepEqual((await visitor.kept(page)).cookies, []);
      const own = (await visitor.kept(page)).local.filter((name) => /:(id|claim)$/.test(name));
      assert.deepEqual(own, []);
      if (views === 2) ids.add(id);
      await page.close();
    }
    visitor.assertNoErrors();
    await visitor.leave();
  }
  visitor = null;
  assert.equal((await shop.admin.profiles()).length, 2);
});

/*
 * The recipe for WordPress: its plugin in a real one, with the theme that comes with it.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before, test } from 'node:test';

import { named } from '../browser/lib/admin.mjs';
import { pause, stateOf, until } from '../browser/lib/browser.mjs';
import { Site } from './lib/site.mjs';
import { views } from './lib/suite.mjs';
import { WordPress } from './lib/wordpress.mjs';

const PLUGIN = fileURLToPath(new URL('../../docs/recipes/firstglance.php', import.meta.url));

let wordpress;
let site;
let visitor;
before(async () => {
  wordpress = await WordPress.start(PLUGIN);
  // WordPress searches by a parameter of its own, which is among those known without being told.
  site = await Site.open({ configure: (text) => text.replace(/^search_parameters = .*$/m, '') });
  site.front.upstream = wordpress.origin;
});
afterEach(() => visitor?.leave());
after(async () => {
  await site?.close();
  await wordpress?.stop();
});

test('one tag on each page, one page view for each page', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  const { visitor: id } = await stateOf(page);
  const tag = page.locator('script[data-site]');
  assert.equal(await tag.count(), 1);
  assert.match(await tag.evaluate((script) => script.outerHTML), /^<script async(="")? data-site="my-shop" src="[^"]+\/fg\.js" id="firstglance-js"><\/script>$/);
  await page.getByRole('link', { name: 'Polder' }).first().click();
  await page.getByText('An e-bike for every day.').waitFor();
  await stateOf(page);
  // A page that comes back from the cache does not load again.
  await page.goBack({ waitUntil: 'commit' });
  await page.getByRole('link', { name: 'Kade' }).first().click();
  await page.getByText('An e-bike for the town.').waitFor();
  await stateOf(page);
  await page.goto(`${visitor.origin}/?s=polder`);
  await stateOf(page);
  await pause(300);
  await page.goto('about:blank');
  assert.deepEqual((await views(site, id, 5)).map((view) => view.replace(/ .*/, '')).map((path) => path.replace(/p=\d+/, 'p=…')), [
    '/', '/?p=…', '/', '/?p=…', '/?s=polder',
  ]);
  const events = await site.admin.timeline(id);
  const topics = named(events, 'page').map(({ message }) => message.properties.topics).filter(Boolean);
  assert.deepEqual(topics, [['E-bikes', 'Commuting'], ['E-bikes', 'Commuting']]);
  assert.deepEqual(named(events, 'Site Searched').map(({ message }) => message.properties.query), ['polder']);
  visitor.assertNoErrors();
});

test('those who write the site do not count', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/wp-login.php`);
  assert.equal(await page.locator('script[data-site]').count(), 0, 'none where one signs in');
  await page.getByLabel('Username or Email Address').fill('editor');
  await page.locator('#user_pass').fill('editor');
  await page.getByRole('button', { name: 'Log In' }).click();
  await page.waitForURL('**/wp-admin/**');
  assert.equal(await page.locator('script[data-site]').count(), 0, 'none where one writes');
  await page.goto(`${visitor.origin}/`);
  await page.getByRole('link', { name: 'Polder' }).first().waitFor();
  assert.equal(await page.locator('script[data-site]').count(), 0, 'none for an editor');
  assert.deepEqual(visitor.proxy.requests, []);
});

test('a tag that is written twice is one', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  await stateOf(page);
  await page.evaluate(() => {
    const copy = document.createElement('script');
    const tag = document.querySelector('script[data-site]');
    for (const { name, value } of tag.attributes) copy.setAttribute(name, value);
    return new Promise((resolve) => {
      copy.onload = resolve;
      document.head.append(copy);
    });
  });
  await until('the page view leaves', () => visitor.proxy.messages.length);
  await pause(300);
  assert.equal(visitor.proxy.messages.filter(({ type }) => type == 'page').length, 1);
});

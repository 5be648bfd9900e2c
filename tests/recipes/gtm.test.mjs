/*
 * The recipe for Google Tag Manager: its tag of Custom HTML, made as the container makes it. The
 * container itself is Google's, on Google's hosts; in its place stands `gtm/gtm.js`.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { named } from '../browser/lib/admin.mjs';
import { pause, stateOf, until } from '../browser/lib/browser.mjs';
import { Site, written } from './lib/site.mjs';
import { views, wants } from './lib/suite.mjs';

let site;
let visitor;
before(async () => {
  site = await Site.open({ folders: [written('gtm')] });
});
afterEach(() => visitor?.leave());
after(() => site?.close());

/** What somebody answers the banner of a consent platform. */
const answer = (page, analytics) => page.evaluate((state) => {
  window.gtag('consent', 'update', { ad_storage: 'denied', analytics_storage: state });
}, analytics);

/** Somebody agrees; what the page knows then. */
async function agree(page) {
  await answer(page, 'granted');
  return until('the page knows', async () => {
    const state = await stateOf(page);
    return state.consent == 'granted' && state;
  });
}

test('the tag comes once, and only after Google’s signal says so', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  await page.locator('script[data-site]').first().waitFor({ state: 'attached' });
  await page.evaluate(() => window.dataLayer.push({ event: 'gtm.historyChange' }));
  await until('the tag has fired twice', async () => await page.locator('script[data-site]').count() == 2);
  await pause(1_500);
  assert.deepEqual(visitor.proxy.messages, [], 'nothing before somebody agrees');
  const kept = await visitor.kept(page);
  assert.deepEqual([kept.local, kept.cookies], [[], []]);

  const { visitor: id } = await agree(page);
  await until('the page view leaves', () => visitor.proxy.messages.some(({ type }) => type == 'page'));
  await page.goto('about:blank');
  assert.deepEqual(await views(site, id, 1), ['/ Home']);
  visitor.assertNoErrors();
});

test('the container hears of segments', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  await page.locator('script[data-site]').first().waitFor({ state: 'attached' });
  const { visitor: id } = await agree(page);
  await wants(page, 'E-bikes');
  const pushed = await until('the container hears of the segment', () => page.evaluate(() => {
    const found = window.seen.filter(({ event, firstglance }) => event == 'firstglance.segments' && firstglance.segments.includes('e-bikes'));
    return found.length && JSON.parse(JSON.stringify(found));
  }));
  assert.equal(pushed.length, 1);
  assert.deepEqual(pushed[0].firstglance.entered, ['e-bikes']);
  assert.equal(pushed[0].firstglance.visitor, id);
  // What others put in the layer stays what it was, arguments and all.
  const calls = await page.evaluate(() => window.dataLayer.filter((entry) => Object.prototype.toString.call(entry) == '[object Arguments]').map((entry) => [...entry]));
  assert.deepEqual(calls.map(([call, kind]) => [call, kind]), [['consent', 'default'], ['consent', 'update']]);
  visitor.assertNoErrors();
});

test('a consent that is withdrawn ends it', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  await page.locator('script[data-site]').first().waitFor({ state: 'attached' });
  const { visitor: id } = await agree(page);
  await until('the page view is stored', async () => named(await site.admin.timeline(id), 'page').length);
  await answer(page, 'denied');
  await until('nothing of the visitor is kept', async () => !(await visitor.kept(page)).local.some((name) => /:(id|profile|q:)/.test(name)));
  const before = visitor.proxy.batches.length;
  await page.evaluate(() => window.firstglance('track', 'Later'));
  await page.goto('about:blank');
  await pause(500);
  assert.equal(visitor.proxy.batches.length, before, 'nothing leaves any more');
  visitor.assertNoErrors();
});

/*
 * A page whose Content-Security-Policy does not allow WebAssembly: everything still reaches the
 * collector, which tells the page what it means, and nothing breaks.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { named, nameOf } from './lib/admin.mjs';
import { me, pause, until } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const ARTICLE = '/magazine/beste-e-bike-woon-werkverkeer/';
/** The browser itself tells about what the policy forbids. */
const POLICY = /^console: .*(Content Security Policy|WebAssembly)/;

const REFUSED = () => {
  if (location.protocol === 'http:') localStorage.setItem('fg:demo-fietsen:consent', 'denied');
};

const headers = { 'content-security-policy': "default-src 'self'; script-src 'self'" };

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

/** The visitor that the collector knows by this browser's cookie. */
const known = async (page) => (await me(page)).visitor;

test('page views, campaign and calls arrive', async () => {
  visitor = await shop.visitor({ headers });
  const page = await visitor.open();
  const compiles = () => page.evaluate(() => WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => true, () => false));
  await page.goto(`${visitor.origin}${ARTICLE}?utm_source=google&utm_medium=cpc&utm_campaign=herfst&utm_term=e-bike&gclid=TeSter-1`, { referer: 'https://www.google.com/' });
  assert.equal(await compiles(), false, 'the policy is in force');
  const id = await until('the first page view is stored', () => known(page));

  await page.locator('.prose').getByRole('link', { name: 'alle e-bikes' }).click();
  await page.waitForURL('**/e-bikes/');
  await until('the second page view is stored', async () => (await shop.admin.profile(id)).pageViews === 2);
  await page.evaluate(() => {
    window.firstglance('track', 'Plan Chosen', { plan: 'Basis' });
    window.firstglance('identify', 'klant-7', { newsletter: true });
    history.pushState(null, '', '/e-bikes/?kleur=rood');
  });
  const events = await until('all is stored', async () => {
    const stored = await shop.admin.timeline(id);
    return ['Plan Chosen', 'identify', 'Link Clicked'].every((name) => named(stored, name).length)
      && named(stored, 'page').length >= 3 && stored;
  });
  const profile = await shop.admin.profile(id);

  // Capture does without WebAssembly; only what the events mean has to come from the collector.
  assert.deepEqual(events.map(nameOf).filter((name) => !/^(Page Engaged|Form Viewed)$/.test(name)).sort(), [
    'Link Clicked', 'Plan Chosen', 'identify', 'page', 'page', 'page',
  ].sort());
  const [arrival] = named(events, 'page');
  assert.equal(arrival.message.properties.path, ARTICLE);
  assert.equal(named(events, 'Plan Chosen')[0].message.properties.plan, 'Basis');
  assert.equal(profile.userId, 'klant-7');
  assert.deepEqual(profile.firstTouch.campaign, { source: 'google', medium: 'cpc', name: 'herfst', term: 'e-bike' });
  assert.match(profile.firstTouch.referrer, /^(www\.)?google\.com$/);
  assert.deepEqual(profile.pages.map((each) => each.path).sort(), ['/e-bikes/', ARTICLE].sort());
  // The collector does what the page cannot: the campaign's term is an interest.
  assert.equal(profile.interests[0].id, 'e-bikes');
  visitor.assertNoErrors(POLICY);
});

test('a page that is left at once counts', async () => {
  visitor = await shop.visitor({ headers });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const id = await until('the first page view is stored', () => known(page));
  await page.goto(`${visitor.origin}/prijzen/`);
  await page.goto('about:blank');
  await until('the second page view is stored', async () => (await shop.admin.profile(id)).pageViews === 2);
});

test('the click id arrives as well', async () => {
  visitor = await shop.visitor({ headers });
  const page = await visitor.open(`${visitor.origin}/e-bikes/?utm_source=google&gclid=TeSter-2`);
  const id = await until('the page view is stored', () => known(page));
  const profile = await shop.admin.profile(id);
  assert.equal(profile.firstTouch.clickId?.value, 'TeSter-2');
});

test('who refuses is left alone', async () => {
  visitor = await shop.visitor({ headers, init: REFUSED });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  await page.evaluate(() => window.firstglance('track', 'Plan Chosen', {}));
  await pause(1_500);
  await page.goto('about:blank');
  await pause(300);
  assert.deepEqual(visitor.proxy.api.map((request) => request.path), []);
  visitor.assertNoErrors(POLICY);
});

test('the page works, and the collector tells it what Firstglance knows', async () => {
  visitor = await shop.visitor({ headers });
  const page = await visitor.open(`${visitor.origin}/prijzen/?utm_source=google&utm_term=onderhoud`);
  await page.getByRole('button', { name: 'Kies Basis' }).click();
  await page.getByText('Goede keuze: Basis').waitFor();
  await page.locator('#fg-panel[data-state="live"]').waitFor({ state: 'attached' });
  await page.locator('#fg-panel-interests [data-interest="onderhoud"]').waitFor({ state: 'attached' });
  visitor.assertNoErrors(POLICY);
});

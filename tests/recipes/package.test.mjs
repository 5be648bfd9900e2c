/*
 * The package itself, in a page as the browser loads modules: calls before the script is there,
 * once however often it is called, policies with a nonce and with trusted types, mistakes.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { init } from '../../tracker-wasm/package/index.js';
import { named } from '../browser/lib/admin.mjs';
import { stateOf, until } from '../browser/lib/browser.mjs';
import { built, Site, written } from './lib/site.mjs';
import { wants } from './lib/suite.mjs';

/** The page's own mistake, which its author should see. */
const OWN = /of the page itself/;

let site;
let visitor;
before(async () => {
  site = await Site.open({ folders: [written('package'), built('served')] });
});
afterEach(() => visitor?.leave());
after(() => site?.close());

const tags = (page) => page.locator('script[data-site]').evaluateAll((scripts) => scripts.map((script) =>
  Object.fromEntries([...script.attributes].filter(({ name }) => name.startsWith('data-')).map(({ name, value }) => [name, value]))));

/** Waits until the page shows a segment. */
const knows = (page, segment) => page.locator(`html[data-fg-segments~="${segment}"]`).waitFor();

test('on a server all of it does nothing', () => {
  const calls = init({ src: 'https://data.example.nl/fg.js', site: 'my-shop' });
  calls.track('Plan Chosen', { plan: 'Basis' });
  calls.identify('customer-7');
  calls.page();
  calls.consent('granted');
  calls.forget();
  calls.onSegments(() => assert.fail('nobody is told anything'))();
  // A server has many visitors, and nothing of one may reach another.
  assert.deepEqual(Object.keys(globalThis).filter((name) => /firstglance/i.test(name)), []);
});

test('calls before the script is there are made, and subscriptions end', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  const { visitor: id } = await stateOf(page);
  assert.deepEqual(await tags(page), [{ 'data-site': 'my-shop' }]);
  await page.evaluate(() => {
    window.stop = window.calls.onSegments((state) => window.told.after.push(state));
  });
  assert.equal(await page.evaluate(() => window.told.after.length), 1, 'the present state at once');
  await wants(page, 'E-bikes');
  await knows(page, 'e-bikes');
  const told = await page.evaluate(() => {
    window.stop();
    window.stop();
    const { length } = window.told.after;
    window.calls.track('Topic Seen', { topics: ['Racefietsen'] });
    window.calls.track('Site Searched', { query: 'Racefietsen' });
    return new Promise((resolve) => {
      document.addEventListener('firstglance:segments', () => resolve({ ...window.told, length }), { once: true });
    });
  });
  assert.deepEqual(told.before.at(-1).segments.includes('racefietsen'), true);
  assert.equal(told.after.at(-1).segments.join(), 'e-bikes');
  assert.equal(told.after.length, told.length, 'nothing more after the end');
  assert.deepEqual(told.ended, []);
  assert.equal(told.failing, told.before.length, 'one that fails is still told, and disturbs nobody');
  await page.goto('about:blank');
  const events = await until('all is stored', async () => {
    const stored = await site.admin.timeline(id);
    return named(stored, 'Before').length && stored;
  });
  const [{ message }] = named(events, 'Before');
  assert.deepEqual([message.properties.plan, message.properties.list], ['Basis', [1, { deep: true }]]);
  assert.equal((await site.admin.profile(id)).userId, 'customer-7');
  assert.equal(named(events, 'page').length, 1);
  visitor.assertNoErrors(OWN);
});

test('once, however often it is called and whatever else adds the tag', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  await stateOf(page);
  const outcome = await page.evaluate(async () => {
    const { init } = window;
    const options = document.querySelector('script[data-site]');
    const again = init({ src: options.src, site: 'my-shop' });
    // A copy of the module, as two bundles have it.
    const copy = await import('/firstglance/index.js?copy');
    copy.init({ src: options.src, site: 'my-shop' }).track('By the copy');
    return again === window.calls;
  });
  assert.equal(outcome, true);
  assert.deepEqual(await tags(page), [{ 'data-site': 'my-shop' }]);
  await until('the events leave', () => visitor.proxy.messages.some(({ event }) => event == 'By the copy'));
  assert.equal(visitor.proxy.messages.filter(({ type }) => type == 'page').length, 1);
  visitor.assertNoErrors(OWN);
});

test('options are attributes of the tag', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  await page.evaluate(() => window.init({
    src: document.querySelector('script[data-site]').src, site: 'second', name: 'second', consent: 'denied', search: ['q', 'zoek'],
    hashRoutes: true, scrollContainer: '#app', webVitals: true, forms: false, errors: undefined, media: null,
  }));
  assert.deepEqual((await tags(page))[1], {
    'data-site': 'second', 'data-consent': 'denied', 'data-name': 'second', 'data-search': 'q,zoek', 'data-hash-routes': '1',
    'data-scroll-container': '#app', 'data-web-vitals': '1', 'data-forms': '0',
  });
  assert.equal(await page.evaluate(() => typeof window.second), 'function');
  visitor.assertNoErrors(OWN);
});

test('comes in by a nonce, without any address in the policy', async () => {
  const headers = {
    'content-security-policy': "default-src 'self'; script-src 'nonce-r4nd0m' 'strict-dynamic' 'wasm-unsafe-eval'; connect-src 'self' https://data.example.nl",
  };
  visitor = await site.visitor({ headers });
  const page = await visitor.open(`${visitor.origin}/`);
  await stateOf(page);
  assert.equal(await page.locator('script[data-site]').evaluate((script) => script.nonce), 'r4nd0m');
  await wants(page, 'E-bikes');
  await knows(page, 'e-bikes');
  visitor.assertNoErrors(OWN);
});

test('is trusted where the page demands trusted types', async () => {
  const headers = { 'content-security-policy': "require-trusted-types-for 'script'; trusted-types firstglance" };
  visitor = await site.visitor({ headers });
  const page = await visitor.open(`${visitor.origin}/`);
  await stateOf(page);
  assert.equal(await page.evaluate(() => {
    try {
      document.createElement('script').src = '/main.js';
      return 'no policy';
    } catch {
      return 'refused';
    }
  }), 'refused', 'the policy is in force');
  await wants(page, 'E-bikes');
  await knows(page, 'e-bikes');
  visitor.assertNoErrors(/of the page itself|TrustedScriptURL|Trusted Type/);
});

test('what is wrong is said, and breaks nothing', async () => {
  visitor = await site.visitor();
  const page = await visitor.open(`${visitor.origin}/`);
  const said = [];
  page.on('console', (message) => said.push(message.text()));
  await page.evaluate(() => {
    const { init } = window;
    init({ src: '/fg.js', site: 'another' }).track('Still there');
    init({ site: 'x', name: 'x' }).track('Nowhere');
    init({ src: '/fg.js', name: 'y' }).page();
    init({ src: 'http://[', site: 'z', name: 'z' }).forget();
    window.init();
  });
  for (const expected of [
    /init was called for the site "my-shop" and again for "another"/, /init needs src, the address/, /init needs site, the write key/, /Invalid URL/,
  ]) {
    assert.ok(said.some((text) => expected.test(text)), `${expected} in ${said.join('\n')}`);
  }
  assert.deepEqual(await tags(page), [{ 'data-site': 'my-shop' }]);
});

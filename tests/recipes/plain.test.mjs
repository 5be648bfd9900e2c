/*
 * The recipe for plain HTML: the tag in each page, a banner that asks, and a policy.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { named } from '../browser/lib/admin.mjs';
import { pause, stateOf, until } from '../browser/lib/browser.mjs';
import { Site, written } from './lib/site.mjs';
import { shown, views, wants } from './lib/suite.mjs';

/** The recipe's policy. */
const policy = {
  'content-security-policy': "default-src 'self'; script-src 'self' https://data.example.nl 'wasm-unsafe-eval'; connect-src https://data.example.nl",
};

let site;
let visitor;
before(async () => {
  site = await Site.open({ folders: [written('plain')] });
});
afterEach(() => visitor?.leave());
after(() => site?.close());

const attributed = (attributes) => ({ init: `
  new MutationObserver((records, observer) => {
    for (const script of document.querySelectorAll('script[data-site]')) {
      for (const [name, value] of Object.entries(${JSON.stringify(attributes)})) script.setAttribute(name, value);
      observer.disconnect();
    }
  }).observe(document, { childList: true, subtree: true });
` });

test('one page view for each page, under the policy', async () => {
  visitor = await site.visitor({ headers: policy });
  const page = await visitor.open(`${visitor.origin}/`);
  const { visitor: id } = await stateOf(page);
  for (const [link, heading] of [['E-bikes', 'E-bikes'], ['By price', 'E-bikes'], ['Reviews', 'E-bikes'], ['Contact', 'Contact']]) {
    await page.getByRole('link', { name: link, exact: true }).click();
    await shown(page, heading);
    await stateOf(page);
  }
  // A page that comes back from the cache counts as well, though nothing is loaded for it.
  await page.goBack({ waitUntil: 'commit' });
  await shown(page, 'E-bikes');
  await pause(300);
  await page.reload();
  await stateOf(page);
  await page.goto('about:blank');
  const told = ['/ Home', '/e-bikes/ E-bikes', '/e-bikes/?sort=price E-bikes', '/contact/ Contact', '/e-bikes/?sort=price E-bikes', '/e-bikes/?sort=price E-bikes'];
  assert.deepEqual(await views(site, id, told.length), told);
  visitor.assertNoErrors();
});

test('the page answers, and says what was chosen', async () => {
  visitor = await site.visitor({ headers: policy });
  const page = await visitor.open(`${visitor.origin}/`);
  const { visitor: id } = await stateOf(page);
  assert.equal(await page.locator('#offer').isVisible(), false);
  await page.evaluate(() => { document.documentElement.dataset.fgAdapt = 'now'; });
  await wants(page, 'E-bikes');
  await page.locator('#offer').waitFor({ state: 'visible' });
  assert.equal(await page.locator('section[data-fg-slot]').textContent(), 'E-bikes for you');
  await page.getByRole('button', { name: 'Choose' }).click();
  await page.goto('about:blank');
  const [chosen] = await until('the event is stored', async () => {
    const found = named(await site.admin.timeline(id), 'Plan Chosen');
    return found.length && found;
  });
  assert.equal(chosen.message.properties.plan, 'Basis');
  visitor.assertNoErrors();
});

test('with data-consent="denied" nothing is kept or sent before somebody agrees', async () => {
  visitor = await site.visitor({ headers: policy, ...attributed({ 'data-consent': 'denied' }) });
  const page = await visitor.open(`${visitor.origin}/`);
  await stateOf(page);
  await pause(500);
  assert.deepEqual(visitor.proxy.api.map(({ path }) => path), []);
  const before = await visitor.kept(page);
  assert.deepEqual([before.local, before.session, before.databases, before.cookies], [[], [], [], []]);
  await page.getByRole('button', { name: 'Yes' }).click();
  await until('the page view leaves', () => visitor.proxy.messages.some(({ type }) => type == 'page'));
  // The choice is kept for the next page.
  await page.getByRole('link', { name: 'Contact' }).click();
  await shown(page, 'Contact');
  const { visitor: id, consent } = await stateOf(page);
  assert.equal(consent, 'granted');
  await page.goto('about:blank');
  assert.deepEqual(await views(site, id, 2), ['/ Home', '/contact/ Contact']);
  visitor.assertNoErrors();
});

test('who says no is left alone', async () => {
  visitor = await site.visitor({ headers: policy, ...attributed({ 'data-consent': 'denied' }) });
  const page = await visitor.open(`${visitor.origin}/`);
  await stateOf(page);
  await page.getByRole('button', { name: 'No' }).click();
  await page.getByRole('link', { name: 'Contact' }).click();
  await shown(page, 'Contact');
  await stateOf(page);
  await page.goto('about:blank');
  await pause(300);
  assert.deepEqual(visitor.proxy.api.map(({ path }) => path), []);
  visitor.assertNoErrors();
});

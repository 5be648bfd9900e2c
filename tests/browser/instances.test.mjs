/*
 * Two sites on one page: each with a function, a storage, a visitor, a session and events of its
 * own, at a collector of its own; the page's HTML is the first one's.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { stateOf, until } from './lib/browser.mjs';
import { Collector } from './lib/collector.mjs';
import { html, tag } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let second;
let visitor;
before(async () => {
  shop = await Shop.open();
  visitor = await shop.visitor();
  second = await Collector.start({
    origins: [visitor.origin],
    configure: (text) => text.replaceAll('demo-fietsen', 'andere-winkel'),
  });
});
after(async () => {
  await second?.remove();
  await shop?.close();
});

test('two instances know nothing of each other', async () => {
  const other = tag({ src: `${second.origin}/fg.js`, 'data-site': 'andere-winkel', 'data-name': 'tweede' });
  visitor.proxy.pages['/een/'] = html('<button data-fg-topic="E-bikes">Kies</button>', { head: other });
  const page = await visitor.open(`${visitor.origin}/een/`);
  const stateOfSecond = () => page.evaluate(() => new Promise((resolve) => window.tweede('onSegments', resolve)));
  const [first, also] = await until('both know what is allowed', async () => {
    const states = [await stateOf(page), await stateOfSecond()];
    return states.every((state) => state.consent === 'granted') && states;
  });
  assert.ok(first.visitor && also.visitor && first.visitor !== also.visitor);
  const heard = await page.evaluate(() => {
    const events = [];
    for (const name of ['firstglance:segments', 'tweede:segments']) document.addEventListener(name, () => events.push(name));
    window.heard = events;
    window.tweede('track', 'Alleen Tweede');
    window.firstglance('track', 'Alleen Eerste');
    window.tweede('track', 'Site Searched', { query: 'e-bike' });
    window.tweede('track', 'Site Searched', { query: 'e-bikes' });
    return 1;
  });
  assert.equal(heard, 1);
  await page.getByRole('button').click();
  await page.evaluate(() => history.pushState(null, '', '/twee/'));
  await until('the second knows the segment', async () => (await stateOfSecond()).segments.includes('e-bikes'));
  assert.deepEqual((await stateOf(page)).segments, []);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.fgSegments ?? ''), '', 'the hooks are the first one’s');

  const sites = await page.evaluate(() => [...new Set(Object.keys(localStorage).map((key) => key.split(':')[1]))].sort());
  assert.deepEqual(sites, ['andere-winkel', 'demo-fietsen']);
  await page.goto('about:blank');
  const timelines = await until('both are stored', async () => {
    const all = await Promise.all([shop.admin.timeline(first.visitor), second.admin.timeline(also.visitor)]);
    const names = all.map((events) => events.map((event) => event.message.event || event.type));
    return names.every((list) => list.filter((name) => name === 'page').length === 2 && list.includes('Button Clicked')) && names;
  });
  assert.ok(timelines[0].includes('Alleen Eerste') && !timelines[0].includes('Alleen Tweede') && !timelines[0].includes('Site Searched'));
  assert.ok(timelines[1].includes('Alleen Tweede') && !timelines[1].includes('Alleen Eerste'));

  // Who refuses one has not refused the other.
  await page.goto(`${visitor.origin}/een/`);
  await stateOf(page);
  await page.evaluate(() => window.tweede('consent', 'denied'));
  await until('it is denied', async () => (await stateOfSecond()).consent === 'denied');
  assert.equal((await stateOf(page)).consent, 'granted');
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('fg:andere-winkel:'))), ['fg:andere-winkel:consent']);
  visitor.assertNoErrors();
});

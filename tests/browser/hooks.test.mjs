/*
 * What a page can do with Firstglance: attributes for style sheets, variants, elements for a
 * segment, events and calls; all of it at once, in the page, without the network.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { me, nextFrame, read, stateOf, until } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const ARTICLE = '/magazine/beste-e-bike-woon-werkverkeer/';

/** Notes what the page is told, by every way there is. */
const LISTEN = () => {
  window.told = { events: [], calls: [] };
  window.dataLayer = [];
  document.addEventListener('firstglance:segments', (event) => window.told.events.push(event.detail));
  const api = window.firstglance = window.firstglance || function () {
    (api.q = api.q || []).push(arguments);
  };
  api('onSegments', (state) => window.told.calls.push(state));
};

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

/** A visitor on a page, once the tracker works. */
async function arrive(address) {
  // What is looked at changes at once, which the shop itself does not want.
  const changeHtml = (html) => html.replace('<html', '<html data-fg-adapt="now"');
  visitor = await shop.visitor({ clock: true, init: LISTEN, changeHtml });
  const page = await visitor.open(visitor.origin + address);
  await stateOf(page);
  return page;
}

/** Lets the visitor look at a topic and then search for it: enough for a segment. */
const wants = async (page, topic) => {
  await page.evaluate((label) => {
    window.firstglance('track', 'Topic Seen', { topics: [label] });
    window.firstglance('track', 'Site Searched', { query: label });
  }, topic);
  await nextFrame(page);
};

const segmentsOf = (page) => page.evaluate(() => document.documentElement.dataset.fgSegments);
const isHidden = (page, selector) => page.locator(selector).first().evaluate((element) => element.hidden);

test('reading makes a segment, which the page is told at once, with the network gone', async () => {
  const page = await arrive(`${ARTICLE}?utm_source=krant&utm_term=e-bike`);
  assert.equal(await segmentsOf(page), undefined);
  assert.equal(await isHidden(page, '[data-fg-show="e-bikes"]'), true);

  // From here on the collector answers nothing any more.
  const before = visitor.proxy.api.length;
  visitor.proxy.fail = (request) => request.path.startsWith('/v1/') && { status: 503 };
  await read(page, 90);
  assert.equal(await segmentsOf(page), 'e-bikes');
  assert.equal(await isHidden(page, '[data-fg-show="e-bikes"]'), false);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.fgInterest), 'e-bikes');
  assert.match(await page.evaluate(() => document.documentElement.dataset.fgStage), /^(cold|warm|hot)$/);
  assert.deepEqual(visitor.proxy.api.slice(before).filter((request) => request.status !== 503), [], 'nothing was answered');

  const { events, calls } = await page.evaluate(() => window.told);
  for (const [way, states] of [['events', events], ['calls', calls]]) {
    const entered = states.filter((state) => state.entered.includes('e-bikes'));
    assert.equal(entered.length, 1, `${way} tell once that the segment was entered`);
    assert.deepEqual(entered[0].segments, ['e-bikes']);
    assert.ok(entered[0].interests[0].score >= 0.5);
    assert.ok(states.every((state) => state.left.length === 0));
    const last = states.at(-1);
    assert.ok(last.activeSeconds > entered[0].activeSeconds, `${way} go on with the time`);
    assert.equal(last.pageViews, 1);
    assert.deepEqual(last.campaign, { source: 'krant', term: 'e-bike' });
    assert.equal(last.consent, 'granted');
  }
  const pushed = (await page.evaluate(() => window.dataLayer)).filter((entry) => entry.event === 'firstglance.segments');
  assert.equal(pushed.filter((entry) => entry.firstglance.entered.includes('e-bikes')).length, 1);

  // The shop's own panel, which uses nothing but the public API.
  await page.locator('#fg-panel-interests [data-interest="e-bikes"]').waitFor();
  await page.locator('#fg-panel-segments [data-segment="e-bikes"]').waitFor();
  await page.locator('#fg-panel-changes [data-segment="e-bikes"]').first().waitFor();
  assert.match(await page.locator('#fg-panel-facts [data-fact="campaign"]').textContent(), /krant.*e-bike/);
  visitor.assertNoErrors(/Failed to load resource.*\/v1\//);
});

test('a segment shows before the next frame is drawn', async () => {
  const page = await arrive('/');
  const seen = await page.evaluate(() => new Promise((resolve) => {
    const look = () => [document.documentElement.dataset.fgSegments, document.querySelector('[data-fg-slot=hero]').dataset.fgVariant];
    const before = look();
    window.firstglance('track', 'Topic Seen', { topics: ['Bakfietsen'] });
    window.firstglance('track', 'Site Searched', { query: 'bakfietsen' });
    // Asked for after the tracker has asked, and so the last thing before the page is drawn.
    requestAnimationFrame(() => resolve([...before, ...look()]));
  }));
  assert.deepEqual(seen, [undefined, undefined, 'bakfietsen', 'bakfietsen']);
  visitor.assertNoErrors();
});

test('a variant takes the place of the content, another one of the variant, and the content comes back', async () => {
  const page = await arrive('/');
  const hero = page.locator('section[data-fg-slot="hero"]');
  const title = () => hero.locator('h1').textContent();
  const original = await title();
  // The very same elements must come back, with whatever scripts had done to them.
  await hero.evaluate((element) => { element.firstElementChild.mark = 'the same'; });
  const content = await hero.evaluate((element) => element.innerHTML);

  await wants(page, 'Racefietsen');
  assert.notEqual(await title(), original);
  assert.equal(await hero.getAttribute('data-fg-variant'), 'racefietsen');
  assert.equal(await hero.locator('h1').count(), 1);
  assert.equal(await isHidden(page, '.badge[data-fg-show="racefietsen"]'), false);
  assert.equal(await isHidden(page, '.badge[data-fg-show="bakfietsen"]'), true);

  // Both hold: the first in the document's order is shown.
  await wants(page, 'Bakfietsen');
  assert.equal(await hero.getAttribute('data-fg-variant'), 'bakfietsen');
  assert.equal(await segmentsOf(page), 'bakfietsen racefietsen');
  assert.equal(await hero.locator('h1').count(), 1);

  await page.evaluate(() => window.firstglance('forget'));
  await nextFrame(page);
  assert.equal(await title(), original);
  assert.equal(await hero.evaluate((element) => element.firstElementChild.mark), 'the same');
  assert.equal(await hero.evaluate((element) => element.innerHTML), content);
  assert.equal(await hero.getAttribute('data-fg-variant'), null);
  assert.equal(await segmentsOf(page), undefined);
  for (const show of ['racefietsen', 'bakfietsen']) {
    assert.equal(await isHidden(page, `.badge[data-fg-show="${show}"]`), true);
  }
  const { calls } = await page.evaluate(() => window.told);
  assert.deepEqual([...calls.at(-1).left].sort(), ['bakfietsen', 'racefietsen']);
  assert.deepEqual(calls.at(-1).segments, []);
  await page.locator('#fg-panel-segments .panel__none').waitFor();
  visitor.assertNoErrors();
});

test('a link in a variant that counts by itself is counted', async () => {
  const page = await arrive('/');
  await wants(page, 'E-bikes');
  await page.locator('section[data-fg-slot="hero"] [data-fg-track]').click();
  await page.waitForURL('**/contact/**');
  const { visitor: id } = await stateOf(page);
  await until('the click is stored', async () => (await shop.admin.timeline(id))
    .some((event) => event.message.event === 'Test Ride Requested' && event.message.properties.category === 'e-bikes'));
  visitor.assertNoErrors();
});

test('the next page knows the segment from its beginning', async () => {
  const page = await arrive('/');
  await wants(page, 'Kinderfietsen');
  await page.goto(`${visitor.origin}/contact/`);
  const state = await stateOf(page);
  assert.deepEqual(state.segments, ['kinderfietsen']);
  assert.deepEqual(state.searches, ['Kinderfietsen']);
  assert.deepEqual(state.entered, [], 'nothing was entered here');
  assert.equal(await segmentsOf(page), 'kinderfietsen');
  await until('the collector knows it as well', async () => {
    await page.clock.runFor(5_000);
    return (await me(page)).segments.includes('kinderfietsen');
  });
  visitor.assertNoErrors();
});

test('what the page does wrong in its own function disturbs nobody else', async () => {
  const page = await arrive('/');
  const called = await page.evaluate(() => {
    let count = 0;
    window.firstglance('onSegments', () => { throw new Error('of the page itself'); });
    window.firstglance('onSegments', () => { count += 1; });
    window.firstglance('onSegments', null);
    window.firstglance('onSegments');
    window.firstglance('nonsense', { a: 1 });
    window.firstglance();
    window.firstglance('track');
    window.firstglance('track', 5, 6);
    const cycle = {};
    cycle.self = cycle;
    window.firstglance('track', 'Cycle', cycle);
    return count;
  });
  await wants(page, 'E-bikes');
  assert.ok(called >= 1, 'the second function is called after the first has failed');
  assert.equal(await segmentsOf(page), 'e-bikes');
  visitor.assertNoErrors(/of the page itself/);
});

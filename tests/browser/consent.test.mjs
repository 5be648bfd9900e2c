/*
 * What each state of consent lets leave the browser, and what it lets stay there.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { me, pause, read, stateOf, until, waiting } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const ARTICLE = '/magazine/beste-e-bike-woon-werkverkeer/';
const CHOICE = 'fg:demo-fietsen:consent';
const NOTHING = { local: [], session: [], databases: [], caches: [], cookies: [] };

/** A browser that sends Global Privacy Control. */
const PRIVACY_CONTROL = () => {
  Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true });
};
const DO_NOT_TRACK = () => {
  Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' });
};
const REFUSED = () => {
  if (location.protocol === 'http:') localStorage.setItem('fg:demo-fietsen:consent', 'denied');
};

/** A page whose script tag says what holds. */
const tag = (consent) => ({ changeHtml: (html) => html.replace('data-site=', `data-consent="${consent}" data-site=`) });

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

async function arrive(options) {
  visitor = await shop.visitor({ clock: true, ...options });
  return visitor.open();
}

/** The visitor's requests to the API. */
const requests = () => visitor.proxy.api;
const batches = () => visitor.proxy.batches;
const choose = (page, choice) => page.evaluate((name) => window.firstglance('consent', name), choice);

/** Everything that would be captured, and then on to another page. */
async function walk(page) {
  await page.goto(`${visitor.origin}${ARTICLE}?utm_source=geheim-utm&utm_term=e-bike&gclid=geheim-gclid`, { referer: 'https://geheim-referrer.example/' });
  await page.waitForLoadState();
  await page.clock.runFor(2_000);
  await read(page, 80);
  await page.evaluate(() => {
    window.firstglance('track', 'Geheim-track', { secret: 'geheim-eigenschap' });
    window.firstglance('identify', 'geheim-gebruiker', { email: 'geheim-trait@example.nl' });
  });
  await page.locator('#zoek-kop').fill('geheim-zoekterm');
  await page.locator('#zoekformulier button').click();
  await page.waitForURL('**/zoeken/**');
  await page.waitForLoadState();
  await page.clock.runFor(8_000);
  await page.goto(`${visitor.origin}/prijzen/`);
  await page.waitForLoadState();
  await page.clock.runFor(2_000);
  await page.getByRole('button', { name: 'Kies Basis' }).click();
  await page.clock.runFor(8_000);
}

for (const [name, init, left] of [
  ['Global Privacy Control', PRIVACY_CONTROL, []],
  ['Do Not Track', DO_NOT_TRACK, []],
  ['a refusal', REFUSED, [CHOICE]],
]) {
  test(`denied, by ${name}: nothing is sent, nothing is kept, nothing is shown`, async () => {
    const page = await arrive({ init });
    await walk(page);
    const state = await stateOf(page);
    assert.equal(state.consent, 'denied');
    assert.equal(state.visitor, null);
    assert.deepEqual([state.segments, state.interests, state.searches, state.pageViews], [[], [], [], 0]);
    assert.deepEqual(await visitor.kept(page), { ...NOTHING, local: left });
    const attributes = await page.evaluate(() => Object.keys(document.documentElement.dataset));
    assert.deepEqual(attributes, []);
    await page.goto('about:blank');
    await pause(300);
    assert.deepEqual(requests().map((request) => request.url), []);
    // The shop works as ever.
    await page.goto(`${visitor.origin}/prijzen/`);
    await page.getByRole('button', { name: 'Kies Lease' }).click();
    await page.getByText('Goede keuze: Lease').waitFor();
    visitor.assertNoErrors();
  });
}

test('denied, by the script tag: nothing is sent and nothing is kept', async () => {
  const page = await arrive(tag('denied'));
  await walk(page);
  assert.equal((await stateOf(page)).consent, 'denied');
  assert.deepEqual(await visitor.kept(page), NOTHING);
  assert.deepEqual(requests().map((request) => request.url), []);
});

test('a choice goes before what the browser asks for', async () => {
  const page = await arrive({ init: PRIVACY_CONTROL });
  await page.goto(`${visitor.origin}/e-bikes/`);
  assert.equal((await stateOf(page)).consent, 'denied');
  await choose(page, 'granted');
  const state = await stateOf(page);
  assert.equal(state.consent, 'granted');
  assert.equal(state.pageViews, 1);
  await page.clock.runFor(6_000);
  await until('the page view is stored', async () => (await shop.admin.profile(state.visitor))?.pageViews === 1);
});

test('a choice made before the script is there counts before anything is sent', async () => {
  const page = await arrive({
    init: () => {
      const api = window.firstglance = window.firstglance || function () {
        (api.q = api.q || []).push(arguments);
      };
      api('track', 'Too Early');
      api('consent', 'denied');
    },
  });
  await walk(page);
  assert.equal((await stateOf(page)).consent, 'denied');
  assert.deepEqual(batches().map((request) => request.body), []);
  assert.deepEqual(await visitor.kept(page), { ...NOTHING, local: [CHOICE] });
});

test('session: events are sent, nothing is kept, and the next page is somebody else', async () => {
  const page = await arrive(tag('session'));
  await page.goto(`${visitor.origin}/e-bikes/`);
  const first = await stateOf(page);
  assert.equal(first.consent, 'session');
  await page.evaluate(() => window.firstglance('track', 'Plan Chosen', { plan: 'Basis' }));
  await page.clock.runFor(6_000);
  await until('the events are stored', async () => (await shop.admin.timeline(first.visitor)).some((event) => event.message.event === 'Plan Chosen'));
  assert.deepEqual(await visitor.kept(page), NOTHING);
  assert.equal((await me(page)).known, false);

  await page.goto(`${visitor.origin}/racefietsen/`);
  const second = await stateOf(page);
  assert.notEqual(second.visitor, first.visitor);
  assert.equal(second.pageViews, 1);
  await page.clock.runFor(6_000);
  await until('the page view is stored', async () => (await shop.admin.profile(second.visitor))?.pageViews === 1);
  assert.deepEqual(await visitor.kept(page), NOTHING);
  for (const request of batches()) assert.equal(JSON.parse(request.body).consent, 'session');
  visitor.assertNoErrors();
});

test('segments: only what was derived leaves, without address, title or text', async () => {
  const page = await arrive();
  await page.goto(`${visitor.origin}/contact/`);
  await stateOf(page);
  await choose(page, 'segments');
  const mark = batches().length;
  await walk(page);
  const state = await stateOf(page);
  assert.equal(state.consent, 'segments');
  assert.ok(state.segments.includes('e-bikes'), 'the page itself knows');
  await page.clock.runFor(8_000);
  await until('nothing waits', async () => (await waiting(page)) === 0);

  const sent = batches().slice(mark);
  assert.ok(sent.length > 0, 'the segment is reported');
  const derived = sent.flatMap((request) => JSON.parse(request.body).batch);
  const allowed = new Set(['segments', 'score_bucket', 'model']);
  for (const message of derived) {
    assert.equal(message.type, 'track');
    assert.equal(message.event, 'Segments Derived');
    assert.deepEqual(Object.keys(message.properties).filter((name) => !allowed.has(name)), []);
    assert.deepEqual(Object.keys(message.context?.page ?? {}), []);
    assert.deepEqual(Object.keys(message.context?.campaign ?? {}), []);
  }
  assert.ok(derived.some((message) => message.properties.segments.includes('e-bikes')));
  for (const request of sent) {
    assert.equal(JSON.parse(request.body).consent, 'segments');
    for (const secret of ['geheim', 'Geheim', 'http:', 'https:', '127.0.0.1', ARTICLE, '/prijzen', 'zoeken', 'Wielrijk', 'woon-werkverkeer', 'Kies Basis', 'nl-NL']) {
      assert.ok(!request.body.includes(secret), `${secret} in ${request.body}`);
    }
  }
  visitor.assertNoErrors();
});

test('segments from the first page on: no cookie, and the collector knows the segment and no page', async () => {
  const page = await arrive(tag('segments'));
  await walk(page);
  const { visitor: id } = await stateOf(page);
  await page.clock.runFor(8_000);
  await until('nothing waits', async () => (await waiting(page)) === 0);
  assert.deepEqual((await visitor.kept(page)).cookies, []);
  const events = await shop.admin.timeline(id);
  assert.ok(events.length > 0);
  assert.deepEqual(events.filter((event) => event.message.event !== 'Segments Derived'), []);
  const profile = await shop.admin.profile(id);
  assert.deepEqual([profile.pages, profile.searches, profile.clicks, profile.traits, profile.firstTouch], [[], [], [], {}, null]);
});

test('from granted to denied: all is erased, what waited is not sent, and nothing follows', async () => {
  const page = await arrive();
  await page.goto(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await page.clock.runFor(6_000);
  await until('the page view is stored', async () => (await visitor.kept(page)).cookies.includes('fg_visitor'));
  visitor.proxy.fail = (request) => request.path === '/v1/batch' && { status: 503 };
  await page.evaluate(() => {
    for (const query of ['e-bikes', 'e-bike']) window.firstglance('track', 'Site Searched', { query });
  });
  assert.ok((await stateOf(page)).segments.includes('e-bikes'));
  await choose(page, 'denied');
  visitor.proxy.fail = null;
  const mark = requests().length;

  const state = await stateOf(page);
  assert.equal(state.consent, 'denied');
  assert.equal(state.visitor, null);
  assert.deepEqual(state.segments, []);
  assert.deepEqual(await visitor.kept(page), { ...NOTHING, local: [CHOICE] });
  assert.deepEqual(await page.evaluate(() => Object.keys(document.documentElement.dataset)), []);
  assert.equal(await page.locator('[data-fg-show="e-bikes"]').first().evaluate((element) => element.hidden), true);
  await walk(page);
  await page.goto('about:blank');
  await pause(300);
  assert.deepEqual(requests().slice(mark).map((request) => request.url), []);
  assert.ok(!JSON.stringify(await shop.admin.timeline(id)).includes('Site Searched'));

  // Whoever agrees again is somebody new.
  await page.goto(`${visitor.origin}/e-bikes/`);
  await choose(page, 'granted');
  const again = await stateOf(page);
  assert.ok(again.visitor && again.visitor !== id);
  assert.equal(again.pageViews, 1);
  visitor.assertNoErrors(/Failed to load resource.*\/v1\/batch/);
});

for (const [name, act] of [
  ['a refusal', (page) => choose(page, 'denied')],
  ['forget', (page) => page.evaluate(() => window.firstglance('forget'))],
]) {
  test(`${name}: an answer that was on its way brings nobody back`, async () => {
    const page = await arrive();
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    visitor.proxy.hold = (request) => request.path === '/v1/batch' && released;
    await page.goto(`${visitor.origin}/e-bikes/`);
    const { visitor: id } = await stateOf(page);
    await until('the collector has answered', async () => {
      await page.clock.runFor(1_000);
      return (await shop.admin.profile(id))?.pageViews === 1;
    });
    await act(page);
    release();
    await pause(600);
    await page.goto(`${visitor.origin}/contact/`);
    assert.notEqual((await stateOf(page)).visitor, id);
    await until('the cookie is not the former one', async () => {
      await page.clock.runFor(1_000);
      const values = (await visitor.context.cookies()).map((cookie) => cookie.value);
      return !values.some((value) => value.startsWith(`${id}.`));
    });
  });
}

test('another tab follows the choice', async () => {
  const page = await arrive();
  await page.goto(`${visitor.origin}/e-bikes/`);
  await stateOf(page);
  const other = await visitor.open(`${visitor.origin}/racefietsen/`);
  await stateOf(other);
  await choose(page, 'denied');
  await until('the other tab knows', async () => {
    await other.clock.runFor(100);
    return (await stateOf(other)).consent === 'denied';
  });
  await other.evaluate(() => window.firstglance('track', 'After'));
  await other.clock.runFor(8_000);
  assert.deepEqual(visitor.proxy.messages.filter((message) => message.event === 'After'), []);
  assert.deepEqual(await visitor.kept(other), { ...NOTHING, local: [CHOICE] });
});

test('forget: the browser knows nothing any more and goes on as somebody new', async () => {
  const page = await arrive();
  await walk(page);
  const before = await stateOf(page);
  await until('the cookie is there', async () => (await visitor.kept(page)).cookies.includes('fg_visitor'));
  await page.evaluate(() => window.firstglance('forget'));
  const after = await stateOf(page);
  assert.ok(after.visitor && after.visitor !== before.visitor);
  assert.deepEqual([after.segments, after.interests, after.searches, after.campaign, after.pageViews], [[], [], [], null, 0]);
  assert.equal(after.consent, 'granted');
  assert.deepEqual((await visitor.kept(page)).cookies, []);
  assert.equal((await me(page)).known, false);
  const stored = () => page.evaluate(() => Object.values(localStorage).join('\n'));
  assert.ok(!(await stored()).includes('geheim'));
  await until('the collector has erased them, so that their name is not needed for it', async () => !(await stored()).includes(before.visitor));

  // What happens now is the new one's, for the collector as well.
  await page.evaluate(() => window.firstglance('track', 'Afterwards'));
  await page.clock.runFor(8_000);
  await until('it is stored', async () => (await shop.admin.timeline(after.visitor)).some((event) => event.message.event === 'Afterwards'));
  // It is stored before the answer with the cookie is back.
  await until('the cookie is theirs', async () => (await me(page)).visitor === after.visitor);
  visitor.assertNoErrors();
});

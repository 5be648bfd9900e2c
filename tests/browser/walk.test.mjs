/*
 * A visitor walks through the demo shop, from an advertisement to the contact form, while the
 * collector is stopped once and killed once. Afterwards everything that they did must be known,
 * once, and nothing that they typed or that is private.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { after, before, describe, test } from 'node:test';

import { named, nameOf } from './lib/admin.mjs';
import { me, read, stateOf, until, waiting } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const ARTICLE = '/magazine/beste-e-bike-woon-werkverkeer/';
const CAMPAIGN = { source: 'google', medium: 'cpc', name: 'herfst', term: 'e-bike' };
const GCLID = 'TeSter-123_abc';
const UNREACHABLE = /Failed to load resource.*\/v1\/batch/;

/** Messages that the visitor's steps must make, in their order; reading is looked at by itself. */
const expected = [];
const expect = (name, properties) => expected.push({ name, properties });

let shop;
before(async () => {
  shop = await Shop.open();
});
after(() => shop?.close());

describe('a walk through the shop', () => {
  let visitor;
  let page;
  let id;
  let events;
  let profile;

  /** What the visitor types, and what the page shows of mailboxes and telephones. */
  const typed = {
    naam: `Naam ${randomBytes(8).toString('hex')}`,
    email: `${randomBytes(8).toString('hex')}@geheim.example`,
    telefoon: `06${randomInt(10_000_000, 99_999_999)}`,
    bericht: `Bericht ${randomBytes(8).toString('hex')} met een geheim`,
    search: `niet-gezocht-${randomBytes(8).toString('hex')}`,
  };
  const mailbox = 'hallo@wielrijk.example';
  const telephone = ['31850000012', '085 000 00 12'];

  /** Waits until the tracker counts the page that was loaded, as it will the next click. */
  const arrived = async (path, properties = {}) => {
    await page.waitForURL((url) => url.pathname === path);
    expect('page', { path, ...properties });
    return stateOf(page);
  };
  const footer = (selector) => page.locator(`footer ${selector}`);

  /** Lets what was captured leave before the test's clock leaps: what waits meanwhile seems older. */
  const calm = () => until('nothing waits', async () => {
    await page.clock.runFor(1_000);
    return (await waiting(page)) === 0;
  });

  /** Lets everything that was captured so far arrive. */
  const settle = async () => {
    for (let before = -1; before !== visitor.proxy.batches.length;) {
      before = visitor.proxy.batches.length;
      await page.clock.runFor(6_000);
      await until('nothing waits', async () => (await waiting(page)) === 0);
      const stored = new Set((await shop.admin.timeline(id)).map((event) => event.messageId));
      assert.deepEqual(visitor.proxy.messages.filter((message) => !stored.has(message.messageId)), []);
    }
  };

  /** The visitor goes on while the collector is down; what they did arrives when it is back. */
  const goOnWithout = async (signal, plan) => {
    await settle();
    const known = { events: await shop.admin.timeline(id), profile: await shop.admin.profile(id) };
    await shop.collector.stop(signal);
    expect('Plan Chosen', { plan });
    await page.getByRole('button', { name: `Kies ${plan}` }).click();
    await page.clock.runFor(6_000);
    // First it is asked what it remembers, then it may hear what happened meanwhile.
    visitor.proxy.fail = (request) => request.path === '/v1/batch' && { status: 503 };
    await shop.collector.run();
    const kept = { events: await shop.admin.timeline(id), profile: await shop.admin.profile(id) };
    assert.deepEqual(kept.events, known.events, `what was acknowledged before ${signal}`);
    for (const part of ['pages', 'sessions', 'searches', 'clicks', 'firstTouch', 'lastTouch', 'pageViews', 'events']) {
      assert.deepEqual(kept.profile[part], known.profile[part], `${part} before ${signal}`);
    }
    visitor.proxy.fail = null;
    await until(`what was captured after ${signal} arrives`, async () => {
      await page.clock.runFor(5_000);
      return (await shop.admin.timeline(id)).some((event) => event.message.properties?.plan === plan);
    });
  };

  before(async () => {
    visitor = await shop.visitor({ clock: true });
    page = await visitor.open();

    // From an advertisement to an article, which they read to its end.
    const query = `?utm_source=google&utm_medium=cpc&utm_campaign=herfst&utm_term=e-bike&gclid=${GCLID}`;
    // They arrived ten minutes ago, by any clock: the test's own leaps, and what waits meanwhile seems
    // older than it is to a collector whose clock does not.
    let arrive;
    const held = new Promise((resolve) => { arrive = resolve; });
    visitor.proxy.hold = (request) => request.path === '/v1/model' && held;
    await page.goto(visitor.origin + ARTICLE + query, { referer: 'https://www.google.com/' });
    await until('the tracker has begun', () => visitor.proxy.requests.some((request) => request.path === '/v1/model'));
    await page.clock.fastForward('10:00');
    visitor.proxy.hold = null;
    arrive();
    ({ visitor: id } = await arrived(ARTICLE, { title: 'De beste e-bike voor woon-werkverkeer | Wielrijk', search: query, language: 'nl' }));
    await calm();
    await read(page, 90);

    // A link in the text; it leads to a list, of which they see only the beginning.
    expect('Link Clicked', { kind: 'internal', text: 'alle e-bikes', href: `${visitor.origin}/e-bikes/` });
    await page.locator('.prose').getByRole('link', { name: 'alle e-bikes' }).click();
    await arrived('/e-bikes/', { topics: ['E-bikes'] });

    // The search in the header; then a result, back to the results, and the result again.
    await page.locator('#zoek-kop').fill('speed pedelec');
    expect('Button Clicked', { text: 'Zoek' });
    expect('Site Searched', { query: 'speed pedelec', source: 'form' });
    await page.locator('#zoekformulier button').click();
    await arrived('/zoeken/', { search: '?q=speed+pedelec' });
    const result = page.locator('#zoekresultaten').getByRole('link', { name: 'Spits 45' });
    expect('Link Clicked', { kind: 'internal', text: 'Spits 45', href: `${visitor.origin}/e-bikes/spits-45/` });
    await result.click();
    await arrived('/e-bikes/spits-45/', { topics: ['E-bikes'] });
    await page.goBack();
    await arrived('/zoeken/', { search: '?q=speed+pedelec' });
    expect('Link Clicked', { kind: 'internal', text: 'Spits 45' });
    await result.click();
    await arrived('/e-bikes/spits-45/');
    await calm();
    await read(page, 40);

    // A button that the page names itself.
    expect('Test Ride Requested', { bike: 'Spits 45', category: 'e-bikes', topics: ['E-bikes'] });
    await page.getByRole('link', { name: 'Plan een proefrit' }).click();
    await arrived('/contact/', { search: '?onderwerp=proefrit' });

    // The contact form, with a secret in every field.
    await page.locator('#zoek-kop').fill(typed.search);
    for (const field of ['naam', 'email', 'telefoon', 'bericht']) {
      await page.locator(`#${field}`).pressSequentially(typed[field]);
    }
    await page.locator('#onderwerp').selectOption('anders');
    await page.locator('#akkoord').check();
    expect('Button Clicked', { text: 'Verstuur je bericht' });
    expect('Form Submitted', { form: 'contactformulier' });
    await page.getByRole('button', { name: 'Verstuur je bericht' }).click();
    await page.locator('#contact-dank').waitFor();

    // Everything that a link can be.
    expect('Link Clicked', { kind: 'download', text: 'Onderhoudsgids (pdf)', href: `${visitor.origin}/assets/onderhoudsgids.pdf` });
    const download = page.waitForEvent('download');
    await footer('a[download]').click();
    await download;
    expect('Link Clicked', { kind: 'outbound', text: 'Fietsersbond', href: 'https://www.fietsersbond.nl/' });
    // In a tab of its own, which leads nowhere here.
    const [tab] = await Promise.all([
      visitor.context.waitForEvent('page'),
      footer('a[rel=noopener]').click({ modifiers: ['Control'] }),
    ]);
    await tab.close();
    // The browser would ask which program is meant, and wait for an answer.
    await page.evaluate(() => document.addEventListener('click', (event) => {
      if (event.target.closest('[href^="mailto:"],[href^="tel:"]')) event.preventDefault();
    }));
    expect('Link Clicked', { kind: 'mailto', href: undefined });
    await footer('a[href^="mailto:"]').click();
    expect('Link Clicked', { kind: 'tel', href: undefined });
    await footer('a[href^="tel:"]').click();

    // The collector is stopped, and killed, under them.
    expect('Link Clicked', { kind: 'internal', text: 'Onderhoud' });
    await page.locator('#hoofdmenu').getByRole('link', { name: 'Onderhoud' }).click();
    await arrived('/prijzen/', { topics: ['Onderhoud'] });
    await goOnWithout('SIGTERM', 'Compleet');
    await goOnWithout('SIGKILL', 'Lease');

    // They choose, and are gone at once.
    expect('Plan Chosen', { plan: 'Basis' });
    await page.getByRole('button', { name: 'Kies Basis' }).click();
    await page.goto('about:blank');
    await page.close();

    // Later, in another tab, they are back.
    page = await visitor.open(`${visitor.origin}/`);
    await arrived('/', { referrer: undefined });
    await page.clock.runFor(6_000);
    events = await until('the last page view is stored', async () => {
      const stored = await shop.admin.timeline(id);
      return stored.some((event) => event.type === 'page' && event.message.properties.path === '/') && stored;
    });
    profile = await shop.admin.profile(id);
  });

  test('every step is stored exactly once, in order, with its values', () => {
    assert.equal(new Set(events.map((event) => event.messageId)).size, events.length, 'message ids are unique');
    const steps = events
      .filter((event) => !/^(Page Engaged|Form (Viewed|Started)|Content (Viewed|Clicked))$/.test(nameOf(event)))
      // The collector's own times are corrected per request and may differ by its latency.
      .sort((left, right) => left.message.timestamp.localeCompare(right.message.timestamp));
    assert.deepEqual(steps.map(nameOf), expected.map((step) => step.name));
    steps.forEach((step, index) => {
      const { name, properties } = expected[index];
      for (const [key, value] of Object.entries(properties)) {
        assert.deepEqual(step.message.properties[key], value, `${key} of step ${index}, ${name}`);
      }
    });
  });

  test('the arrival carries campaign, click id and referrer', () => {
    const arrival = named(events, 'page').find((event) => event.message.properties.path === ARTICLE);
    // The address says it all; what it means, the collector's engine tells.
    assert.ok(arrival.message.context.page.url.includes(`gclid=${GCLID}`));
    assert.equal(arrival.message.context.page.referrer, 'https://www.google.com/');
    for (const touch of [profile.firstTouch, profile.lastTouch]) {
      assert.equal(touch.path, ARTICLE);
      assert.deepEqual(touch.campaign, CAMPAIGN);
      assert.equal(touch.clickId.name, 'gclid');
      assert.equal(touch.clickId.value, GCLID);
      assert.match(touch.referrer, /^(www\.)?google\.com$/);
    }
  });

  test('reading adds up, by page, with the deepest scroll', () => {
    const pageOf = (path) => profile.pages.find((each) => each.path === path);
    const views = new Map();
    for (const step of expected) {
      if (step.name === 'page') views.set(step.properties.path, (views.get(step.properties.path) ?? 0) + 1);
    }
    for (const [path, count] of views) assert.equal(pageOf(path)?.views, count, `views of ${path}`);
    assert.equal(profile.pageViews, expected.filter((step) => step.name === 'page').length);

    const article = pageOf(ARTICLE);
    assert.equal(article.scrollPercent, 100);
    const reported = named(events, 'Page Engaged').filter((event) => event.message.properties.path === ARTICLE);
    const sum = reported.reduce((total, event) => total + event.message.properties.active_seconds, 0);
    assert.ok(sum > 0);
    assert.ok(Math.abs(article.activeSeconds - sum) < 0.2, `${article.activeSeconds} s of ${sum} s`);
    assert.ok(pageOf('/e-bikes/spits-45/').activeSeconds > 0);
    assert.ok(article.activeSeconds > pageOf('/e-bikes/spits-45/').activeSeconds, 'what was read longer counts longer');
    assert.ok(pageOf('/e-bikes/').scrollPercent < 100, 'a page that was not scrolled to its end');
    const all = profile.pages.reduce((total, each) => total + each.activeSeconds, 0);
    assert.ok(Math.abs(all - profile.activeSeconds) < 0.5);
  });

  test('searches and clicks are counted', () => {
    assert.deepEqual(profile.searches.map(({ query, count }) => ({ query, count })), [{ query: 'speed pedelec', count: 1 }]);
    const clicks = expected.filter((step) => /^(Link|Button) Clicked$/.test(step.name)).length;
    assert.equal(profile.clicksTotal, clicks);
    const count = (name) => profile.namedEvents.find((each) => each.name === name)?.count;
    assert.equal(count('Plan Chosen'), 3);
    assert.equal(count('Test Ride Requested'), 1);
    assert.equal(count('Form Submitted'), 1);
    assert.equal(profile.clicks.find((click) => click.text === 'Spits 45').count, 2);
  });

  test('one visit, the right interests and segments', async () => {
    assert.equal(profile.visits, 1);
    assert.equal(profile.interests[0].id, 'e-bikes');
    assert.equal(profile.interests[0].label, 'E-bikes');
    assert.ok(profile.segments.includes('e-bikes'));
    const ids = async (segment) => (await shop.admin.get(`profiles?segment=${segment}`)).profiles.map((each) => each.id);
    assert.ok((await ids('e-bikes')).includes(id));
    assert.ok(!(await ids('racefietsen')).includes(id));
  });

  test('the page and the collector come to the same conclusions', async () => {
    const state = await stateOf(page);
    const known = await me(page);
    for (const part of ['segments', 'stage', 'visits', 'pageViews', 'searches', 'campaign', 'referrer']) {
      assert.deepEqual(state[part], known[part], part);
    }
    assert.deepEqual(state.interests.map((each) => each.id), known.interests.map((each) => each.id));
    state.interests.forEach((interest, place) => {
      assert.ok(Math.abs(interest.score - known.interests[place].score) < 0.02, interest.id);
    });
  });

  test('/v1/me knows this browser and no other', async () => {
    const known = await me(page);
    assert.equal(known.known, true);
    assert.equal(known.visitor, id);

    const stranger = await shop.visitor();
    const elsewhere = await stranger.open(`${stranger.origin}/contact/`);
    assert.notEqual((await stateOf(elsewhere)).visitor, id);
    for (const address of ['/v1/me', `/v1/me?visitor=${id}`, `/v1/me?anonymousId=${id}`]) {
      const answer = await elsewhere.evaluate(async (from) => (await fetch(from)).text(), address);
      assert.ok(!answer.includes(id), address);
      assert.ok(!answer.includes('speed pedelec'), address);
    }
    // Nor with a cookie that somebody made up.
    await stranger.context.addCookies([{ name: 'fg_visitor', value: `${id}.AAAAAAAAAAAAAAAAAAAAAA`, url: stranger.origin }]);
    assert.equal((await me(elsewhere)).visitor === id, false);
    await stranger.leave();
  });

  /** Fails when one of these texts was sent or stored, in any of the forms that it may take. */
  const assertPrivate = async (secrets) => {
    const sent = visitor.proxy.requests.map((request) => `${request.url}\n${request.body}`);
    const stored = JSON.stringify([events, profile, await shop.admin.get('profiles')]);
    assert.ok(stored.includes('speed pedelec'), 'this is where it would be');
    for (const secret of secrets) {
      for (const form of [secret, encodeURIComponent(secret), secret.replaceAll(' ', '+')]) {
        assert.deepEqual(sent.filter((text) => text.includes(form)), [], `sent: ${form}`);
        assert.ok(!stored.includes(form), `stored: ${form}`);
      }
    }
  };

  test('nothing that was typed has left the browser', () => assertPrivate(Object.values(typed)));

  test('nobody’s mailbox has left the browser', () => assertPrivate([mailbox]));

  test('nobody’s telephone has left the browser', () => assertPrivate(telephone));

  test('no page had an error', () => {
    visitor.assertNoErrors(UNREACHABLE);
    assert.deepEqual(visitor.outside.filter((address) => address !== 'https://www.fietsersbond.nl/'), []);
  });
});

test('who comes back later makes a second visit, also for a collector that hears of both at once', async () => {
  const visitor = await shop.visitor({ clock: true });
  const page = await visitor.open();
  visitor.proxy.fail = (request) => request.path === '/v1/batch' && { status: 503, headers: { 'retry-after': '1' } };
  await page.goto(`${visitor.origin}/kinderfietsen/`);
  const { visitor: id, visits } = await stateOf(page);
  assert.equal(visits, 1);
  await read(page, 20);
  await page.goto('about:blank');
  await page.clock.fastForward('45:00');
  visitor.proxy.fail = null;
  await page.goto(`${visitor.origin}/bakfietsen/`);
  const state = await stateOf(page);
  assert.equal(state.visitor, id);
  assert.equal(state.visits, 2);
  const profile = await until('both visits are stored', async () => {
    await page.clock.runFor(5_000);
    const known = await shop.admin.profile(id);
    return known?.pageViews === 2 && known;
  });
  assert.equal(profile.visits, 2);
  const [latest, first] = profile.sessions;
  const minutes = (Date.parse(latest.start) - Date.parse(first.end)) / 60_000;
  assert.ok(minutes >= 44 && minutes < 50, `${minutes} minutes between the visits`);
  assert.ok(profile.activeSeconds > 0);
  visitor.assertNoErrors(UNREACHABLE);
  await visitor.leave();
});

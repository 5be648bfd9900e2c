/*
 * Nothing that was captured is lost and nothing is counted twice, whatever happens to the page,
 * the network or the collector. Every test gives each thing that its visitor does a name of its
 * own and compares these with what is stored.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { named, nameOf } from './lib/admin.mjs';
import { pause, stateOf, until, waiting } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const FAILED = /Failed to load resource.*\/v1\/batch|ERR_INTERNET_DISCONNECTED/;

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

const act = (page, names) => page.evaluate((each) => {
  for (const name of each) window.firstglance('track', name);
}, names);
const steps = (prefix, count) => Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}`);
const down = (request) => request.path === '/v1/batch' && { status: 503, headers: { 'retry-after': '1' } };

/** Waits until the page's queue is empty, with its clock moved on. */
const emptied = (page) => until('nothing waits any more', async () => {
  await page.clock.runFor(5_000);
  return (await waiting(page)) === 0;
});

/** What pages tell by themselves, whenever they are looked at long enough. */
const BY_ITSELF = /^(Page Engaged|Form Viewed)$/;

/** Fails unless exactly these things are stored of a visitor, once each; what pages tell by themselves
 * is passed over. */
async function assertStored(id, expected) {
  const wanted = [...expected].sort();
  const stored = async () => (await shop.admin.timeline(id));
  const names = (events) => events.map(nameOf).filter((name) => !BY_ITSELF.test(name)).sort();
  await until('as much is stored as was done', async () => names(await stored()).length >= wanted.length).catch(() => {});
  const events = await stored();
  assert.deepEqual(names(events), wanted);
  assert.equal(new Set(events.map((event) => event.messageId)).size, events.length);
  const profile = await shop.admin.profile(id);
  assert.equal(profile.events, events.length, 'the profile took in each event once');
  assert.equal(profile.pageViews, named(events, 'page').length);
}

test('a collector that is too busy for a while gets everything, once', async () => {
  visitor = await shop.visitor({ clock: true });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  visitor.proxy.fail = down;
  const done = steps('Busy', 25);
  await act(page, done.slice(0, 10));
  await page.clock.runFor(6_000);
  await act(page, done.slice(10, 20));
  await until('it was asked and refused', async () => {
    await page.clock.runFor(5_000);
    return visitor.proxy.batches.filter((request) => request.status === 503).length >= 2;
  });
  // Another page goes on with what the first could not deliver.
  await page.goto(`${visitor.origin}/racefietsen/`);
  await stateOf(page);
  await act(page, done.slice(20));
  visitor.proxy.fail = null;
  await emptied(page);
  await assertStored(id, [...done, 'page', 'page']);
  visitor.assertNoErrors(FAILED);
});

test('a collector that is too busy is not asked without end', async () => {
  visitor = await shop.visitor({ clock: true });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  await stateOf(page);
  await emptied(page);
  visitor.proxy.fail = (request) => request.path === '/v1/batch' && { status: 503, headers: { 'retry-after': '120' } };
  const before = visitor.proxy.batches.length;
  await act(page, ['One']);
  for (let second = 0; second < 100; second += 10) {
    await page.clock.runFor(10_000);
    await act(page, [`Still ${second}`]);
    await pause(20);
  }
  const asked = visitor.proxy.batches.length - before;
  assert.ok(asked >= 1 && asked <= 2, `${asked} requests in 100 s, after being asked to wait for 120 s`);
});

test('an answer that is lost makes no duplicates', async () => {
  visitor = await shop.visitor({ clock: true });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await emptied(page);
  // The collector takes the messages; the browser never hears of it.
  let lost = 0;
  await visitor.context.route('**/v1/batch', async (route) => {
    await route.fetch();
    lost += 1;
    await route.abort();
  });
  const done = steps('Lost', 5);
  await act(page, done);
  await until('answers were lost', async () => {
    await page.clock.runFor(5_000);
    return lost >= 2;
  });
  await visitor.context.unroute('**/v1/batch');
  await emptied(page);
  await assertStored(id, [...done, 'page']);
});

test('who clicks and is gone is heard', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/prijzen/`);
  const { visitor: id } = await stateOf(page);
  const paths = ['e-bikes', 'kinderfietsen', 'bakfietsen', 'racefietsen', 'magazine', 'contact', 'prijzen', 'e-bikes'];
  const done = ['page'];
  for (const path of paths) {
    await page.locator(`#hoofdmenu a[href="/${path}/"]`).click();
    done.push('Link Clicked', 'page');
    await page.waitForURL(`**/${path}/`);
    await stateOf(page);
  }
  await act(page, ['Last']);
  await page.goto('about:blank');
  done.push('Last');
  await assertStored(id, done);
  visitor.assertNoErrors();
});

test('who closes the tab right after a click is heard, without coming back', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/prijzen/`);
  const { visitor: id } = await stateOf(page);
  await page.getByRole('button', { name: 'Kies Basis' }).click();
  await act(page, steps('Close', 3));
  await Promise.all([page.waitForEvent('close'), page.close({ runBeforeUnload: true })]);
  await assertStored(id, ['page', 'Plan Chosen', ...steps('Close', 3)]);
});

test('what was captured without a network arrives when it is back', async () => {
  visitor = await shop.visitor({ clock: true });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await emptied(page);
  await visitor.context.setOffline(true);
  const done = steps('Offline', 12);
  for (const name of done) {
    await act(page, [name]);
    await page.clock.runFor(3_000);
  }
  assert.ok(await waiting(page) >= done.length);
  await visitor.context.setOffline(false);
  // At once, and not only after the pause that failures call for.
  await page.clock.runFor(500);
  await assertStored(id, [...done, 'page']);
  visitor.assertNoErrors(FAILED);
});

test('a tab that is closed without a network is heard at the next visit', async () => {
  visitor = await shop.visitor({ clock: true });
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await emptied(page);
  await visitor.context.setOffline(true);
  await act(page, steps('Closed', 4));
  await Promise.all([page.waitForEvent('close'), page.close({ runBeforeUnload: true })]);
  await visitor.context.setOffline(false);
  const later = await visitor.open(`${visitor.origin}/contact/`);
  assert.equal((await stateOf(later)).visitor, id);
  await emptied(later);
  await assertStored(id, [...steps('Closed', 4), 'page', 'page']);
});

test('ten reloads are ten page views', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/bakfietsen/`);
  const { visitor: id } = await stateOf(page);
  const done = ['page'];
  for (let count = 0; count < 10; count++) {
    await page.reload();
    done.push('page');
  }
  await page.goto('about:blank');
  await assertStored(id, done);
  visitor.assertNoErrors();
});

test('pages that are left while the module is on its way count once', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/bakfietsen/`);
  const { visitor: id } = await stateOf(page);
  const isModule = (request) => /\/fg-\w+\.(js|wasm)$/.test(request.path);
  const asked = () => visitor.proxy.requests.filter(isModule).length;
  visitor.proxy.fail = (request) => isModule(request) && 'silence';
  // The browser forgets that it had it.
  visitor.proxy.headers = { 'clear-site-data': '"cache"' };
  const done = ['page'];
  for (const path of ['e-bikes', 'racefietsen', 'contact', 'prijzen', 'magazine']) {
    const before = asked();
    await page.goto(`${visitor.origin}/${path}/`, { waitUntil: 'domcontentloaded' });
    await until('the module is asked for', () => asked() > before);
    done.push('page');
  }
  await page.goto('about:blank');
  await assertStored(id, done);
});

test('two tabs at once count everything once', async () => {
  visitor = await shop.visitor({ clock: true });
  const pages = [await visitor.open(`${visitor.origin}/e-bikes/`)];
  const { visitor: id } = await stateOf(pages[0]);
  pages.push(await visitor.open(`${visitor.origin}/racefietsen/`));
  assert.equal((await stateOf(pages[1])).visitor, id, 'both are one visitor');
  const done = ['page', 'page'];
  for (let round = 0; round < 6; round++) {
    // Every other time the collector is too busy, so that both have something to repeat.
    visitor.proxy.fail = round % 2 ? down : null;
    await Promise.all(pages.map(async (page, tab) => {
      const names = steps(`Tab ${tab} round ${round}`, 3);
      done.push(...names);
      await act(page, names);
      await page.clock.runFor(4_000);
    }));
  }
  visitor.proxy.fail = null;
  await emptied(pages[0]);
  await emptied(pages[1]);
  await assertStored(id, done);
  // Both know what the other has seen.
  for (const page of pages) {
    await act(page, ['Look']);
    assert.equal((await stateOf(page)).pageViews, 2);
  }
  visitor.assertNoErrors(FAILED);
});

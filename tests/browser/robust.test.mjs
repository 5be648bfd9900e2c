/*
 * Pages that are not well-behaved, and browsers that refuse: nothing of Firstglance may ever show
 * as an error of the page, the page must work, and page views are counted once.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { named, nameOf } from './lib/admin.mjs';
import { me, pause, stateOf, until } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  // The cache for going back is what people have.
  shop = await Shop.open({ cache: true });
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

/** Page views that are stored of a visitor, once there are as many or no more come. */
async function views(id, count) {
  const stored = async () => named(await shop.admin.timeline(id), 'page')
    // The collector's own times are corrected per request and may differ by its latency.
    .sort((left, right) => left.message.timestamp.localeCompare(right.message.timestamp))
    .map((event) => event.message.properties.path);
  await until('page views', async () => (await stored()).length >= count).catch(() => {});
  await pause(500);
  return stored();
}

describe('pages and browsers that break things', () => {
  /** What is broken, and whether the collector can hear of the visit nevertheless. */
  const cases = {
    'localStorage throws': {
      heard: true,
      init: () => Object.defineProperty(window, 'localStorage', {
        get() { throw new DOMException('not here', 'SecurityError'); },
      }),
    },
    'localStorage is null': {
      heard: true,
      init: () => Object.defineProperty(window, 'localStorage', { value: null }),
    },
    'the storage is full': {
      heard: true,
      init: () => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }; },
    },
    'cookies throw': {
      heard: true,
      init: () => Object.defineProperty(Document.prototype, 'cookie', {
        get() { throw new DOMException('not here', 'SecurityError'); },
        set() { throw new DOMException('not here', 'SecurityError'); },
      }),
    },
    'fetch throws': { heard: true, init: () => { window.fetch = () => { throw new Error('no fetch'); }; } },
    'fetch is missing': { heard: true, init: () => { delete window.fetch; } },
    'fetch never answers': { heard: false, init: () => { window.fetch = () => new Promise(() => {}); } },
    'JSON.parse throws': { heard: true, init: () => { JSON.parse = () => { throw new Error('no parse'); }; } },
    'JSON.parse is the page’s own': {
      heard: true,
      init: () => {
        const { parse } = JSON;
        JSON.parse = (text) => {
          const value = parse(text);
          if (value && typeof value === 'object') value.seenByThePage = true;
          return value;
        };
      },
    },
    'arrays have toJSON, as an old Prototype.js gives them': {
      heard: true,
      init: () => { Array.prototype.toJSON = function () { return `[${this.join()}]`; }; },
    },
    'arrays have more in them': {
      heard: true,
      init: () => { Array.prototype.extra = function () { return 'extra'; }; },
    },
    'all objects have more in them': { heard: true, init: () => { Object.prototype.extra = 'extra'; } },
    'array methods throw': {
      heard: false,
      init: () => {
        for (const name of ['find', 'filter', 'flatMap', 'includes']) {
          const original = Array.prototype[name];
          Array.prototype[name] = function (...given) {
            // The page's own scripts get what they need.
            if (/\/fg(-\w+)?\.js/.test(new Error().stack)) throw new Error(`no ${name}`);
            return original.apply(this, given);
          };
        }
      },
    },
    'WebAssembly is missing': { heard: true, init: () => { delete window.WebAssembly; } },
    'there are no random numbers': { heard: true, init: () => { Crypto.prototype.getRandomValues = () => { throw new Error('no random'); }; } },
    'requestIdleCallback is missing': { heard: true, init: () => { delete window.requestIdleCallback; } },
  };

  for (const [name, { init, heard }] of Object.entries(cases)) {
    test(name, async () => {
      // Only the page is broken, and not an empty frame in it, where its own scripts never run.
      visitor = await shop.visitor({ init: { content: `if (window === top) (${init})()` } });
      const page = await visitor.open(`${visitor.origin}/prijzen/`);
      await page.getByRole('button', { name: 'Kies Basis' }).click();
      await page.getByText('Goede keuze: Basis').waitFor();
      if (heard) {
        await until('the page view leaves', () => visitor.proxy.messages.some((message) => message.type === 'page'));
      } else {
        await pause(700);
      }
      await page.locator('#hoofdmenu').getByRole('link', { name: 'Contact' }).click();
      await page.waitForURL('**/contact/');
      await page.locator('#contactformulier').waitFor();
      await page.goto('about:blank');
      visitor.assertNoErrors();
    });
  }
});

test('a router that pushes and replaces makes one page view', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await page.evaluate(async () => {
    const settled = () => new Promise((resolve) => setTimeout(resolve, 400));
    // As routers do: push, correct the address, set the title.
    history.pushState(null, '', '/route-een');
    history.replaceState({ scroll: 0 }, '', '/route-een/');
    document.title = 'Route een';
    await settled();
    // The state alone, and what follows #, are no other page.
    history.replaceState({ scroll: 100 }, '', '/route-een/');
    history.pushState(null, '', '#deel');
    location.hash = '#ander-deel';
    await settled();
    history.pushState(null, '', '/route-twee/');
    await settled();
    // There and back at once is nowhere.
    history.pushState(null, '', '/route-drie/');
    history.replaceState(null, '', '/route-twee/');
    await settled();
    // And some say so themselves as well.
    history.pushState(null, '', '/route-vier/');
    window.firstglance('page');
    await settled();
  });
  await page.evaluate(() => new Promise((resolve) => {
    addEventListener('popstate', () => setTimeout(resolve, 400), { once: true });
    history.back();
  }));
  await page.goto('about:blank');
  assert.deepEqual(await views(id, 5), ['/e-bikes/', '/route-een/', '/route-twee/', '/route-vier/', '/route-twee/']);
  const routed = named(await shop.admin.timeline(id), 'page').find((event) => event.message.properties.path === '/route-een/');
  assert.equal(routed.message.properties.title, 'Route een');
  assert.equal(routed.message.properties.referrer, `${visitor.origin}/e-bikes/`);
  visitor.assertNoErrors();
});

test('a title that comes after its route is the route’s own', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  const before = await page.title();
  await page.evaluate(async () => {
    const waited = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    // A component that is drawn later than the address changes, as on a slow telephone.
    history.pushState(null, '', '/laat/');
    await waited(130);
    document.title = 'Laat';
    await waited(400);
    // One that takes the old title away first.
    history.pushState(null, '', '/later/');
    document.title = '';
    await waited(500);
    document.title = 'Later';
    await waited(400);
    // And one that has the same title.
    history.pushState(null, '', '/zelfde/');
    await waited(400);
  });
  await page.goto('about:blank');
  await views(id, 4);
  const titles = named(await shop.admin.timeline(id), 'page').map(({ message: { properties: { path, title } } }) => [path, title]);
  assert.deepEqual(Object.fromEntries(titles), { '/e-bikes/': before, '/laat/': 'Laat', '/later/': 'Later', '/zelfde/': 'Later' });
  visitor.assertNoErrors();
});

test('coming back by the browser’s cache is a page view', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/e-bikes/`);
  const { visitor: id } = await stateOf(page);
  await page.evaluate(() => {
    window.sameDocument = true;
    addEventListener('pageshow', (event) => { window.restored = event.persisted; });
  });
  await page.locator('#hoofdmenu').getByRole('link', { name: 'Racefietsen' }).click();
  await page.waitForURL('**/racefietsen/');
  await stateOf(page);
  await page.evaluate(() => history.back());
  await until('the first page is back', () => page.url().endsWith('/e-bikes/'));
  await until('it comes from the cache', () => page.evaluate(() => window.sameDocument && window.restored).catch(() => false));
  await page.evaluate(() => window.firstglance('track', 'After Return'));
  assert.deepEqual(await views(id, 3), ['/e-bikes/', '/racefietsen/', '/e-bikes/']);
  await until('the page works on', async () => named(await shop.admin.timeline(id), 'After Return').length === 1);
  const profile = await shop.admin.profile(id);
  assert.equal(profile.pages.find((each) => each.path === '/e-bikes/').views, 2);
  visitor.assertNoErrors();
});

test('two script tags count once', async () => {
  visitor = await shop.visitor({
    changeHtml: (html) => html.replace(/<script async src="\/fg\.js".*?<\/script>/, '$&$&'),
  });
  const page = await visitor.open(`${visitor.origin}/prijzen/`);
  assert.equal(await page.locator('script[src="/fg.js"]').count(), 2);
  const { visitor: id } = await stateOf(page);
  await page.getByRole('button', { name: 'Kies Basis' }).click();
  // And once more, as a tag manager would add it.
  await page.evaluate(() => new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = '/fg.js';
    script.dataset.site = 'demo-fietsen';
    script.onload = resolve;
    document.head.append(script);
  }));
  await pause(500);
  await page.getByRole('button', { name: 'Kies Lease' }).click();
  await page.goto('about:blank');
  assert.deepEqual(await views(id, 1), ['/prijzen/']);
  const events = (await shop.admin.timeline(id)).map(nameOf).filter((name) => !/^(Page Engaged|Form Viewed)$/.test(name));
  assert.deepEqual(events.sort(), ['Plan Chosen', 'Plan Chosen', 'page']);
  visitor.assertNoErrors();
});

test('a script that a tag manager adds late works', async () => {
  visitor = await shop.visitor({ changeHtml: (html) => html.replace(/<script async src="\/fg\.js".*?<\/script>/, '') });
  const page = await visitor.open(`${visitor.origin}/prijzen/`);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.src = '/fg.js';
    script.dataset.site = 'demo-fietsen';
    document.head.append(script);
  });
  const { visitor: id } = await stateOf(page);
  await page.goto('about:blank');
  assert.deepEqual(await views(id, 1), ['/prijzen/']);
  visitor.assertNoErrors();
});

test('clicks that the page keeps to itself are counted, and stay the page’s', async () => {
  visitor = await shop.visitor();
  const page = await visitor.open(`${visitor.origin}/prijzen/`);
  const { visitor: id } = await stateOf(page);
  await page.evaluate(() => document.body.addEventListener('click', (event) => {
    event.stopImmediatePropagation();
    event.preventDefault();
  }, true));
  await page.locator('#hoofdmenu').getByRole('link', { name: 'Contact' }).click();
  await pause(200);
  assert.equal(new URL(page.url()).pathname, '/prijzen/');
  await page.goto('about:blank');
  await until('the click is stored', async () => named(await shop.admin.timeline(id), 'Link Clicked').length === 1);
});

for (const [what, body] of [['damaged', 'nonsense'], ['of a later version', '\u{3f}']]) {
  test(`a model that is ${what} leaves the page capturing and the collector answering`, async () => {
    visitor = await shop.visitor();
    const page = await visitor.open();
    await page.route('**/v1/model*', (route) => route.fulfill({
      status: 200, contentType: 'text/plain; charset=utf-8', headers: { 'x-firstglance-consent': 'granted' }, body,
    }));
    await page.goto(`${visitor.origin}/zoeken/?q=e-bike`);
    await until('the search is stored', async () => (await me(page)).searches.length > 0);
    await page.goto(`${visitor.origin}/e-bikes/`);
    await until('the collector has told the page its segments', () =>
      page.evaluate(() => document.documentElement.dataset.fgSegments === 'e-bikes'));
    const { visitor: id } = await stateOf(page);
    assert.deepEqual(await views(id, 2), ['/zoeken/', '/e-bikes/']);
    visitor.assertNoErrors();
  });
}

/*
 * The demo shop as visitors of every kind see it: what differs for them, that the panel says why, and
 * that axe-core finds nothing wrong with it. With SCREENSHOT_DIR set, it leaves pictures there.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { violations } from './lib/axe.mjs';
import { nextFrame, stateOf, until } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const PICTURES = process.env.SCREENSHOT_DIR;
const VIEWS = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'wide', width: 1440, height: 900 },
];
/** Moves the date on to tomorrow, once a page has said so; all other clocks go on as they are. */
const TOMORROW = () => {
  if (location.protocol === 'about:' || !localStorage.getItem('test:tomorrow')) return;
  const Real = Date;
  const now = () => Real.now() + 20 * 60 * 60 * 1_000;
  window.Date = class extends Real {
    constructor(...parts) {
      super(...(parts.length ? parts : [now()]));
    }

    static now() {
      return now();
    }
  };
};
const BRAND = '/?utm_source=google&utm_medium=cpc&utm_term=wielrijk';

let shop;
let visitor;
before(async () => {
  // Who is held out is chance to a test; one of its own looks at that.
  shop = await Shop.open({ configure: (text) => text.replace('control = 10', 'control = 0') });
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

async function arrive(from, address = '/') {
  visitor = await from.visitor({ init: TOMORROW, viewport: VIEWS[1] });
  const page = await visitor.open(visitor.origin + address);
  await stateOf(page);
  return page;
}

/** Lets the visitor search for topics, the last one twice. */
async function wants(page, ...topics) {
  await until('the part is there', () => page.evaluate(() => Boolean(window.firstglance.q.fg.page)));
  for (const topic of [...topics, topics.at(-1)]) {
    await page.evaluate((label) => {
      window.firstglance('track', 'Topic Seen', { topics: [label] });
      window.firstglance('track', 'Site Searched', { query: label });
    }, topic);
  }
  await nextFrame(page);
}

async function go(page, path) {
  await page.goto(visitor.origin + path);
  await stateOf(page);
  await nextFrame(page);
}

/** What the panel says has changed, by block. */
const changes = (page) => page.evaluate(() => Object.fromEntries(
  [...document.querySelectorAll('#fg-panel-changes li[data-block]')].map((line) => [line.dataset.block, line.textContent]),
));

/** Waits until the panel says of a block why it is as it is. */
const says = (page, block, why) => until(`the panel says of "${block}": ${why}`, async () =>
  why.test((await changes(page))[block] ?? ''));

/** Nothing that axe-core knows is wrong, on a wide screen and, where that is another page, on a phone. */
async function sound(page, name, views = VIEWS.slice(1)) {
  for (const view of PICTURES ? VIEWS : views) {
    await page.setViewportSize(view);
    assert.deepEqual(await violations(page), [], `${name}, ${view.name}`);
    if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}-${view.name}.png`), fullPage: true });
  }
  visitor.assertNoErrors();
}

const hero = (page) => page.locator('section[data-fg-slot="hero"]').getAttribute('data-fg-variant');

test('somebody new sees what everybody sees', async () => {
  const page = await arrive(shop);
  assert.equal(await hero(page), null);
  assert.deepEqual(await changes(page), {});
  await sound(page, 'new', VIEWS);
});

for (const [topic, id] of [['E-bikes', 'e-bikes'], ['Kinderfietsen', 'kinderfietsen'], ['Bakfietsen', 'bakfietsen'], ['Racefietsen', 'racefietsen']]) {
  test(`who wants ${topic} gets them first: hero, articles, heading`, async () => {
    const page = await arrive(shop);
    await wants(page, topic);
    await go(page, '/');
    await until('the hero follows', async () => await hero(page) === id);
    await says(page, 'Openingsblok', new RegExp(`je interesse in ${topic} is \\d+%`));
    await says(page, 'Kop boven de artikelen', /bekijk je het meest/);
    assert.equal(await page.locator('[data-fg-text]').textContent(), topic);
    const places = await page.locator('[data-fg-sort] > li').evaluateAll((items) => items.map((item) => item.dataset.fgTopic));
    if (places.includes(topic)) assert.equal(places[0], topic);
    await go(page, '/magazine/');
    assert.equal(await page.locator('[data-fg-sort] > li').first().getAttribute('data-fg-topic'), topic);
    await go(page, '/');
    await sound(page, `wants-${id}`);
  });
}

test('of two topics the hero follows the stronger one', async () => {
  const page = await arrive(shop);
  await wants(page, 'E-bikes');
  await wants(page, 'Racefietsen', 'Racefietsen', 'Racefietsen');
  await go(page, '/');
  await until('the hero follows', async () => await hero(page) === 'racefietsen');
});

test('a warm lead who comes back sees the test ride', async () => {
  const page = await arrive(shop);
  await wants(page, 'E-bikes');
  await page.evaluate(() => localStorage.setItem('test:tomorrow', '1'));
  await go(page, '/');
  const strip = page.locator('[data-fg-slot="aanbod"]');
  await until('the offer is there', async () => {
    await go(page, '/');
    return await strip.getAttribute('data-fg-variant') === 'proefrit';
  });
  assert.match(await strip.textContent(), /Proefrijden/);
  assert.equal(await strip.locator('a').getAttribute('href'), '/contact/?onderwerp=proefrit');
  await says(page, 'Aanbod bovenaan', /je komt terug en bent al geïnteresseerd/);
  await sound(page, 'returns', VIEWS);
});

test('who came for the shop by name skips its story', async () => {
  const page = await arrive(shop, BRAND);
  await until('the story is left out', () => page.locator('[data-fg-hide]').evaluate((element) => element.hidden));
  await says(page, 'Wie wij zijn is weggelaten', /je zocht ons op naam/);
  await sound(page, 'brand');
});

test('who is held out sees the default, and is told so', async () => {
  const held = await Shop.open({ configure: (text) => text.replace('control = 10', 'control = 90') });
  try {
    // Nine of ten are.
    for (let attempt = 1; ; attempt += 1) {
      const page = await arrive(held);
      await wants(page, 'E-bikes');
      await page.evaluate(() => localStorage.setItem('test:tomorrow', '1'));
      await go(page, '/');
      await go(page, '/');
      const { kind } = await page.evaluate(() => new Promise((resolve) => window.firstglance('decide', 'aanbod', resolve)));
      if (kind === 'control') {
        assert.equal(await page.locator('[data-fg-slot="aanbod"]').getAttribute('data-fg-variant'), null);
        assert.match(await page.locator('[data-fg-slot="aanbod"]').textContent(), /Zaterdag open/);
        await says(page, 'Aanbod bovenaan', /om te meten of het helpt/);
        await sound(page, 'held-out');
        return;
      }
      assert.ok(attempt < 12, 'somebody is held out');
      await visitor.leave();
    }
  } finally {
    await held.close();
  }
});

test('who refuses sees what everybody sees', async () => {
  const page = await arrive(shop);
  await wants(page, 'Bakfietsen');
  await page.evaluate(() => window.firstglance('consent', 'denied'));
  await go(page, '/');
  assert.equal(await hero(page), null);
  assert.deepEqual(await changes(page), {});
  await sound(page, 'denied');
});

test('the page for site owners shows each of them live', async () => {
  const page = await arrive(shop);
  await wants(page, 'Bakfietsen');
  await go(page, '/eigenaar/');
  await until('the examples follow', async () => {
    return /hele gezin/.test(await page.locator('div[data-fg-slot="voorbeeld"]').textContent());
  });
  assert.equal(await page.locator('.live [data-fg-text]').textContent(), 'Bakfietsen');
  assert.equal(await page.locator('.live [data-fg-sort] > li').first().textContent(), 'Bakfietsen');
  await sound(page, 'owners', VIEWS);
});

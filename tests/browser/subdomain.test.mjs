/*
 * A site on several host names: the visitor is one on all of them where the owner says so. These
 * pages come without TLS, so that the browser has no locks and no `randomUUID` for them.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { nameOf } from './lib/admin.mjs';
import { stateOf, until, waiting } from './lib/browser.mjs';
import { Shop } from './lib/shop.mjs';

const SITE = 'wielrijk.test';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open({
    site: SITE,
    configure: (text) => text.replace('[site]', `[site]\ncookie_domain = "${SITE}"`),
  });
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

const address = (host, path) => `http://${host}.${SITE}:${new URL(visitor.origin).port}${path}`;
const cookies = async () => (await visitor.context.cookies()).map(({ name, domain }) => `${name} ${domain}`);

test('the visitor is one on all subdomains, and is forgotten on all of them', async () => {
  visitor = await shop.visitor();
  const shopPage = await visitor.open(address('winkel', '/e-bikes/'));
  assert.equal(await shopPage.evaluate(() => Boolean(navigator.locks || crypto.randomUUID)), false);
  const { visitor: id } = await stateOf(shopPage);
  await until('the cookie is there', async () => (await cookies()).length === 1);
  assert.deepEqual(await cookies(), [`fg_visitor .${SITE}`]);

  const magazine = await visitor.open(address('magazine', '/magazine/'));
  assert.equal((await stateOf(magazine)).visitor, id);
  await until('both pages are stored', async () => (await shop.admin.profile(id))?.pageViews === 2);

  await magazine.evaluate(() => window.firstglance('consent', 'denied'));
  await until('the cookie is gone', async () => (await cookies()).length === 0);
  visitor.assertNoErrors();
});

test('without locks, two tabs at once count everything once', async () => {
  visitor = await shop.visitor({ clock: true });
  const pages = [await visitor.open(address('winkel', '/e-bikes/'))];
  const { visitor: id } = await stateOf(pages[0]);
  pages.push(await visitor.open(address('winkel', '/racefietsen/')));
  await stateOf(pages[1]);
  const done = ['page', 'page'];
  for (let round = 0; round < 4; round++) {
    await Promise.all(pages.map(async (page, tab) => {
      const name = `Tab ${tab} round ${round}`;
      done.push(name);
      await page.evaluate((event) => window.firstglance('track', event), name);
      await page.clock.runFor(4_000);
    }));
  }
  await until('nothing waits any more', async () => {
    await pages[0].clock.runFor(5_000);
    return (await waiting(pages[0])) === 0;
  });
  const events = (await shop.admin.timeline(id)).map(nameOf).filter((name) => !/^(Page Engaged|Form Viewed)$/.test(name));
  assert.deepEqual(events.sort(), done.sort());
  // The clocks of the two pages leap apart here, so what is under way seems to be lost now and then and
  // is sent again; that it counts once is the collector's part.
  const stored = (await shop.admin.timeline(id)).map((event) => event.messageId);
  assert.equal(new Set(stored).size, stored.length);
  visitor.assertNoErrors();
});

test('the cookie of a site with an id is its own, beside that of another site', async () => {
  const named = await Shop.open({
    site: SITE,
    configure: (text) => text.replace('[site]', `[site]\nid = "shop"\ncookie_domain = "${SITE}"`),
  });
  try {
    visitor = await named.visitor();
    const { visitor: id } = await stateOf(await visitor.open(address('winkel', '/e-bikes/')));
    await until('the cookie is there', async () => (await cookies()).length === 1);
    assert.deepEqual(await cookies(), [`fg_visitor_demo-fietsen .${SITE}`]);
    const foreign = { name: 'fg_visitor', value: 'somebody.else', domain: `.${SITE}`, path: '/' };
    await visitor.context.addCookies([foreign]);

    // Nothing is stored for this host, so the cookie says who it is.
    const magazine = await visitor.open(address('magazine', '/magazine/'));
    assert.equal((await stateOf(magazine)).visitor, id);
    await until('the page is stored', async () => (await named.admin.profile(id))?.pageViews === 2);
    await magazine.evaluate(() => window.firstglance('consent', 'denied'));
    await until('the cookie is gone', async () => (await cookies()).length === 1);
    assert.deepEqual(await cookies(), [`fg_visitor .${SITE}`]);
    visitor.assertNoErrors();
  } finally {
    await visitor?.leave();
    visitor = undefined;
    await named.close();
  }
});

/*
 * Somebody who looks at the console of a collector: signs in, opens its pages, and lets axe-core judge
 * them. Whatever goes wrong in a page is remembered as for visitors. With SCREENSHOT_DIR set,
 * `picture` leaves what was seen there.
 */
import assert from 'node:assert/strict';

import { violations } from './axe.mjs';
import { Visitor } from './browser.mjs';
import { WRITE_KEY } from './collector.mjs';
import { Shop } from './shop.mjs';

/** The rules of axe-core that the console keeps to. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** The id of the demo shop's site, which has no other. */
export const SITE_ID = 'site';

/** How the console is looked at: on a wide screen in both themes, and on a phone. */
export const LOOKS = [
  { name: 'light', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
];

/** A shop, and those who look at its console. */
export class Console extends Shop {
  #viewers = [];
  /** Cookies of those who have signed in, by their token: one address may not try often. */
  #sessions = new Map();

  /**
   * Somebody who is signed in, with the owner's token unless another is given; who has signed in before
   * goes on with that session. `see` opens a page below the site's, such as `profiles?stage=lead`; the
   * rest is as for a visitor.
   */
  async signIn({ token = this.admin.token, locale = 'en-GB', ...options } = {}) {
    const viewer = await Visitor.arrive(this.browser, { locale, ...options });
    this.#viewers.push(viewer);
    const session = this.#sessions.get(token);
    if (session) await viewer.context.addCookies(session);
    const page = await viewer.open(`${this.collector.origin}/console`);
    if (!session) {
      await page.fill('#token', token);
      await page.click('button.primary');
      await page.waitForURL(/\/console\/(?!-)/);
      this.#sessions.set(token, await viewer.context.cookies());
    }
    viewer.page = page;
    viewer.at = (path) => `${this.collector.origin}/console/${SITE_ID}/${path}`;
    viewer.see = async (path) => {
      await page.goto(viewer.at(path));
      return page;
    };
    return viewer;
  }

  /**
   * Sends messages of one visitor or several, as pages send them: `messages` as in Segment's
   * specification, without `messageId` and `timestamp` where these do not matter. Gives the answer.
   */
  async send(messages, { key = WRITE_KEY, origin } = {}) {
    const now = new Date().toISOString();
    const batch = messages.map((message) => ({ messageId: crypto.randomUUID(), timestamp: now, ...message }));
    return fetch(`${this.collector.origin}/v1/batch`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', ...(origin && { origin }) },
      body: JSON.stringify({ writeKey: key, sentAt: new Date().toISOString(), batch }),
    });
  }

  async close() {
    for (const viewer of this.#viewers) await viewer.leave();
    await super.close();
  }
}

/** Fails when axe-core finds anything wrong. */
export async function assertAccessible(page, about = page.url()) {
  assert.deepEqual(await violations(page, RULES), [], about);
}

/** Fails when a text of a page has become more than a text: markup, a script that set `window.hit`, a link. */
export async function assertHarmless(page, about = page.url()) {
  const found = await page.evaluate(() => ({
    hit: window.hit ?? null,
    injected: document.querySelectorAll('#injected, main :is(img, iframe, script), main svg[onload]').length,
    handlers: [...document.querySelectorAll('*')].filter((one) => [...one.attributes].some(({ name }) => name.startsWith('on'))).length,
    inline: document.querySelectorAll('script:not([src])').length,
    links: [...document.querySelectorAll('a[href], form[action]')].filter((one) => /^(javascript|data):/i.test(one.getAttribute('href') ?? one.getAttribute('action'))).length,
  }));
  assert.deepEqual(found, { hit: null, injected: 0, handlers: 0, inline: 0, links: 0 }, about);
}

/** Fails when a page is wider than its window: whoever reads on a phone would have to drag it. */
export async function assertFits(page) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(wide <= window, `the page is ${wide} wide in a window of ${window}: ${page.url()}`);
}

/**
 * Sees a page, or several, in each of the looks: axe-core finds nothing, it fits, nothing goes wrong in it,
 * and, where SCREENSHOT_DIR is set, a picture is left there under the name. One who looks signs in once:
 * sign-ins are limited.
 */
export async function judge(console, paths, name) {
  for (const { name: look, ...options } of LOOKS) {
    const viewer = await console.signIn(options);
    for (const path of [paths].flat()) {
      const page = await viewer.see(path);
      await page.waitForLoadState('load');
      await picture(page, `${name ?? path.replace(/\W+/g, '-')}-${look}`);
      await assertAccessible(page, `${path} (${look})`);
      await assertFits(page);
    }
    viewer.assertNoErrors();
    await viewer.leave();
  }
}

/** Leaves a picture of the whole page, where SCREENSHOT_DIR says that pictures are wanted. */
export async function picture(page, name) {
  if (process.env.SCREENSHOT_DIR) await page.screenshot({ path: `${process.env.SCREENSHOT_DIR}/${name}.png`, fullPage: true });
}

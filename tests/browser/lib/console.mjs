/*
 * Somebody who looks at the console of a collector: signs in, opens its pages, and lets axe-core judge
 * them. Whatever goes wrong in a page is remembered as for visitors. With SCREENSHOT_DIR set,
 * `picture` leaves what was seen there.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import { launch, Visitor } from './browser.mjs';
import { Collector, WRITE_KEY } from './collector.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The id of the demo shop's site, which has no other. */
export const SITE_ID = 'site';

/** How the console is looked at: on a wide screen in both themes, and on a phone. */
export const LOOKS = [
  { name: 'light', viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  { name: 'dark', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
];

export class Console {
  #contexts = [];
  /** Cookies of those who have signed in, by their token: one address may not try often. */
  #sessions = new Map();

  /** Starts a collector and a browser; `configure` as for the collector. */
  static async open({ configure } = {}) {
    const opened = new Console();
    try {
      opened.collector = await Collector.start({ configure });
      opened.browser = await launch();
    } catch (error) {
      await opened.close();
      throw error;
    }
    return opened;
  }

  get admin() {
    return this.collector.admin;
  }

  /**
   * Somebody who is signed in, with the owner's token unless another is given; who has signed in before
   * goes on with that session. `see` opens a page below the site's, such as `profiles?stage=lead`; the
   * rest is as for a visitor.
   */
  async signIn({ token = this.admin.token, locale = 'en-GB', ...options } = {}) {
    const viewer = await Visitor.arrive(this.browser, { locale, ...options });
    this.#contexts.push(viewer);
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
    for (const viewer of this.#contexts) await viewer.leave();
    await this.browser?.close();
    await this.collector?.remove();
  }
}

/** What axe-core finds wrong with a page as it is now: one line each. */
export async function violations(page) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(AXE);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  return page.evaluate(async (values) => {
    const found = await window.axe.run(document, { runOnly: { type: 'tag', values }, resultTypes: ['violations'] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
  }, tags);
}

/** Fails when axe-core finds anything wrong. */
export async function assertAccessible(page, about = page.url()) {
  assert.deepEqual(await violations(page), [], about);
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

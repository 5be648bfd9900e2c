/*
 * A real Chromium and the visitors in it. Every visitor is a browser context: storage and cookies
 * of their own. Nothing but loopback addresses is ever asked for, and whatever goes wrong in a
 * page is remembered, for no test may pass over it.
 */
import assert from 'node:assert/strict';

import { chromium } from 'playwright-core';

/** Milliseconds after which what is waited for will not come, however busy the machine is. */
const PATIENCE = 60_000;

export const ARGUMENTS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

// No name leads anywhere, but those of a test's own site. Playwright's own interception would do the
// same, and would lose what pages send while they are left.
const resolve = (site) =>
  `--host-resolver-rules=${site ? `MAP *.${site} 127.0.0.1, ` : ''}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`;

/** Chromium's program. */
export const executable = process.env.CHROMIUM || '/usr/bin/chromium';

/** Starts the browser. `cache` leaves the cache for going back and forth on, as people have it; all
 * names below `site` lead to this machine. */
export function launch({ cache = false, site } = {}) {
  return chromium.launch({
    executablePath: executable,
    args: [...ARGUMENTS, resolve(site)],
    ignoreDefaultArgs: cache ? ['--disable-back-forward-cache'] : [],
  });
}

/** A visitor. */
export class Visitor {
  /** Errors of pages and error messages on the console, in the order they came. */
  errors = [];
  /** Addresses outside this machine that a page wanted. */
  outside = [];

  /**
   * A new visitor. `clock` gives them a clock that a test can move on; `init` is a script, or
   * several, that run in every page before anything else.
   */
  static async arrive(browser, { clock = false, init = [], ...options } = {}) {
    const visitor = new Visitor();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'nl-NL', ...options });
    visitor.context = context;
    context.setDefaultTimeout(PATIENCE);
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^https?:$/.test(protocol) && hostname !== '127.0.0.1') visitor.outside.push(request.url());
    });
    context.on('page', (page) => visitor.#watch(page));
    for (const script of [init].flat()) await context.addInitScript(script);
    if (clock) await context.clock.install();
    return visitor;
  }

  /** A new page, at an address if one is given. */
  async open(address, options) {
    const page = await this.context.newPage();
    if (address) await page.goto(address, options);
    return page;
  }

  #watch(page) {
    page.on('pageerror', (error) => this.errors.push(`error: ${error.stack || error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on('crash', () => this.errors.push('the page crashed'));
  }

  /** Fails when anything went wrong, but for what is expected in this test. */
  assertNoErrors(expected = /^$/) {
    assert.deepEqual(this.errors.filter((error) => !expected.test(error)), []);
  }

  /** What the browser keeps of this site: names of the storages, cookies, databases. */
  async kept(page) {
    const stored = await page.evaluate(async () => ({
      local: Object.keys(localStorage).sort(),
      session: Object.keys(sessionStorage).sort(),
      databases: (await indexedDB.databases()).map((each) => each.name),
      caches: self.caches ? await caches.keys() : [],
    }));
    return { ...stored, cookies: (await this.context.cookies()).map((cookie) => cookie.name) };
  }

  leave() {
    return this.context.close();
  }
}

/** The state that the page knows, once there is one: the tracker is at work then. */
export async function stateOf(page) {
  const told = page.evaluate(() => new Promise((resolve) => {
    const api = window.firstglance = window.firstglance || function () {
      (api.q = api.q || []).push(arguments);
    };
    api('onSegments', resolve);
  }));
  const state = await within('the page is told a state', told);
  // Parts come where the page has something for them, some with the first sign of life: a test is faster
  // than anybody who fills in a form.
  if (state.consent && state.consent !== 'denied') {
    await until('the parts are there', () => page.evaluate(() => {
      dispatchEvent(new Event('pointermove'));
      const [told] = window.firstglance.q.kit ?? [{}];
      const has = (selector) => document.querySelector(selector);
      return (!document.forms.length || Boolean(told.forms || has('script[data-forms="0"]')))
        && (!has('[data-fg-search],[role=search],search') || Boolean(told.typing))
        && (!has('[data-fg-show],[data-fg-slot],[data-fg-hide],[data-fg-text],[data-fg-sort]') || Boolean(window.firstglance.q.fg.page));
    })).catch(() => {});
  }
  return state;
}

/** Waits until the page was drawn once more: what the visitor did shows by then. */
export const nextFrame = (page) => page.evaluate(() => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve));
}));

/** Fails when a promise takes too long. */
async function within(what, promise, patience = PATIENCE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `not within ${patience / 1_000} s: ${what}` })), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    // What comes after that concerns nobody any more.
    promise.catch(() => {});
  }
}

/** How many messages wait in the storage for the collector's answer. */
export const waiting = (page) => page.evaluate(() =>
  Object.keys(localStorage).filter((key) => /^fg:[^:]+:q:/.test(key)).length);

/** Who this browser is to the collector. */
export const me = (page) => page.evaluate(async () => (await fetch('/v1/me')).json());

/**
 * Reads the page as a person does: in steps to the end, with a clock that the test moves on.
 * `seconds` pass altogether.
 */
export async function read(page, seconds = 60) {
  const viewport = page.viewportSize();
  await page.mouse.move(viewport.width / 2, viewport.height / 2);
  const steps = 6;
  for (let step = 0; step < steps; step++) {
    const end = await page.evaluate(() => document.scrollingElement.scrollHeight);
    await page.evaluate((top) => window.scrollTo(0, top), (end * (step + 1)) / steps);
    await page.mouse.move(viewport.width / 2 + step, viewport.height / 2);
    // More than a few seconds without a sign of life would not count as reading.
    for (let left = seconds / steps; left > 0; left -= 5) {
      await page.mouse.move(viewport.width / 2, viewport.height / 2 + (left % 7));
      await page.clock.runFor(Math.min(5, left) * 1_000);
    }
  }
}

/** Waits until a condition holds, and gives what it gave. */
export async function until(what, condition, patience = PATIENCE) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new assert.AssertionError({ message: `not within ${patience / 1_000} s: ${what}` });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

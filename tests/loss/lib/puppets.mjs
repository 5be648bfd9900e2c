/*
 * Chromium, over its own protocol, and Firefox, over WebDriver BiDi: as their makers build them,
 * with a profile that is thrown away. Names lead nowhere but to this machine.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import puppeteer from 'puppeteer-core';

import { descendants, kill } from './processes.mjs';

/** What Puppeteer calls the conditions that Chromium's own tools call "Slow 3G". */
const SLOW = { download: 50_000, upload: 50_000, latency: 2_000 };

const CHROMIUM = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-component-update',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];
/** Settings of Firefox that keep it from calling home. */
const FIREFOX = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.no_proxies_on': '127.0.0.1',
  // Else it would send what is for this machine through the proxy as well.
  'network.proxy.allow_hijacking_localhost': false,
};

const starts = {
  chromium: async (folder, { denied, privately }) => {
    if (denied) {
      await mkdir(join(folder, 'Default'), { recursive: true });
      // "Don't allow sites to save data on your device".
      await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify({
        profile: { default_content_setting_values: { cookies: 2 } },
      }));
    }
    return {
      browser: 'chrome',
      executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
      args: [...CHROMIUM, ...(privately ? ['--incognito'] : [])],
    };
  },
  firefox: async (folder, { denied, privately }) => ({
    browser: 'firefox',
    executablePath: process.env.FIREFOX || '/usr/bin/firefox-esr',
    extraPrefsFirefox: {
      ...FIREFOX,
      ...(denied && { 'network.cookie.cookieBehavior': 2 }),
      // Its private windows ask by Global Privacy Control for nothing to be counted, and Firstglance
      // then counts nothing; what is to be seen here is what else a private window changes.
      ...(privately && { 'browser.privatebrowsing.autostart': true, 'privacy.globalprivacycontrol.pbmode.enabled': false }),
    },
  }),
};

/** Milliseconds that a page may take to come. */
const PATIENCE = 30_000;
/** How often a page that is being replaced is asked again. */
const RETRIES = 50;

class Tab {
  constructor(page) {
    this.page = page;
  }

  goto(url, { wait = 'load' } = {}) {
    return this.page.goto(url, { waitUntil: wait });
  }

  /** Runs a function in the page. */
  async run(fn, ...values) {
    for (let tries = 0; ; tries++) {
      try {
        return await this.page.evaluate(fn, ...values);
      } catch (error) {
        // A prepared page takes the place of another: nothing has run yet.
        if (!/detached Frame/.test(error.message) || tries === RETRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Runs a function that leaves the page, and waits for the next one's document. */
  async leave(fn, ...values) {
    const before = await this.page.evaluate(() => performance.timeOrigin);
    // The answer may go down with the page, a page on its way answers nothing, and an
    // empty one may come before it.
    await this.page.evaluate(fn, ...values).catch(() => {});
    const arrived = () => this.page.evaluate((last) => performance.timeOrigin !== last && location.protocol !== 'about:' && document.readyState !== 'loading', before);
    const deadline = Date.now() + PATIENCE;
    while (!await arrived().catch(() => false)) {
      if (Date.now() > deadline) throw new Error('the next page does not come');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  back() {
    return this.page.goBack({ waitUntil: 'domcontentloaded' }).catch(() => {});
  }

  /** Closes it as its button does: the page is told. */
  async close() {
    const closed = new Promise((resolve) => { this.page.once('close', resolve); });
    await this.page.close({ runBeforeUnload: true });
    await closed;
  }

  /** Cuts or gives back the network, and tells the page, as far as the browser can. */
  async offline(is) {
    await this.page.setOfflineMode(is);
  }

  /** A slow network; false where the browser cannot. */
  async slow() {
    if (this.page.browser().process().spawnfile.includes('firefox')) return false;
    await this.page.emulateNetworkConditions(SLOW);
    return true;
  }
}

class Visitor {
  constructor(context, browser) {
    this.context = context;
    this.browser = browser;
  }

  async open() {
    return new Tab(await this.context.newPage());
  }

  /** Kills the processes of all pages. */
  async crash() {
    const parent = this.browser.process().pid;
    if (this.browser.process().spawnfile.includes('firefox')) {
      kill(descendants(parent, /-contentproc.* tab$/));
    } else {
      const session = await this.browser.target().createCDPSession();
      const { processInfo } = await session.send('SystemInfo.getProcessInfo');
      kill(processInfo.filter((each) => each.type === 'renderer').map((each) => each.id));
    }
  }

  async leave() {
    if (this.context !== this.browser.defaultBrowserContext()) await this.context.close();
  }
}

export class Puppets {
  /** Starts a browser: `chromium` or `firefox`. `denied`: sites may keep nothing; `privately`: its
   * windows are private ones. */
  static async start(name, options = {}) {
    const puppets = new Puppets();
    puppets.folder = await mkdtemp(join(tmpdir(), 'firstglance-loss-'));
    puppets.plain = !options.denied && !options.privately;
    puppets.browser = await puppeteer.launch({
      headless: true,
      userDataDir: puppets.folder,
      protocolTimeout: 60_000,
      ...await starts[name](puppets.folder, options),
    });
    return puppets;
  }

  get alive() {
    return this.browser.connected;
  }

  /** Somebody new; with storage of their own where the browser is a plain one, else the browser's. */
  async visitor() {
    const context = this.plain ? await this.browser.createBrowserContext() : this.browser.defaultBrowserContext();
    return new Visitor(context, this.browser);
  }

  async close() {
    await this.browser.close().catch(() => this.browser.process()?.kill('SIGKILL'));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/*
 * WebKitGTK, over the classic WebDriver protocol of Debian's webkit2gtk-driver, on a screen of its
 * own that nobody sees. Its sessions are private by nature: nothing of them is kept on the disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

import { freePort } from '../../browser/lib/collector.mjs';

const BROWSERS = ['4.1', '4.0', '6.0'].map((version) => `webkit2gtk-${version}/MiniBrowser`)
  .flatMap((path) => ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/${path}`));

/** No graphics card, and no sandbox, as for the other browsers. */
const ENVIRONMENT = {
  LIBGL_ALWAYS_SOFTWARE: '1',
  WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  WEBKIT_DISABLE_COMPOSITING_MODE: '1',
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
};

const PATIENCE = 60_000;

/** Processes of ours. */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function start(program, args, options) {
  const child = spawn(program, args, options);
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

async function end(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

class Tab {
  constructor(session, handle) {
    this.session = session;
    this.handle = handle;
  }

  async #ask(method, path, body) {
    await this.session.ask('POST', '/window', { handle: this.handle });
    return this.session.ask(method, path, body);
  }

  goto(url) {
    return this.#ask('POST', '/url', { url });
  }

  async run(fn, ...values) {
    const { value, error } = await this.#ask('POST', '/execute/async', {
      script: `const done = arguments[arguments.length - 1];
        Promise.resolve().then(() => (${fn})(...arguments[0])).then((value) => done({ value }), (error) => done({ error: String(error) }));`,
      args: [values],
    });
    if (error) throw new Error(error);
    return value;
  }

  async leave(fn, ...values) {
    const before = await this.run(() => performance.timeOrigin);
    await this.run(fn, ...values).catch(() => {});
    const deadline = Date.now() + PATIENCE;
    // A page on its way cannot answer, and an empty one may come before it.
    const arrived = () => this.run((last) => performance.timeOrigin !== last && location.protocol !== 'about:' && document.readyState !== 'loading', before);
    while (!await arrived().catch(() => false)) {
      if (Date.now() > deadline) throw new Error('the next page does not come');
    }
  }

  back() {
    return this.#ask('POST', '/back', {});
  }

  close() {
    return this.#ask('DELETE', '/window');
  }

  /** WebKitGTK's driver cannot; the server's end of the network is what is left. */
  async offline() {}

  async slow() {
    return false;
  }
}

class Visitor {
  constructor(session) {
    this.session = session;
  }

  async open() {
    // The window that was asked last may be closed.
    await this.session.ask('POST', '/window', { handle: this.session.home });
    const { handle } = await this.session.ask('POST', '/window/new', { type: 'window' });
    return new Tab(this.session, handle);
  }

  leave() {
    return this.session.end();
  }
}

class Session {
  constructor(origin, driver) {
    this.origin = origin;
    this.driver = driver;
  }

  async begin() {
    const binary = BROWSERS.find((each) => existsSync(each));
    if (!binary) throw new Error(`no ${BROWSERS[0]}; on Debian: apt-get install webkit2gtk-driver xvfb`);
    const { sessionId } = await this.ask('POST', '', {
      capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args: ['--automation'] } } },
    }, `${this.origin}/session`);
    this.address = `${this.origin}/session/${sessionId}`;
    // It counts by the clock of the page, which a case may move on.
    await this.ask('POST', '/timeouts', { script: null });
    this.home = await this.ask('GET', '/window');
  }

  async ask(method, path, body, address = this.address) {
    const answer = await fetch(address + path, {
      method, body: body && JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE * 2),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value?.error} ${value?.message}`);
    return value;
  }

  end() {
    return this.ask('DELETE', '').catch(() => {});
  }
}

export class WebKit {
  static async start() {
    const webkit = new WebKit();
    const display = start('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    webkit.display = display;
    const failed = once(display, 'error').then(([error]) => { throw new Error(`Xvfb does not start: ${error.message}`); });
    const [number] = await Promise.race([once(display.stdio[3], 'data'), failed]);
    webkit.environment = { ...process.env, ...ENVIRONMENT, DISPLAY: `:${String(number).trim()}` };
    return webkit;
  }

  get alive() {
    return this.display.exitCode === null;
  }

  /** Somebody new, in a browser of their own. */
  async visitor() {
    const port = await freePort();
    const driver = start('WebKitWebDriver', [`--port=${port}`], { env: this.environment, stdio: 'ignore' });
    const session = new Session(`http://127.0.0.1:${port}`, driver);
    const deadline = Date.now() + PATIENCE;
    while (!await fetch(`${session.origin}/status`).catch(() => null)) {
      if (Date.now() > deadline) throw new Error('WebKitWebDriver does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await session.begin();
    const visitor = new Visitor(session);
    const { leave } = visitor;
    visitor.leave = async () => {
      await leave.call(visitor);
      await end(driver);
    };
    return visitor;
  }

  async close() {
    await end(this.display);
  }
}

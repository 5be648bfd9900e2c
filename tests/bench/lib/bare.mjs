/*
 * A Chromium that nobody looks into while it is measured: driven by its debugging pipe, which opens
 * pages and records, and attached to no page. An attached driver hears of every request and every
 * call, and the page pays for that: more, the more requests a tracker makes.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ARGUMENTS, executable } from '../../browser/lib/browser.mjs';
import { MARK, pause, tasksOf } from './chromium.mjs';

/** Milliseconds after which a page that was loaded is at rest, and the script is put into it. */
const REST = 900;

/** What a page needs in its head to put a tag into itself once it is at rest. */
export const inserting = (html) => `<script>addEventListener('load', () => setTimeout(() => {
  performance.mark(${JSON.stringify(MARK)});
  document.head.append(document.createRange().createContextualFragment(${JSON.stringify(html).replaceAll('<', '\\x3c')}));
}, ${REST}));</script>`;

export class BareChromium {
  #answers = new Map();
  #recorded = [];
  #finished;
  #last = 0;

  static async launch() {
    const browser = new BareChromium();
    browser.folder = await mkdtemp(join(tmpdir(), 'bench-'));
    const flags = ['--headless', ...ARGUMENTS, `--user-data-dir=${browser.folder}`, '--remote-debugging-pipe', 'about:blank'];
    browser.process = spawn(executable, flags, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    browser.#listen(browser.process.stdio[4]);
    await browser.#ask('Browser.getVersion');
    return browser;
  }

  async close() {
    await this.#ask('Browser.close').catch(() => {});
    await new Promise((resolve) => { this.process.exitCode === null ? this.process.once('exit', resolve) : resolve(); });
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Tasks, as [{time}], that the main thread of a new visitor's page has from the moment on at
   * which it marks that, for so many milliseconds. */
  async record(address, milliseconds) {
    const { browserContextId } = await this.#ask('Target.createBrowserContext');
    this.#recorded = [];
    await this.#ask('Tracing.start', {
      // Tasks and the mark alone: each event that is recorded inside a task is paid for by that task.
      traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'], recordMode: 'recordAsMuchAsPossible' },
    });
    await this.#ask('Target.createTarget', { url: address, browserContextId });
    await pause(2 * REST + milliseconds);
    const finished = new Promise((resolve) => { this.#finished = resolve; });
    await this.#ask('Tracing.end');
    await finished;
    await this.#ask('Target.disposeBrowserContext', { browserContextId });
    return tasksOf(this.#recorded, milliseconds);
  }

  #listen(pipe) {
    let text = '';
    pipe.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      const messages = text.split('\0');
      text = messages.pop();
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  #take({ id, method, params, result, error }) {
    if (method == 'Tracing.dataCollected') this.#recorded.push(...params.value);
    if (method == 'Tracing.tracingComplete') this.#finished();
    const { resolve, reject } = this.#answers.get(id) || {};
    this.#answers.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
  }

  #ask(method, params = {}) {
    return new Promise((resolve, reject) => {
      this.#answers.set(++this.#last, { resolve, reject });
      this.process.stdio[3].write(`${JSON.stringify({ id: this.#last, method, params })}\0`);
    });
  }
}

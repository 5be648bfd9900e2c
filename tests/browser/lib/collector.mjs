/*
 * The real collector as a process of its own: on a free loopback port, with a data folder of its
 * own, serving the demo shop. It keeps its port and data when it is started again, so that a test
 * can stop or kill it under a visitor. Never builds anything, and leaves nothing behind.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Admin } from './admin.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The folder with the demo shop. */
export const SITE = join(ROOT, 'site-demo', 'pages');

/** The write key of the demo shop. */
export const WRITE_KEY = 'demo-fietsen';

const START_PATIENCE = 60_000;

/** Collectors that run. */
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/** The program under test: what FIRSTGLANCE_BIN names, else the newest kind of build there is. */
function program() {
  const given = process.env.FIRSTGLANCE_BIN;
  const target = process.env.CARGO_TARGET_DIR || join(ROOT, 'target');
  const candidates = given ? [given] : ['release', 'debug'].map((kind) => join(target, kind, 'firstglance'));
  const found = candidates.find((each) => existsSync(each));
  if (!found) throw new Error(`no collector at ${candidates.join(' or ')}; "cargo xtask build" makes one`);
  return found;
}

/** A loopback port that nobody listens at now. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Collector {
  #process = null;
  #log = '';

  /**
   * Starts a collector. `origins` are those of pages that may send to it, besides its own;
   * `configure` may change the text of the demo's configuration.
   */
  static async start({ origins = [], configure = (text) => text } = {}) {
    const collector = new Collector();
    collector.folder = await mkdtemp(join(tmpdir(), 'firstglance-browser-'));
    collector.port = await freePort();
    collector.origin = `http://127.0.0.1:${collector.port}`;
    const allowed = [collector.origin, ...origins];
    const demo = await readFile(join(ROOT, 'site-demo', 'firstglance.toml'), 'utf8');
    const config = configure(demo.replace(/^allowed_origins = .*$/m, `allowed_origins = ${JSON.stringify(allowed)}`));
    await writeFile(join(collector.folder, 'firstglance.toml'), config);
    try {
      await collector.run();
    } catch (error) {
      await collector.remove();
      throw error;
    }
    return collector;
  }

  /** Runs it, again with the port and the data it had. */
  async run() {
    const data = join(this.folder, 'data');
    const child = spawn(program(), [
      'serve', '--config', join(this.folder, 'firstglance.toml'), '--data', data,
      '--listen', `127.0.0.1:${this.port}`, '--site', SITE,
    ], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    // A test that is stopped itself leaves no collector behind.
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stderr.on('data', (chunk) => {
      this.#log = (this.#log + chunk).slice(-20_000);
    });
    const deadline = Date.now() + START_PATIENCE;
    for (;;) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the collector ended at once:\n${this.#log}`);
      const ready = await fetch(`${this.origin}/readyz`).catch(() => null);
      if (ready?.ok) break;
      if (Date.now() > deadline) throw new Error(`the collector does not get ready:\n${this.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.admin = new Admin(this.origin, (await readFile(join(data, 'admin-token'), 'utf8')).trim());
  }

  /** Ends it by a signal and waits until it is gone. */
  async stop(signal = 'SIGTERM') {
    const child = this.#process;
    this.#process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  /** What it wrote to its log last. */
  get log() {
    return this.#log;
  }

  /** Ends it and removes all that it kept. */
  async remove() {
    await this.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/*
 * A site of Next.js as a process of its own: `start` serves what was built, `dev` compiles as pages
 * are asked for. Never builds, and leaves nothing running.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { freePort } from '../../browser/lib/collector.mjs';
import { built } from './site.mjs';

const START_PATIENCE = 60_000;

export class Next {
  #log = '';

  static async run(command) {
    const next = new Next();
    const port = await freePort();
    next.origin = `http://127.0.0.1:${port}`;
    // Its program itself and not npm's link to it, so that a signal reaches it.
    next.process = spawn(process.execPath, ['node_modules/next/dist/bin/next', command, '--port', String(port), '--hostname', '127.0.0.1'], {
      cwd: built('next'),
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: command == 'dev' ? 'development' : 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A server in development starts others, which must end with it.
      detached: true,
    });
    process.once('exit', next.#kill);
    for (const stream of [next.process.stdout, next.process.stderr]) {
      stream.on('data', (chunk) => {
        next.#log = (next.#log + chunk).slice(-20_000);
      });
    }
    const deadline = Date.now() + START_PATIENCE;
    while (!(await fetch(next.origin).catch(() => null))?.ok) {
      if (next.process.exitCode !== null || Date.now() > deadline) {
        await next.stop();
        throw new Error(`next ${command} does not get ready:\n${next.#log}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return next;
  }

  #kill = () => {
    try {
      process.kill(-this.process.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };

  async stop() {
    process.off('exit', this.#kill);
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = once(this.process, 'exit');
    this.#kill();
    await gone;
  }
}

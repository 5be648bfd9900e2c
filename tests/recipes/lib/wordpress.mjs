/*
 * A real WordPress: Debian's, on a MariaDB of its own behind a socket, served by PHP itself. All it
 * keeps lies in a folder that goes with it. Never listens but on the loopback address.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from '../../browser/lib/collector.mjs';
import { built, written } from './site.mjs';

const START_PATIENCE = 60_000;
const run = promisify(execFile);

export class WordPress {
  #log = '';
  #processes = [];

  /** Installs and starts it, with one plugin that is always on. */
  static async start(plugin) {
    const wordpress = new WordPress();
    wordpress.folder = await mkdtemp(join(tmpdir(), 'firstglance-wordpress-'));
    try {
      await wordpress.#install(plugin);
    } catch (error) {
      await wordpress.stop();
      throw new Error(`${error.message}\n${wordpress.#log}`);
    }
    return wordpress;
  }

  async #install(plugin) {
    const site = join(this.folder, 'site');
    const data = join(this.folder, 'data');
    const socket = join(this.folder, 'socket');
    await cp(built('wordpress/usr/share/wordpress'), site, { recursive: true, verbatimSymlinks: true });
    for (const name of ['wp-config.php', 'install.php', 'router.php']) {
      await rm(join(site, name), { force: true });
      await copyFile(written('wordpress', name), join(site, name));
    }
    await mkdir(join(site, 'wp-content/mu-plugins'));
    await copyFile(plugin, join(site, 'wp-content/mu-plugins/firstglance.php'));

    const { username } = userInfo();
    await run('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, `--user=${username}`, '--auth-root-authentication-method=normal', '--skip-test-db']);
    const first = join(this.folder, 'first.sql');
    await writeFile(first, [
      'CREATE DATABASE wordpress CHARACTER SET utf8mb4;',
      "CREATE USER wordpress@localhost IDENTIFIED BY '';",
      'GRANT ALL ON wordpress.* TO wordpress@localhost;',
    ].join('\n') + '\n');
    const environment = { ...process.env, RECIPE_SOCKET: socket };
    this.#spawn('mariadbd', ['--no-defaults', `--user=${username}`, `--datadir=${data}`, `--socket=${socket}`, `--pid-file=${socket}.pid`, '--skip-networking', `--init-file=${first}`], environment);
    await this.#until('the database', async () => existsSync(socket));
    await run('php', [join(site, 'install.php')], { env: environment });
    const port = await freePort();
    this.origin = `http://127.0.0.1:${port}`;
    this.#spawn('php', ['-S', `127.0.0.1:${port}`, '-t', site, join(site, 'router.php')], { ...environment, PHP_CLI_SERVER_WORKERS: '4' });
    await this.#until('WordPress', async () => (await fetch(this.origin).catch(() => null))?.ok);
  }

  #spawn(program, given, environment) {
    // A group of its own, for PHP's server starts others.
    const child = spawn(program, given, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: environment });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        this.#log = (this.#log + chunk).slice(-20_000);
      });
    }
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    child.on('error', (error) => {
      this.#log += `${program}: ${error.message}\n`;
    });
    process.once('exit', kill);
    this.#processes.push({ child, kill });
  }

  async #until(what, condition) {
    const deadline = Date.now() + START_PATIENCE;
    while (!(await condition())) {
      if (this.#processes.some(({ child }) => child.exitCode !== null) || Date.now() > deadline) throw new Error(`${what} does not get ready`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop() {
    for (const { child, kill } of this.#processes.reverse()) {
      process.off('exit', kill);
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      kill();
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/*
 * The web server of a recipe's site: files, or another server that makes its pages. Recipes name
 * the collector as their readers would; here it listens somewhere else, so in texts that go to the
 * browser one address stands for the other. Changes nothing else.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request as send } from 'node:http';
import { connect } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** The collector as recipes name it. */
const WRITTEN = 'https://data.example.nl';

const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
};

export class Front {
  #tunnels = new Set();
  /** Where the collector is for the visitor who comes now. */
  collector = '';
  /** Headers that are added to every page. */
  headers = {};
  /** Where pages are made, in place of files. */
  upstream = '';
  /** Paths of pages as they were asked for. */
  pages = [];

  /**
   * Starts a server. Files are looked for in `folders`, in turn; with `fallback`, an address that
   * is no file's is the page of `/`, as a router in the browser wants it.
   */
  static async start({ folders = [], fallback = false } = {}) {
    const front = new Front();
    Object.assign(front, { folders, fallback });
    front.server = createServer((request, response) => front.#answer(request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    }));
    front.server.on('upgrade', (...given) => front.#tunnel(...given));
    front.server.listen(0, '127.0.0.1');
    await once(front.server, 'listening');
    front.origin = `http://127.0.0.1:${front.server.address().port}`;
    return front;
  }

  async stop() {
    this.#tunnels.forEach((end) => end.destroy());
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #answer(request, response) {
    const path = normalize(decodeURIComponent(request.url.split('?')[0]));
    if (path == '/favicon.ico') response.writeHead(204).end();
    else if (this.upstream) this.#pass(request, response);
    else await this.#file(path, response);
  }

  async #file(path, response) {
    const names = [path.endsWith('/') ? join(path, 'index.html') : path];
    if (this.fallback && !extname(path)) names.push('/index.html');
    for (const name of names) {
      for (const folder of this.folders) {
        const content = await readFile(join(folder, name)).catch(() => null);
        if (!content) continue;
        const page = extname(name) == '.html';
        if (page) this.pages.push(path);
        const headers = { 'content-type': TYPES[extname(name)], ...(page && this.#own()) };
        response.writeHead(200, headers).end(this.#addressed(content.toString()));
        return;
      }
    }
    response.writeHead(404).end();
  }

  /** Headers of the test's own, with the collector's address. */
  #own() {
    return JSON.parse(this.#addressed(JSON.stringify(this.headers)));
  }

  #addressed(text) {
    return text.replaceAll(WRITTEN, this.collector);
  }

  #pass(request, response) {
    // Only what is not compressed can be changed.
    const headers = { ...request.headers, connection: 'close' };
    delete headers['accept-encoding'];
    const onward = send(this.upstream + request.url, { method: request.method, headers, agent: false });
    onward.on('response', async (answer) => {
      const added = JSON.parse(this.#addressed(JSON.stringify(answer.headers)));
      for (const name of ['connection', 'transfer-encoding', 'content-length']) delete added[name];
      let body = Buffer.concat(await answer.toArray());
      const type = added['content-type'] ?? '';
      if (/text|javascript|json/.test(type)) {
        delete added.etag;
        body = Buffer.from(this.#addressed(body.toString()));
      }
      if (/^text\/html/.test(type)) {
        this.pages.push(request.url);
        Object.assign(added, this.#own());
      }
      response.writeHead(answer.statusCode, added).end(body);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }

  /** Servers in development tell their pages over a web socket what has changed. */
  #tunnel(request, socket, head) {
    const { hostname, port } = new URL(this.upstream || this.origin);
    const onward = connect(Number(port), hostname, () => {
      const headers = request.rawHeaders.map((text, at) => text + (at % 2 ? '\r\n' : ': ')).join('');
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    this.#tunnels.add(socket).add(onward);
    for (const end of [socket, onward]) {
      end.on('error', () => {});
      end.on('close', () => {
        socket.destroy();
        onward.destroy();
        this.#tunnels.delete(end);
      });
    }
  }
}

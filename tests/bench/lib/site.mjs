/*
 * The site that is measured: pages of the demo shop without the shop's own scripts, and a server
 * that gives Firstglance's own files as the collector does, a peer's as their makers would, and
 * takes in whatever is sent. All files are compressed at best, so that no tracker looks heavier
 * than it has to be.
 */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { SITE } from '../../browser/lib/collector.mjs';

const TYPES = {
  html: 'text/html; charset=utf-8', js: 'text/javascript', wasm: 'application/wasm', css: 'text/css', svg: 'image/svg+xml',
};

/** Only an isolated page has a clock of five microseconds. */
const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** A page whose content scrolls in an element, as many applications have it. */
const framed = (html) => html
  .replace('</head>', '<style>html,body{height:100%;margin:0;overflow:hidden}#scroller{height:100%;overflow:auto}</style></head>')
  .replace(/<body[^>]*>/, (tag) => `${tag}<div id="scroller">`)
  .replace('</body>', '</div></body>');

/** A page that adapts nothing, as most of a site's are. */
const plain = (html) => html.replace(/ data-fg-(show|hide|slot|viewed|text|sort|adapt)(="[^"]*")?/g, '');

export class Site {
  /** Whose server this is at the moment, see `trackers.mjs`. */
  tracker = {};
  /** What a page gets as Firstglance's model: its text, and whether it has rules. */
  model = {};
  /** What every page has at the end of its head. */
  head = '';
  /** Called when a page asks for `/end`, before it is answered. */
  ended = null;
  #compressed = new Map();

  /** Starts it; `assets` is the folder with Firstglance's files. */
  static async start(assets) {
    const site = new Site();
    site.assets = assets;
    site.server = createServer((request, response) => site.#answer(request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    }));
    site.server.listen(0, '127.0.0.1');
    await once(site.server, 'listening');
    site.origin = `http://127.0.0.1:${site.server.address().port}`;
    return site;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { status, headers, body } = await this.#content(url, request, Buffer.concat(chunks));
    response.writeHead(status, { ...ISOLATED, ...headers }).end(body);
  }

  async #content({ pathname, search, searchParams }, { method, headers }, body) {
    if (pathname == '/end') this.ended?.();
    if (method != 'GET') return this.#taken({ method, path: pathname, query: search, headers, body });
    const file = this.tracker.files?.get(pathname);
    if (file) return this.#file(file, 'js');
    if (pathname == '/v1/model') {
      const version = createHash('sha256').update(this.model.text).digest('hex').slice(0, 16);
      return {
        status: 200,
        headers: {
          'content-type': 'text/plain; charset=utf-8', 'content-encoding': 'gzip',
          'x-firstglance-consent': 'granted', 'x-firstglance-options': this.model.rules ? 'search=q&rules=1' : 'search=q', 'x-firstglance-version': version,
        },
        body: gzipSync(this.model.text, { level: 9 }),
      };
    }
    const [, kind] = /\.(\w+)$/.exec(pathname) || [];
    const path = pathname.startsWith('/fg') ? join(this.assets, pathname) : join(SITE, kind ? pathname : `${pathname}/index.html`);
    const found = await readFile(path).catch(() => null);
    if (!found) return this.#taken({ method, path: pathname, query: search, headers, body });
    if (kind) return this.#file(found, kind);
    // The shop's own scripts would be measured with the tracker.
    const html = found.toString().replace(/<script [^>]*src=[^>]*><\/script>/g, '');
    const page = searchParams.has('framed') ? framed(html) : searchParams.has('plain') ? plain(html) : html;
    return this.#file(Buffer.from(page.replace('</head>', `${this.head}</head>`)), 'html');
  }

  #taken(request) {
    return this.tracker.answer?.(request) || { status: 200, headers: { 'content-type': 'application/json' }, body: '{"success":true}' };
  }

  /** Compressed once for each content: the server shares the machine with the browser. */
  #file(bytes, kind) {
    const name = createHash('sha256').update(bytes).digest('hex');
    if (!this.#compressed.has(name)) {
      this.#compressed.set(name, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    }
    return {
      status: 200,
      headers: { 'content-type': TYPES[kind] || 'application/octet-stream', 'content-encoding': 'br' },
      body: this.#compressed.get(name),
    };
  }
}

/*
 * The site that is measured: pages of the demo shop, without the shop's own scripts, and a server
 * that gives Firstglance's own files as the collector does and takes in every batch. Everything is
 * compressed at best, so that no tracker looks heavier than it would be. Counts what it gave.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { SITE, WRITE_KEY } from '../../browser/lib/collector.mjs';

const TYPES = {
  html: 'text/html; charset=utf-8', js: 'text/javascript', wasm: 'application/wasm', css: 'text/css',
  svg: 'image/svg+xml', json: 'application/json', txt: 'text/plain',
};

/** The tag as the owner of a site pastes it. */
export const TAG = { src: '/fg.js', attributes: { 'data-site': WRITE_KEY } };

/** A page whose content scrolls in an element, as many applications have it. */
const framed = (html) => html
  .replace('</head>', '<style>html,body{height:100%;margin:0;overflow:hidden}#scroller{height:100%;overflow:auto}</style></head>')
  .replace(/<body[^>]*>/, (tag) => `${tag}<div id="scroller">`)
  .replace('</body>', '</div></body>');

const withTag = (html, { src, attributes = {} }) => {
  const rest = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`).join('');
  return html.replace('</head>', `<script async src="${src}"${rest}></script></head>`);
};

const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });

export class Site {
  /** What a page gets as its model. */
  model = '';
  /** Requests with events. */
  batches = 0;
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
    const { pathname, searchParams } = new URL(request.url, this.origin);
    // Only an isolated page has a clock of five microseconds.
    const headers = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
    if (request.method == 'POST') {
      for await (const chunk of request) void chunk;
      this.batches += pathname == '/v1/batch';
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"success":true}');
      return;
    }
    if (pathname == '/v1/model') {
      const text = Buffer.from(this.model);
      const version = createHash('sha256').update(text).digest('hex').slice(0, 16);
      response.writeHead(200, {
        'content-type': 'text/plain; charset=utf-8', 'content-encoding': 'gzip',
        'x-firstglance-consent': 'granted', 'x-firstglance-search': 'q', 'x-firstglance-version': version,
      }).end(gzipSync(text, { level: 9 }));
      return;
    }
    if (pathname == '/inert.js') {
      response.writeHead(200, { ...headers, 'content-type': TYPES.js }).end(';');
      return;
    }
    const page = !/\.\w+$/.test(pathname);
    const own = pathname.startsWith('/fg');
    const file = own ? join(this.assets, pathname) : join(SITE, page ? `${pathname}/index.html` : pathname);
    let bytes = await readFile(file).catch(() => null);
    if (!bytes) {
      response.writeHead(404).end();
      return;
    }
    if (page) {
      // The shop's own scripts would be measured with the tracker.
      let html = bytes.toString().replace(/<script [^>]*src=[^>]*><\/script>/g, '');
      if (searchParams.has('framed')) html = framed(html);
      if (searchParams.has('tag')) html = withTag(html, TAG);
      bytes = Buffer.from(html);
    }
    response.writeHead(200, {
      ...headers,
      'content-type': TYPES[page ? 'html' : pathname.split('.').pop()] || 'application/octet-stream',
      'content-encoding': 'br',
    }).end(this.#compress(bytes));
  }

  /** Once for each content: the server shares the machine with the browser that is measured. */
  #compress(bytes) {
    const name = createHash('sha256').update(bytes).digest('hex');
    if (!this.#compressed.has(name)) this.#compressed.set(name, brotli(bytes));
    return this.#compressed.get(name);
  }
}

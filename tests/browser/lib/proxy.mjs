/*
 * A small reverse proxy before a collector, as a site owner may have one. It remembers every
 * request as it really left the browser, also those that a page sends while it is left, which the
 * browser's own tools do not always show. On request it adds headers to answers, changes HTML, or
 * fails. Never keeps a connection to the collector, so that one that was stopped is noticed.
 */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { gunzipSync } from 'node:zlib';

export class Proxy {
  /** Every request: {method, url, path, headers, body (unpacked), status, answered}. */
  requests = [];
  /** Headers that are added to every answer. */
  headers = {};
  /** Answers of its own by path, in place of the collector's: a page's text, or {status, headers, body}. */
  pages = {};
  /** Changes the text of HTML pages: (html, path) => html. */
  changeHtml = null;
  /**
   * Answers in place of the collector: (request) => {status, headers}, or 'silence' for no answer at
   * all; nothing passes the request on.
   */
  fail = null;
  /** Waited for before the collector's answer goes on to the browser: (request) => promise. */
  hold = null;

  /** Starts a proxy that asks the collector at `upstream`. */
  static async start(upstream, { headers = {}, changeHtml = null, pages = {} } = {}) {
    const proxy = new Proxy();
    Object.assign(proxy, { headers, changeHtml, pages });
    proxy.upstream = upstream;
    proxy.server = createServer((request, response) => proxy.#answer(request, response));
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.origin = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  /** Requests to the collector's API. */
  get api() {
    return this.requests.filter((request) => request.path.startsWith('/v1/'));
  }

  /** Requests with events, whatever became of them. */
  get batches() {
    return this.api.filter((request) => request.path === '/v1/batch');
  }

  /** The messages of those requests. */
  get messages() {
    return this.batches.flatMap((request) => JSON.parse(request.body).batch);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #answer(request, response) {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const raw = Buffer.concat(chunks);
    const record = {
      method: request.method,
      url: request.url,
      path: request.url.split('?')[0],
      headers: request.headers,
      body: (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString(),
      status: 0,
      answered: false,
    };
    response.on('finish', () => { record.answered = true; });
    this.requests.push(record);
    const failure = this.fail?.(record);
    if (failure === 'silence') return;
    if (failure) {
      record.status = failure.status;
      response.writeHead(failure.status, failure.headers).end();
      return;
    }
    const own = this.pages[record.path];
    if (own !== undefined) {
      const { status = 200, headers: given, body } = own.trim ? { body: own } : own;
      record.status = status;
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...given, ...this.headers }).end(body);
      return;
    }
    const headers = { ...request.headers, connection: 'close' };
    // Only what is not compressed can be changed.
    if (this.changeHtml) delete headers['accept-encoding'];
    const onward = send(this.upstream + request.url, { method: request.method, headers, agent: false });
    onward.on('response', async (answer) => {
      try {
        record.status = answer.statusCode;
        let body = Buffer.concat(await answer.toArray());
        await this.hold?.(record);
        const added = { ...answer.headers, ...this.headers };
        delete added.connection;
        delete added['transfer-encoding'];
        if (this.changeHtml && /^text\/html/.test(answer.headers['content-type'] ?? '')) {
          body = Buffer.from(this.changeHtml(body.toString(), record.path));
          added['content-length'] = body.length;
          // The collector's tag is of the page as it was.
          delete added.etag;
        }
        response.writeHead(answer.statusCode, added).end(body);
      } catch {
        response.destroy();
      }
    });
    // A collector that is down looks like one: the connection breaks.
    onward.on('error', () => response.destroy());
    onward.end(raw);
  }
}

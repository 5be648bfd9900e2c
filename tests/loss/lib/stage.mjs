/*
 * The site that a visitor of a case comes to: one origin with pages, the tracker's script, and the
 * tracker's server behind them, each of which can fail in its way. Firstglance's server is the real
 * collector; for the others, what they send is read and answered here. Never takes anything for
 * received that it has not answered with success.
 */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';

/** The folder in which Firstglance lies on this site. */
export const FIRSTGLANCE = '/assets/fg/';
/** The folder of the scripts of the others. */
export const SCRIPTS = '/assets/peer/';

/** Milliseconds before an answer, and bytes a second, of a slow network. */
const LATENCY = 2_000, BYTES = 50_000;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Stage {
  /** What the tracker's server does: nothing for its work, `busy` for 503, `down` for broken
   * connections. */
  fault = null;
  /** Whether anything gets through at all. */
  network = true;
  /** Whether it takes as long as on a slow network. */
  slow = false;
  /** Scripts in the head of each page, before the tracker: first of all one that sets a clock. */
  clock = '';
  head = '';
  /** The rest of a page: (path) => HTML. */
  body = () => '';
  /** Events that were received from another tracker than Firstglance. */
  received = [];
  /** Files under the site's own paths: path → JavaScript. */
  scripts = {};

  /** Opens a site for a tracker. */
  static async open(tracker) {
    const stage = new Stage();
    stage.tracker = tracker;
    stage.server = createServer((request, response) => {
      stage.#answer(request, response).catch(() => response.destroy());
    });
    stage.server.listen(0, '127.0.0.1');
    await once(stage.server, 'listening');
    stage.origin = `http://127.0.0.1:${stage.server.address().port}`;
    return stage;
  }

  async close() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  async #answer(request, response) {
    if (!this.network) return void response.destroy();
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (this.slow) await pause(LATENCY / 2 + (body.length / BYTES) * 1_000);
    const answer = await this.#answerTo(request, body);
    if (!answer) return void response.destroy();
    if (this.slow) await pause(LATENCY / 2 + (answer.body.length / BYTES) * 1_000);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  async #answerTo(request, body) {
    const url = new URL(request.url, this.origin);
    const path = url.pathname;
    const served = (type, text, caching = 'no-cache') => ({
      status: 200, headers: { 'content-type': `${type}; charset=utf-8`, 'cache-control': caching }, body: Buffer.from(text),
    });
    if (path.startsWith('/shop/')) return served('text/html', this.#page(path));
    if (this.scripts[path]) return served('text/javascript', this.scripts[path], 'max-age=600');
    if (path === '/favicon.ico') return { status: 204, headers: {}, body: '' };
    if (path.startsWith(SCRIPTS)) return served('text/javascript', this.tracker.files[path.slice(SCRIPTS.length)], 'max-age=600');
    if (this.fault === 'down') return null;
    if (path.startsWith(FIRSTGLANCE)) {
      return this.fault === 'busy' && path.includes('/v1/') ? { status: 503, headers: {}, body: '' } : this.#collector(request, body);
    }
    if (this.fault === 'busy') return { status: 503, headers: { 'access-control-allow-origin': '*' }, body: '' };
    const read = { method: request.method, path, query: url.searchParams, headers: request.headers, body };
    const answer = this.tracker.answer(read);
    if (answer.status < 300) this.received.push(...this.tracker.decode(read));
    return answer;
  }

  /** As a site's own reverse proxy does it. */
  async #collector(request, body) {
    const { collector } = this.tracker;
    const onward = send(collector.origin + request.url.replace(FIRSTGLANCE, '/'), {
      method: request.method, headers: { ...request.headers, connection: 'close' }, agent: false,
    });
    onward.end(body);
    const [answer] = await once(onward, 'response');
    const headers = { ...answer.headers };
    delete headers.connection;
    delete headers['transfer-encoding'];
    return { status: answer.statusCode, headers, body: Buffer.concat(await answer.toArray()) };
  }

  #page(path) {
    return `<!doctype html>
<html lang="nl">
<meta charset="utf-8">
<title>${path}</title>
<link rel="icon" href="data:,">
<script>${this.clock}</script>
<script>${this.head}</script>
${this.tracker.snippet(this.origin)}
<main id="app"><h1>${path}</h1><p>Een fiets is een fiets.</p></main>
${this.body(path)}
</html>`;
  }
}

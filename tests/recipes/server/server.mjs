import { createServer } from 'node:http';

const collector = 'http://127.0.0.1:7700';

/** What the visitor of a request sees in some slots; nothing where the collector does not answer at once. */
async function decide(request, slots) {
  try {
    const answer = await fetch(`${collector}/v1/decide`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        cookie: request.headers.cookie ?? '',
        'user-agent': request.headers['user-agent'] ?? '',
      },
      body: JSON.stringify({ slots }),
      signal: AbortSignal.timeout(100),
    });
    return answer.ok ? (await answer.json()).decisions : {};
  } catch {
    return {};
  }
}

createServer(async (request, response) => {
  const { hero } = await decide(request, ['hero']);
  const shown = hero?.html ?? '<h1>Welcome</h1>';
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.setHeader('cache-control', 'private, no-store');
  response.end(`<!doctype html><section data-fg-slot="hero">${shown}</section>`);
}).listen(8080);

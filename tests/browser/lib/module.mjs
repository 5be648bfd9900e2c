/*
 * The engine's module by itself in a page of its own: for the proofs, which need no collector.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

/** Serves the modules that xtask has built into a folder, and an empty page. */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname;
    const [, kind] = /\.(\w+)$/.exec(name) || [];
    const type = { js: 'text/javascript', wasm: 'application/wasm' }[kind] || 'text/html';
    const content = kind && await readFile(`${folder}${name}`).catch(() => undefined);
    response.writeHead(kind && !content ? 404 : 200, {
      'content-type': type,
      // Only an isolated page has a clock of five microseconds.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(content || '<!doctype html><link rel="icon" href="data:,"><title>Proof</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

/** A page of a visitor in which a module runs, as `window.engine`. */
export async function open(visitor, origin, module) {
  const page = await visitor.open(origin);
  await page.evaluate(async (folder) => {
    const module = await import(`${folder}/module.js`);
    await module.default(await (await fetch(`${folder}/fg.wasm`)).arrayBuffer());
    const { give, load, taken, wasm } = module;
    window.engine = {
      ...module,
      // What only the module with explanations has.
      load_explained(profile, model, parts) {
        const loaded = load(profile, model);
        give(parts);
        wasm.parts();
        return loaded;
      },
      explain: (at) => taken(wasm.explain(at)),
    };
  }, `/${module}`);
  return page;
}

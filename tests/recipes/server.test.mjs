/*
 * The recipe for pages made on a server: Node.js, and nginx with `ssi` and with `auth_request`.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const WRITTEN = fileURLToPath(new URL('server/', import.meta.url));
const NGINX = join(process.env.FIRSTGLANCE_RECIPES, 'server/usr/sbin/nginx');
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const CONFIG = `
[site]
write_key = "my-shop"
[[segment]]
id = "reader"
when = 'visited("/e-bikes/*")'
[[slot]]
id = "hero"
[[variant]]
slot = "hero"
id = "bikes"
when = 'in_segment("reader")'
html = "<h1>E-bikes</h1>"
`;

let folder;
let collector;
let cookie;
const ports = {};
const children = [];

const freePort = () => new Promise((found) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => found(port));
  });
});

function start(program, given) {
  const child = spawn(program, given, { stdio: 'ignore' });
  children.push(child);
  return child;
}

/** Asks until somebody answers. */
async function answered(url, options) {
  for (let tries = 0; ; tries++) {
    try {
      return await fetch(url, options);
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** A file of the recipe with the addresses of this round. */
async function adapted(name) {
  let text = await readFile(join(WRITTEN, name), 'utf8');
  for (const [written, port] of [['7700', ports.collector], ['8080', ports[name]], ['3000', ports.behind]]) {
    text = text.replaceAll(new RegExp(`\\b${written}\\b`, 'g'), String(port));
  }
  return text.replaceAll('/var/www/shop', join(WRITTEN, 'pages')).replaceAll('100ms', '5s').replace('timeout(100)', 'timeout(5000)');
}

const asked = async (port, path, headers = {}) => {
  const answer = await answered(`http://127.0.0.1:${port}${path}`, { headers: { 'user-agent': AGENT, ...headers } });
  return { status: answer.status, text: await answer.text() };
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'firstglance-server-'));
  for (const name of ['collector', 'nginx.conf', 'server.mjs', 'behind']) ports[name] = await freePort();
  await writeFile(join(folder, 'firstglance.toml'), CONFIG);
  collector = start(process.env.FIRSTGLANCE_BIN, ['serve', '--config', join(folder, 'firstglance.toml'), '--data', join(folder, 'data'), '--listen', `127.0.0.1:${ports.collector}`]);
  const behind = createServer(({ headers }, response) => response.end(`${headers['x-firstglance-segments']} ${headers['x-firstglance-stage']}`));
  behind.listen(ports.behind, '127.0.0.1').unref();
  await writeFile(join(folder, 'server.mjs'), await adapted('server.mjs'));
  start(process.execPath, [join(folder, 'server.mjs')]);
  const site = (await adapted('nginx.conf')).replace('listen ', 'listen 127.0.0.1:');
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  await writeFile(join(folder, 'nginx.conf'), `daemon off; pid ${folder}/pid; error_log ${folder}/errors; events {}
    http { access_log off; types { text/html html; } ${places.join(' ')} ${site} }`);
  start(NGINX, ['-p', folder, '-e', join(folder, 'errors'), '-c', join(folder, 'nginx.conf')]);
  const answer = await answered(`http://127.0.0.1:${ports.collector}/v1/batch`, {
    method: 'POST',
    body: JSON.stringify({ writeKey: 'my-shop', batch: [{ type: 'page', messageId: '1', anonymousId: 'a', timestamp: new Date(), properties: { path: '/e-bikes/x' } }] }),
  });
  [cookie] = answer.headers.get('set-cookie').split(';');
});

after(async () => {
  for (const child of children) child.kill();
  await rm(folder, { recursive: true, force: true });
});

for (const name of ['server.mjs', 'nginx.conf']) {
  test(`${name} shows to each visitor what is theirs`, async () => {
    for (const [headers, expected] of [
      [{ cookie }, 'E-bikes'],
      [{}, 'Welcome'],
      [{ cookie: cookie.replace('=a.', '=b.') }, 'Welcome'],
      [{ cookie, 'user-agent': 'Googlebot/2.1 (+http://www.google.com/bot.html)' }, 'Welcome'],
    ]) {
      const { status, text } = await asked(ports[name], '/', headers);
      assert.equal(status, 200);
      assert.deepEqual([...text.matchAll(/<h1>(.*?)<\/h1>/g)].map(([, shown]) => shown), [expected]);
    }
  });
}

test('what stands behind nginx learns segments and stage', async () => {
  assert.equal((await asked(ports['nginx.conf'], '/app/', { cookie })).text, 'reader cold');
  assert.equal((await asked(ports['nginx.conf'], '/app/', { 'x-firstglance-segments': 'made-up' })).text, 'undefined cold');
  assert.equal((await asked(ports['nginx.conf'], '/decide')).status, 404);
});

test('without a collector pages are what they are by themselves', async () => {
  collector.kill();
  await new Promise((ended) => collector.once('exit', ended));
  for (const name of ['server.mjs', 'nginx.conf']) {
    assert.match((await asked(ports[name], '/', { cookie })).text, /<h1>Welcome<\/h1>/);
  }
});

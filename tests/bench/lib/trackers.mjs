/*
 * What is measured: Firstglance, and the peers' published scripts, all in one form. A tracker has
 * `id`, `name`, `files` (name → bytes), `html` (what its makers tell to paste, given the site's
 * origin) and `answer` for what its server would say.
 */
import { Buffer } from 'node:buffer';

import { WRITE_KEY } from '../../browser/lib/collector.mjs';

/** Where a peer's files are on the site. */
const FOLDER = '/peer/';

/** The tag as the owner of a site pastes it, and calls to it in the form of the peers. */
export const FIRSTGLANCE = {
  id: 'firstglance',
  name: 'Firstglance',
  html: () => `<script async src="/fg.js" data-site="${WRITE_KEY}"></script>`,
};

/** A script that does nothing: what loading any script costs. */
export const INERT = {
  id: 'inert',
  name: 'an empty script',
  files: new Map([[`${FOLDER}inert.js`, Buffer.from(';')]]),
  html: () => `<script async src="${FOLDER}inert.js"></script>`,
};

/** What Firstglance asks for until its first events have left, and nothing else: its script, model and
 * module, and a request that outlives the page; by scripts that do no more than ask. */
export const FLOOR = {
  id: 'floor',
  name: 'its requests alone',
  files: new Map(Object.entries({
    'floor.js': `document.head.append(Object.assign(document.createElement('script'), { type: 'module', src: '${FOLDER}asking.js' }));`,
    'asking.js': `fetch('/v1/model').then((answer) => answer.text())
      .then(() => fetch('${FOLDER}empty.wasm')).then((answer) => answer.arrayBuffer()).then((bytes) => WebAssembly.instantiate(bytes))
      .then(() => setTimeout(() => fetch('/v1/batch', { method: 'POST', body: '.'.repeat(1000), keepalive: true }), 100));`,
    'empty.wasm': Buffer.from('\0asm\x01\0\0\0', 'latin1'),
  }).map(([name, bytes]) => [FOLDER + name, Buffer.from(bytes)])),
  html: () => `<script async src="${FOLDER}floor.js"></script>`,
};

/** The peers with their files, which `cargo xtask` has fetched. */
export async function peers() {
  const { PEERS, answerOf, versionOf } = await import('../../peers/peers.mjs');
  return Promise.all(PEERS.map(async (peer) => ({
    id: peer.id,
    name: `${peer.name} ${await versionOf(peer)}`,
    files: new Map(Object.entries(await peer.files()).map(([name, text]) => [FOLDER + name, Buffer.from(text)])),
    html: (origin) => peer.snippet({ base: origin + FOLDER, endpoint: origin }),
    answer: (request) => answerOf(peer, request),
  })));
}

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

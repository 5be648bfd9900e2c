/*
 * The model: what the site's owner has configured, as the engine reads it, and the two things of
 * it that this script needs. Asked for once a page. Never looked into here.
 */
import { settle } from './consent.js';
import { ready, reload } from './engine.js';
import { base, change, run, site } from './run.js';
import { read, write } from './storage.js';

/** Whether the answer has come, or will not come. */
export let answered;

export const model = () => read('model', 1);

/** Names of parameters that carry a search, in lower case. */
export const searchNames = () =>
  (read('search-names', 1) || 'q,query,s,search,zoek,zoekterm,keyword,keywords').toLowerCase().split(',');

export function fetchModel() {
  receive().catch(() => {}).then((text) => run(take, text, 1));
}

async function receive() {
  const answer = await fetch(base + 'v1/model?site=' + encodeURIComponent(site));
  const header = (name) => answer.headers.get('x-firstglance-' + name);
  return answer.ok && [header('consent'), header('search'), header('version'), await answer.text()];
}

function take(received) {
  answered = 1;
  change();
  if (received) {
    const [consent, search, version, text] = received;
    if (consent) write('default', consent);
    if (search) write('search-names', search);
    if (text != model()) {
      write('model', text);
      write('version', version);
      reload();
    }
  }
  ready();
  settle();
}

/** Tells models apart, and says nothing about them. */
export const version = () => read('version', 1);

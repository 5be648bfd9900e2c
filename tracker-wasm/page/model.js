/*
 * The model: what the site's owner has configured, as the engine reads it, and what of it this
 * script needs itself. Asked for once a page. Never looked into here.
 */
import { settle } from './consent.js';
import { awaken, ready, reload } from './engine.js';
import { collector, site } from './given.js';
import { forgetOptions, option } from './options.js';
import { equip } from './parts.js';
import { ask } from './pristine.js';
import { change, run } from './run.js';
import { read, write } from './storage.js';

/** Whether the answer has come, or will not come. */
export let answered;

/** One that is only looked at. */
let previewed;

export const model = () => previewed || read('model', 1);

/** Goes on with a model that is not in force, in this page only. */
export function preview(text) {
  previewed = text;
  reload();
  ready();
  change();
}

/** Names of parameters that carry a search, in lower case. */
export const searchNames = () =>
  (option('search') || 'q,query,s,search,zoek,zoekterm,keyword,keywords').toLowerCase().split(',').map(decodeURIComponent);

export function fetchModel() {
  awaken();
  receive().catch(() => {}).then((text) => run(take, text, 1));
}

async function receive() {
  const answer = await ask(collector + 'model?site=' + encodeURIComponent(site));
  const header = (name) => answer.headers.get('x-firstglance-' + name);
  return answer.ok && [header('consent'), header('options'), header('version'), await answer.text()];
}

function take(received) {
  answered = 1;
  change();
  if (received) {
    const [consent, options, version, text] = received;
    // Says whether it is another than before; only then is it worth a write.
    const renew = (name, value) => value && read(name, 1) != value && !write(name, value);
    renew('default', consent);
    // The version tells models apart, and says nothing about them.
    renew('options', (options || '') + '&version=' + version);
    forgetOptions();
    if (renew('model', text)) reload();
  }
  awaken();
  ready();
  settle();
  equip();
}

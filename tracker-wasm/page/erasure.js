/*
 * Asks the collector to erase a visitor that this browser has forgotten. Where it cannot be asked
 * now, the next page asks: only for that, the name and its proof are kept until it has answered.
 */
import { resume } from './delivery.js';
import { collector, later, site } from './given.js';
import { ask, stringify } from './pristine.js';
import { run } from './run.js';
import { read, remove, write } from './storage.js';

/** Milliseconds after which it is asked again. */
const PAUSE = 60_000;

/** `known`: the visitor and the secret that proves it is theirs. */
export function askErasure([anonymousId, claim]) {
  if (!anonymousId) return;
  write('erase', anonymousId + ' ' + claim);
  pursue();
}

function forgotten() {
  remove('erase');
  resume();
}

/** Asks for what was not answered yet. */
export function pursue() {
  const [anonymousId, claim] = read('erase').split(' ');
  if (!anonymousId) return;
  ask(collector + 'forget', {
    method: 'POST',
    body: stringify({ writeKey: site, anonymousId, claim: claim || undefined }),
    keepalive: true,
    credentials: 'include',
  }).then((answer) => {
    // Who is not known, or cannot prove it, will not be so later.
    if (answer.status > 428) throw 0;
    run(forgotten, 0, 1);
  }).catch(() => later(run, PAUSE, pursue, 0, 1));
}

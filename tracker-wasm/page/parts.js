/*
 * Parts that few pages need, each a script of its own beside this one: brought where something asks
 * for one, once, and given what it may use of this one. The build fills in what tells them apart:
 * the hash of their content in the name, and the one by which the browser checks it.
 */
import { call } from './api.js';
import { consent, signal } from './consent.js';
import { clip } from './declared.js';
import { track } from './events.js';
import { later, name, now, queue, sibling } from './given.js';
import { on } from './options.js';
import { observe, run } from './run.js';

const kit = queue.kit = { call, clip, later, name, now, observe, run, signal, track };

const brought = new Set();

/** Brings a part; `bridge` is for the one that listens to other tools for consent. */
export function part([hash, integrity], bridge) {
  if (brought.has(hash)) return;
  brought.add(hash);
  kit.bridge = bridge;
  queue.fg.bring(sibling(hash, '.js'), integrity);
}

/** Brings what the site's owner has switched on. */
export function equip() {
  if (!consent || consent == 'denied') return;
  if (on('web_vitals')) part(PARTS.vitals);
  if (on('errors')) part(PARTS.errors);
}

/** Somebody wants to see what happens, in the console; also what happens until the part is there. */
export function explain() {
  if (!/[?&]fg_debug\b/.test(location.search) && !/\bfg_debug=1/.test(document.cookie)) return;
  kit.early = [];
  observe((...happened) => kit.early.push(happened));
  part(PARTS.debug);
}

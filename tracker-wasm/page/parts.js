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

/** What is kept for somebody who may want to see it, and for how many milliseconds. */
const MAX_EARLY = 50, PATIENCE = 3_000;

/** What they may use. */
let kit;

const brought = new Set();

/** Brings a part, once; `bridge` is for the one that listens to other tools for consent. */
export function part([hash, integrity], bridge) {
  if (!brought.has(hash)) {
    brought.add(hash);
    kit.bridge = bridge;
    queue.fg.bring(sibling(hash, '.js'), integrity);
  }
  return 1;
}

/** Brings what the site's owner has switched on. */
export function equip() {
  if (!consent || consent == 'denied') return;
  if (on('web_vitals')) part(PARTS.vitals);
  if (on('errors')) part(PARTS.errors);
}

/** Where somebody wants to see what happens, also what has happened until the part is there. The
 * address says so at once; to ask for cookies costs time, and has some. */
export function explain() {
  // Not before all modules have run: they are in circles.
  kit = queue.kit = { call, clip, early: [], later, name, now, observe, run, signal, track };
  observe((...happened) => kit.early.length < MAX_EARLY && kit.early.push(happened));
  const wanted = (text) => /\bfg_debug\b/.test(text) && part(PARTS.debug);
  if (!wanted(location.search)) later(run, PATIENCE, () => wanted(document.cookie) || observe(), 0, 1);
}

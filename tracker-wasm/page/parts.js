/*
 * Parts that few pages need, each a script of its own beside this one: brought where something asks
 * for one, once, and given what it may use of this one. By what the browser checks them is in a
 * directory, one more of them, so that a page which needs none does not load that.
 */
import { call } from './api.js';
import { tellForm } from './capture/forms.js';
import { asked as searched } from './capture/search.js';
import { consent, signal } from './consent.js';
import { clip, find } from './declared.js';
import { consult } from './engine.js';
import { derived, track } from './events.js';
import { given, later, now, queue } from './given.js';
import { preview } from './model.js';
import { on } from './options.js';
import { change, observe, run } from './run.js';
import { read, write } from './storage.js';

/** What is kept for somebody who may want to see it, and for how many milliseconds. */
const MAX_EARLY = 50, PATIENCE = 3_000;

/** What parts want to be told: `forms` with `seek`, `abandon` and `left`; `typing`, a function; `remote`
 * with `ask`, and what it was answered as `text`. And `bridge`, what the one for consent listens to. */
export const told = {};

/** What has happened before somebody looked; which parts, and which decisions are asked for. */
const early = [], wanted = [], asked = [];

/** Brings a part. */
export function part(name) {
  wanted.push(name);
  given.bring(DIRECTORY);
  return 1;
}

/** Boxes that may answer while one types. */
const BOXES = '[data-fg-search],[role=search],search';

/** A function that wants to know what the visitor sees in a slot. */
export function decide(slot, answer) {
  asked.push([slot, answer]);
  given.adapt();
  change();
}

/** Brings what the site's owner has switched on. */
export function equip() {
  if (!consent || consent == 'denied') return;
  if (on('web_vitals')) part('vitals');
  if (on('errors')) part('errors');
}

/** Brings what the page has for somebody who is there: no sooner, for each costs a start as much as a
 * script of a page's own. Forms may have been added since the last look. */
export function seek() {
  if (!consent) return;
  if (document.querySelector(BOXES)) part('typing');
  if (document.forms[0] && on('forms', 1)) part('forms');
  told.forms?.seek();
}

/** Something is played. */
export const playing = () => on('media', 1) && part('media');

/** Somebody is in a field, perhaps as the first thing. */
export const focused = (event) => find(event, 'form,' + BOXES) && seek();

/** Where somebody wants to see what happens, also what has happened until the part is there. The
 * address says so at once; to ask for cookies costs time, and has some. */
export function explain() {
  // Not before all modules have run: they are in circles. By their places, for names cost each page
  // something; the parts have them in `../parts/kit.js`.
  queue.kit = [
    told, early, wanted, asked, call, change, clip, consult, derived, find, later, now, observe, preview, read, run, searched, signal,
    tellForm, track, write,
  ];
  observe((...happened) => early.length < MAX_EARLY && early.push(happened));
  if (given.preview) given.adapt();
  const asks = (text) => /\bfg_debug\b/.test(text) && part('debug');
  if (!asks(location.search)) later(run, PATIENCE, () => asks(document.cookie) || observe(), 0, 1);
}

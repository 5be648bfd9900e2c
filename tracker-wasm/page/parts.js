/*
 * Parts that few pages need, each a script of its own beside this one: brought where something asks
 * for one, once, and given what it may use of this one. The build fills in by what the browser checks
 * them, which also tells them apart.
 */
import { call } from './api.js';
import { tellForm } from './capture/forms.js';
import { asked as searched } from './capture/search.js';
import { consent, signal } from './consent.js';
import { clip, find } from './declared.js';
import { track } from './events.js';
import { later, name, now, queue, sibling } from './given.js';
import { on } from './options.js';
import { observe, run } from './run.js';

/** What is kept for somebody who may want to see it, and for how many milliseconds. */
const MAX_EARLY = 50, PATIENCE = 3_000;

/** What parts want to be told: `forms` with `seek`, `abandon` and `left`; `typing`, a function. */
export const told = {};

/** What they may use. */
let kit;

const brought = new Set();

/** Brings a part, once; `bridge` is for the one that listens to other tools for consent. */
export function part(integrity, bridge) {
  if (!brought.has(integrity)) {
    brought.add(integrity);
    kit.bridge = bridge;
    queue.fg.bring(sibling(integrity, '.js'), integrity);
  }
  return 1;
}

/** Boxes that may answer while one types. */
const BOXES = '[data-fg-search],[role=search],search';

/** Brings what the site's owner has switched on. */
export function equip() {
  if (!consent || consent == 'denied') return;
  if (on('web_vitals')) part(PARTS.vitals);
  if (on('errors')) part(PARTS.errors);
}

/** Brings what the page has for somebody who is there: no sooner, for each costs a start as much as a
 * script of a page's own. Forms may have been added since the last look. */
export function seek() {
  if (!consent) return;
  if (document.querySelector(BOXES)) part(PARTS.typing);
  if (document.forms[0] && on('forms', 1)) part(PARTS.forms);
  told.forms?.seek();
}

/** Something is played. */
export const playing = () => on('media', 1) && part(PARTS.media);

/** Somebody is in a field, perhaps as the first thing. */
export const focused = (event) => find(event, 'form,' + BOXES) && seek();

/** Where somebody wants to see what happens, also what has happened until the part is there. The
 * address says so at once; to ask for cookies costs time, and has some. */
export function explain() {
  // Not before all modules have run: they are in circles.
  kit = queue.kit = {
    call, clip, early: [], find, later, name, now, observe, run, searched, signal, tellForm, told, track,
  };
  observe((...happened) => kit.early.length < MAX_EARLY && kit.early.push(happened));
  const wanted = (text) => /\bfg_debug\b/.test(text) && part(PARTS.debug);
  if (!wanted(location.search)) later(run, PATIENCE, () => wanted(document.cookie) || observe(), 0, 1);
}

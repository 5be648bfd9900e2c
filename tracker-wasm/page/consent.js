/*
 * Which consent holds, and what follows from it: the visitor's choice, else the browser's signal,
 * else the script tag's attribute, else the site's default, which comes with the model. Never
 * assumes one where none of these is known yet.
 */
import { resetView } from './capture/activity.js';
import { view } from './capture/routes.js';
import { forgetDelivery, resume } from './delivery.js';
import { awaken, restart } from './engine.js';
import { forgetEvents, reconsider, resend } from './events.js';
import { disown, recognise } from './identity.js';
import { change } from './run.js';
import { fetchModel } from './model.js';
import { names, persist, read, remove, write } from './storage.js';

/** `granted`, `segments`, `session` or `denied`; nothing as long as it is not known. */
export let consent;

let given, asked;

/** A state as somebody wrote it. What is written and is none of the four allows nothing. */
const written = (name) => name && (['granted', 'segments', 'session'].includes(name) ? name : 'denied');

/** `attribute` is the script tag's, or what the browser asks for in its place. */
export const prepare = (attribute) => {
  given = attribute;
};

/** The visitor chose. A refusal is kept as well: without it they would be asked on every page. */
export function choose(name) {
  write('consent', written(name), 1);
  settle();
}

/** Brings what is kept and what is sent in line with the consent that holds. */
export function settle() {
  const before = consent;
  const next = written(read('consent', 1) || given || read('default', 1));
  if (before === next) return;
  consent = next;
  change();
  // What waits was captured under a consent that no longer holds.
  if (next == 'segments') names('q:').forEach(remove);
  const keeps = next == 'granted' || next == 'segments';
  persist(keeps);
  if (next && !keeps) erase();
  if (next == 'denied') return reconsider();
  if (!asked) {
    asked = 1;
    fetchModel();
    awaken();
  }
  if (!next) return;
  recognise();
  if (!before) {
    restart();
    resume();
    reconsider(1);
  } else if (before == 'denied') view();
  else if (before == 'segments') resend();
}

/** Removes everything, except the visitor's choice about it; what the site says of itself stays
 * where it may. */
function erase() {
  for (const name of names('')) {
    const value = read(name, 1);
    if (name != 'consent') remove(name);
    if (/^(model|version|default|search-names)$/.test(name)) write(name, value);
  }
  // First, so that no answer sets the cookie again that is then deleted.
  forgetDelivery();
  disown();
  restart();
  forgetEvents();
  resetView();
}

/** The visitor wants to be forgotten; somebody new goes on. */
export function forget() {
  erase();
  if (consent && consent != 'denied') recognise();
  change();
}

/*
 * Which consent holds, and what follows from it: the visitor's choice, else the browser's signal,
 * else the script tag's attribute, else the site's default, which comes with the model. Never
 * assumes one where none of these is known yet.
 */
import { resetView } from './capture/activity.js';
import { view } from './capture/routes.js';
import { forgetDelivery, resume } from './delivery.js';
import { restart } from './engine.js';
import { askErasure, pursue } from './erasure.js';
import { forgetEvents, reconsider, resend } from './events.js';
import { attribute, later } from './given.js';
import { disown, recognise } from './identity.js';
import { fetchModel } from './model.js';
import { on } from './options.js';
import { part, told } from './parts.js';
import { change, note, run } from './run.js';
import { names, persist, read, remove, write } from './storage.js';

/** `granted`, `segments`, `session` or `denied`; nothing as long as it is not known. */
export let consent;

/** Whether the collector is asked to tell visitors apart for a day, with nothing kept here. */
export let cookieless;

let asked, signalled;

/** A state as somebody wrote it. What is written and is none of the four allows nothing. */
const written = (name) => name && (/^(granted|segments|session)$/.test(name) ? name : 'denied');

/** What the tag or the site's owner says. Where they leave it to another tool, what that one says. */
function given(name) {
  if (!/^(google|tcf)$/.test(name)) return name;
  if (!told.bridge) part('consent', told.bridge = name);
  return signalled;
}

/** The visitor chose. A refusal is kept as well: without it they would be asked on every page. */
export function choose(name) {
  write('consent', written(name), 1);
  settle();
}

/** A tool for consent says what holds, perhaps for now. */
export function signal(name) {
  signalled = name;
  settle();
}

/** Brings what is kept and what is sent in line with the consent that holds. */
export function settle() {
  const before = consent;
  let next = written(read('consent', 1) || given(attribute || read('default', 1)));
  // Nothing is kept then, as in a session.
  cookieless = (next == 'granted' && on('cookieless')) || undefined;
  if (cookieless) next = 'session';
  if (before === next) return;
  consent = next;
  note('consent', next);
  change();
  // What waits was captured under a consent that no longer holds.
  if (next == 'segments') discard();
  const keeps = next == 'granted' || next == 'segments';
  persist(keeps);
  if (next && !keeps) erase();
  if (next == 'denied') return reconsider();
  if (!asked) {
    asked = 1;
    // In a task of its own: a start is many small things.
    later(run, 0, fetchModel);
  }
  if (!next) return;
  recognise();
  pursue();
  if (!before) {
    restart();
    resume();
    reconsider(1);
  } else if (before == 'denied') {
    // The time of the refusal is nobody's.
    resetView();
    view();
  } else if (before == 'segments') resend();
}

/** Removes what waits to be sent, and what would if this page crashed. */
function discard() {
  for (const name of names('')) if (/^[qe]:/.test(name)) remove(name);
}

/** Removes everything, except the visitor's choice about it; what the site says of itself, and what
 * the collector is asked to erase, stays where it may. */
function erase() {
  for (const name of names('')) {
    const value = read(name, 1);
    if (name != 'consent') remove(name);
    if (/^(model|default|options|erase)$/.test(name)) write(name, value);
  }
  // First, so that no answer sets the cookie again that is then deleted.
  forgetDelivery();
  disown();
  restart();
  forgetEvents();
  resetView();
}

/** The visitor wants to be forgotten, here and at the collector; somebody new goes on. */
export function forget() {
  const known = [read('id'), read('claim')];
  erase();
  askErasure(known);
  if (consent && consent != 'denied') recognise();
  change();
}

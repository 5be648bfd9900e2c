/*
 * The engine, in WebAssembly: interests, segments and score. It gets every event, in order, before
 * the next frame, as soon as it and the model are there. A page that does not let it run goes on
 * without. Never decides anything about an event.
 */
import { consent } from './consent.js';
import { given, hidden, now } from './given.js';
import { askCollector, known } from './hooks.js';
import { answered, model } from './model.js';
import start, { full, load, query, save, snapshot, take_in } from './module.js';
import { on } from './options.js';
import { ask } from './pristine.js';
import { change, note, run } from './run.js';
import { read, write } from './storage.js';

/** Whether the engine runs; and whether it cannot be had on this page. */
export let running, lost;

let asked, loaded, unsaved;
/** The profile as it stands. */
let saved = '';
let stale = 1;
let waiting = [];

function lose(error) {
  note('no engine', error);
  running = 0;
  lost = 1;
  waiting = [];
  askCollector();
}

/** Calls the engine; whatever it throws is its end on this page. */
function attempt(action) {
  try {
    return running && action();
  } catch (error) {
    lose(error);
  }
}

/** Loads the module: which one the site's options say, so not before they are known. */
export function awaken() {
  if (asked || !(answered || read('options', 1))) return;
  asked = 1;
  // The larger one is for sites that have configured interests, segments, a score or slots.
  const integrity = WASM[on('rules') || given.preview ? 0 : 1];
  ask(given.file(integrity, '.wasm'), { integrity })
    .then((answer) => answer.arrayBuffer())
    .then(start)
    .then(() => {
      loaded = 1;
      run(ready, 0, 1);
    }, (error) => run(lose, error, 1));
}

/** Begins when both the engine and a model that it can read are there: without the model, an event
 * would count for something else here than at the collector. */
export function ready() {
  if (!loaded || running || lost) return;
  running = model() || answered;
  // Of somebody new nothing was known before.
  known(read('profile') && evaluate());
  if (running) change();
}

/** Another page has changed the profile. */
export const outdated = () => {
  stale = 1;
  if (!hidden()) change();
};

/** Begins again with the profile that is kept; events that wait will be given again. */
export const restart = () => {
  waiting = [];
  stale = 1;
  unsaved = 0;
};

/** Goes on with another model. */
export const reload = () => attempt(() => give(saved));

/** What is no model throws: it is the end of the engine on this page. */
function give(profile) {
  if (!load(saved = profile, model())) throw 0;
}

function refresh() {
  if (!stale && !full()) return;
  give(stale ? read('profile') : saved);
  stale = 0;
}

/** An event for the engine: the arguments of `take_in`. */
export const feed = (event) => {
  if (!lost) waiting.push(event);
};

/** Takes in what waits, and keeps the profile; not as long as it is not known whether it may be. */
export const digest = () =>
  attempt(() => {
    if (waiting[0]) {
      refresh();
      for (const event of waiting) take_in(...event);
      waiting = [];
      saved = save();
      unsaved = 1;
    }
    if (unsaved && consent) {
      unsaved = 0;
      write('profile', saved);
    }
  });

/** Asks the module for something that not every one can answer: nothing, where it cannot. */
export const consult = (name, text) => attempt(() => query(name, text)) || '';

/** What the profile means now, as a text; with an event that is not reported yet. As long as that
 * counts, `ask` may consult the engine. */
export const evaluate = (event, ask) =>
  attempt(() => {
    refresh();
    if (event) take_in(...event);
    const text = snapshot(now());
    try {
      ask?.(text);
    } catch (error) {
      note('error', error);
    }
    if (event) load(saved, '');
    return text;
  });

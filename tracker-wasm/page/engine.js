/*
 * The engine, in WebAssembly: interests, segments and score. It gets every event, in order, as
 * soon as it and the model are there. A page that does not let it run goes on without. Never
 * decides anything about an event.
 */
import begin, { load, save, snapshot, take_in } from 'engine';
import { consent } from './consent.js';
import { askCollector, known } from './hooks.js';
import { change, hidden, now, run, wasm } from './run.js';
import { answered, model } from './model.js';
import { read, write } from './storage.js';

/** Whether the engine cannot be had on this page. */
export let lost;

let loaded, running, unsaved;
let stale = 1;
let waiting = [];

function lose() {
  running = 0;
  lost = 1;
  askCollector();
}

/** Calls the engine; whatever it throws is its end on this page. */
function attempt(action) {
  try {
    return running && action();
  } catch {
    lose();
  }
}

export function awaken() {
  const begun = () => {
    loaded = 1;
    ready();
  };
  begin(wasm).then(() => run(begun, 0, 1), () => run(lose, 0, 1));
}

/** Begins when both the engine and a model that it can read are there: without the model, an event
 * would count for something else here than at the collector. */
export function ready() {
  if (!loaded || running || lost) return;
  running = model() || answered;
  const text = evaluate();
  if (!text) return;
  known(text);
  waiting.splice(0).forEach(feed);
  change();
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
export const reload = () => attempt(() => give(save()));

/** What is no model throws: it is the end of the engine on this page. */
function give(profile) {
  if (!load(profile, model())) throw 0;
}

function refresh() {
  if (stale) {
    stale = 0;
    give(read('profile'));
  }
}

/** Gives the engine an event: the arguments of `take_in`. */
export function feed(event) {
  if (!running && !lost) waiting.push(event);
  attempt(() => {
    refresh();
    take_in(...event);
    unsaved = 1;
  });
}

/** Keeps the profile; not as long as it is not known whether it may be. */
export function keep() {
  if (unsaved && consent) {
    unsaved = 0;
    attempt(() => write('profile', save()));
  }
}

/** What the profile means now, as a JSON text; with an event that is not reported yet. */
export const evaluate = (event) =>
  attempt(() => {
    refresh();
    const profile = event && save();
    if (event) take_in(...event);
    const text = snapshot(now());
    if (event) load(profile, '');
    return text;
  });

/*
 * The one door through which everything that happens comes in. Never lets an error reach the page,
 * and never lets one thing run inside another.
 */
import { consent } from './consent.js';
import { digest, lost, running } from './engine.js';
import { hidden, later } from './given.js';
import { publish } from './hooks.js';

let busy, changed, planned;

const nobody = () => {};

/** Tells whoever looks over the tracker's shoulder what happens. */
export let note = nobody;

export const observe = (observer = nobody) => {
  note = observer;
};

/** There is something new to tell the page. */
export const change = () => {
  changed = 1;
};

/**
 * Does something. What follows from it, the page is told before the next frame, and once for all
 * that happened until then. What is asked for meanwhile comes after it. After a refusal only what
 * is `always` done is done.
 */
export function run(action, value, always) {
  if (busy) return void later(run, 0, action, value, always);
  busy = 1;
  try {
    if (always || consent != 'denied') action(value);
  } catch (error) {
    note('error', error);
  }
  busy = 0;
  // Nothing is known before the engine runs, and a frame for nothing costs as much as an event.
  if (changed && !planned && (running || lost || consent == 'denied')) {
    planned = 1;
    // No frame comes where nobody looks, nor where the page has taken them away.
    if (hidden() || !self.requestAnimationFrame) follow();
    else requestAnimationFrame(follow);
  }
}

const follow = () => run(conclude, 0, 1);

/** Takes in what was captured and tells the page what it means. */
export function conclude() {
  planned = 0;
  digest();
  if (changed) {
    changed = 0;
    publish();
  }
}

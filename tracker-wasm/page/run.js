/*
 * The one door through which everything that happens comes in, and what every module needs. Never
 * lets an error reach the page, and never lets one thing run inside another.
 */
import { consent } from './consent.js';
import { keep } from './engine.js';
import { publish } from './hooks.js';

// Taken before the page may put something of its own in their place.
export const { stringify, parse } = JSON;
export const later = setTimeout;
export const now = Date.now;
/** What the browser asks for; a page that is left does not know it any more. */
export const { language, userAgent: agent } = navigator;

/** A moment as messages carry it. */
export const written = (at) => new Date(at).toISOString();

/** The folder of the script, the write key, and the address of the engine. */
export let base, site, wasm;

export const place = (given) => {
  ({ base, site, wasm } = given);
};

let busy, changed;

export const hidden = () => document.visibilityState == 'hidden';

/** There is something new to tell the page. */
export const change = () => {
  changed = 1;
};

/**
 * Does something, and whatever follows from it: the profile is kept, the page is told. What is
 * asked for meanwhile comes after it. After a refusal only what is `always` done is done.
 */
export function run(action, value, always) {
  if (busy) return void later(run, 0, action, value, always);
  busy = 1;
  try {
    if (always || consent != 'denied') {
      action(value);
      keep();
      if (changed) {
        changed = 0;
        publish();
      }
    }
  } catch {}
  busy = 0;
}

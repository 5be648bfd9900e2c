/*
 * Active time: the page is visible and focused, and the visitor moved, typed, scrolled or touched
 * in the last few seconds. Together with the scroll depth it becomes `Page Engaged`, which reports
 * differences. Never counts a tab that is merely open.
 */
import { consent } from '../consent.js';
import { about, page, shownText } from '../declared.js';
import { engineEvent, track } from '../events.js';
import { change, hidden, later, now, run } from '../run.js';
import { settleRoute, settling } from './routes.js';
import { depth, measure, pixels, resetDepth } from './scroll.js';

/** Milliseconds for which one sign of life counts. */
const PATIENCE = 15_000;
/** Milliseconds between two ticks; and that one may count for: timers stand still while a machine sleeps. */
const TICK = 1_000, LONGEST_TICK = 1_500;
/** Milliseconds of active time after which it is reported; and after which the page is told. */
const REPORT = 15_000, REFRESH = 5_000;
/** Characters of text beyond which a page takes the longest reading time anyway; and of a word. */
const MAX_CHARACTERS = 12_000, WORD = 6;

let active, reported, refreshed, lastSign, lastTick, words, reportedDepth;
let ticking;

/** Attention for a page view that begins now, which is itself a sign of life. */
export function beginView() {
  resetView();
  look();
}

/** Forgets what was counted. */
export function resetView() {
  active = reported = refreshed = words = reportedDepth = 0;
  lastSign = lastTick = now();
  resetDepth();
}

/** Counts the time since the last tick, as far as there was a sign of life. */
function count() {
  const end = Math.min(now(), lastSign + PATIENCE);
  active += Math.max(0, Math.min(end - lastTick, LONGEST_TICK));
  lastTick = now();
}

/** Tenths of a second are fine enough, and short. */
const tenths = (milliseconds) => milliseconds / 100 | 0;

/** What is not reported yet of so much active time; nothing where there is nothing. */
function engagement(until) {
  const before = tenths(reported);
  const after = Math.max(tenths(until), before);
  const scroll = Math.max(depth(), reportedDepth);
  if (after == before && scroll == reportedDepth) return;
  words = words || shownText(MAX_CHARACTERS).length / WORD | 0;
  return {
    url: page.url,
    path: page.path,
    topics: about.topics,
    keywords: about.keywords,
    words,
    active_seconds: (after - before) / 10,
    active_seconds_before: before / 10,
    scroll_percent: scroll,
    scroll_percent_before: reportedDepth,
    scroll_pixels: pixels(),
  };
}

/** What the engine has not heard of yet, of the active time until the last refresh: so the state
 * that the page is told changes at each refresh, and not at each event. */
export function unreported() {
  const properties = engagement(refreshed);
  return properties && engineEvent({ event: 'Page Engaged', properties }, now());
}

function report() {
  const properties = engagement(active);
  if (!properties) return;
  reported = refreshed = active;
  reportedDepth = properties.scroll_percent;
  track('Page Engaged', properties);
}

/** The visitor moved, typed, scrolled or touched. */
export function sign() {
  // Pointers move a hundred times a second; one sign a second is enough.
  if (now() - lastSign >= TICK || !ticking) {
    lastSign = now();
    attend();
  }
}

const attended = () => consent != 'denied' && !hidden() && document.hasFocus();

/** Counts from now on, while the page has the visitor's attention. */
function attend() {
  if (!ticking && attended()) {
    lastTick = now();
    wait();
  }
}

function wait() {
  ticking = 1;
  later(run, TICK, tick, 0, 1);
}

/** The page is in sight, perhaps again: evidence has decayed meanwhile. */
export function look() {
  change();
  sign();
}

/** A second has passed. */
function tick() {
  ticking = 0;
  if (!attended()) return;
  count();
  if (!settling) measure();
  if (active - refreshed >= REFRESH) {
    refreshed = active;
    change();
  }
  if (active - reported >= REPORT) report();
  if (now() - lastSign < PATIENCE) wait();
}

/** What was counted so far of this page view is reported. */
export function pause() {
  if (ticking) count();
  report();
}

/** The page is hidden or left. */
export function leave() {
  settleRoute();
  pause();
}

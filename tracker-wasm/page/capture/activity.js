/*
 * Active time: the page is visible and focused, and the visitor moved, typed, scrolled or touched
 * in the last few seconds. Together with the scroll depth it becomes `Page Engaged`, which reports
 * differences. Never counts a tab that is merely open.
 */
import { consent } from '../consent.js';
import { about, page, shownText } from '../declared.js';
import { add } from '../delivery.js';
import { capture, complete, engineEvent } from '../events.js';
import { hidden, later, now } from '../given.js';
import { random, tab } from '../identity.js';
import { seek, told } from '../parts.js';
import { change, run } from '../run.js';
import { names, read, remove, write } from '../storage.js';
import { settleRoute, settling } from './routes.js';
import { depth, measure, pixels, resetDepth } from './scroll.js';

/** Milliseconds for which one sign of life counts. */
const PATIENCE = 15_000;
/** Milliseconds between two ticks; and that one may count for: timers stand still while a machine sleeps. */
const TICK = 1_000, LONGEST_TICK = 1_500;
/** Milliseconds of active time after which it is reported; and after which the page is told, and a
 * report is kept for the case that the tab crashes. */
const REPORT = 15_000, REFRESH = 5_000;
/** Milliseconds after which a kept report is that of a page that is no more. */
const ORPHAN = 120_000;
/** Characters of text beyond which a page takes the longest reading time anyway; and of a word. */
const MAX_CHARACTERS = 12_000, WORD = 6;

/** Where the next report is kept, as long as it is not made. */
const KEPT = 'e:' + tab;

let active, reported, refreshed, lastSign, lastTick, words, reportedDepth;
/** The next report's id: made or recovered, it is one. */
let messageId;
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
  messageId = random();
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
  const properties = {
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
  return { type: 'track', event: 'Page Engaged', properties, messageId };
}

/** What the engine has not heard of yet, of the active time until the last refresh: so the state
 * that the page is told changes at each refresh, and not at each event. */
export function unreported() {
  const fields = engagement(refreshed);
  return fields && engineEvent(fields, now());
}

function report() {
  const fields = engagement(active);
  if (!fields) return;
  reported = refreshed = active;
  reportedDepth = fields.properties.scroll_percent;
  capture(fields);
  messageId = random();
  remove(KEPT);
}

/** Keeps the report as it would be now. */
function keep() {
  const fields = consent == 'granted' && engagement(active);
  if (fields) write(KEPT, complete(fields, now()));
}

/** Reports of tabs that crashed are queued. One that another page queues as well counts once. */
export function recover() {
  if (consent != 'granted') return;
  for (const name of names('e:')) {
    const [, at] = /"timestamp":"([^"]+)/.exec(read(name)) || [];
    if (name == KEPT || Math.abs(now() - Date.parse(at)) < ORPHAN) continue;
    if (at) add(read(name), 1);
    remove(name);
  }
}

/** The visitor moved, typed, scrolled or touched; or without an event, has the page before them. */
export function sign(event) {
  // Pointers move a hundred times a second; one sign a second is enough.
  if (now() - lastSign >= TICK || !ticking) {
    lastSign = now();
    attend();
    if (event) seek();
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
    keep();
  }
  if (active - reported >= REPORT) report();
  if (now() - lastSign < PATIENCE) wait();
}

/** What was counted so far of this page view is reported. */
export function pause() {
  if (ticking) count();
  report();
}

/** The page is hidden, or gone for good: then what was begun was given up. */
export function leave(gone) {
  settleRoute();
  told.typing?.();
  if (gone) told.forms?.abandon();
  pause();
}

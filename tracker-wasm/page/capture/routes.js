/*
 * Page views: the first, those that a router makes without loading, and those that come back from
 * the browser's cache. A router that calls `pushState` and `replaceState` makes one. What follows
 * `#` counts only where the site's router works with it.
 */
import { about, page, readPage, wasLeft } from '../declared.js';
import { capture } from '../events.js';
import { given, later, now } from '../given.js';
import { told } from '../parts.js';
import { run } from '../run.js';
import { beginView, pause } from './activity.js';
import { viewed } from './search.js';

/** Milliseconds in which a router finishes: it changes the address more than once, and the title
 * and the text after it. */
const SETTLE = 60;
/** How often a page without a title is looked at once more, and one with the title before it: its
 * own comes late, or is the same. */
const TRIES = 16, SAME_TRIES = 3;
/** Milliseconds in which the page's own call for a page view means the one just counted. */
const SAME = 1_000;
/** By this event every instance on the page hears of a change that the browser does not tell. */
const MOVED = 'firstglance:moved';

/** Whether a router is at work. */
export let settling;

/** When the last page view was; none yet, where it is nothing. */
let viewedAt;

/** Once a page, however many instances there are; what others have put there stays in use. */
export function watchHistory() {
  if (history.firstglance) return;
  try {
    Object.defineProperty(history, 'firstglance', { value: 1 });
    for (const name of ['pushState', 'replaceState']) {
      const original = history[name];
      history[name] = function () {
        const result = original.apply(this, arguments);
        dispatchEvent(new Event(MOVED));
        return result;
      };
    }
  } catch {
    // A page that lets nobody do so still has page views.
  }
}

/** The address may have changed. */
export function moved() {
  if (!settling && wasLeft()) {
    settling = 1;
    later(run, SETTLE, () => look(1));
  }
}

/** The router has finished, or cannot be waited for. */
export function settleRoute() {
  if (settling) {
    settling = 0;
    if (wasLeft()) view(page.url);
  }
}

/** A page that has no title of its own yet is on its way, and may be another in the end. */
function look(times) {
  const { title } = document;
  const most = title ? title == page.title && SAME_TRIES : TRIES;
  if (settling && times <= most) later(run, SETTLE, () => look(times + 1));
  else settleRoute();
}

/** The page asks for a page view, as sites with a router of their own do. */
export function asked() {
  const left = wasLeft();
  if (left || now() - viewedAt >= SAME) {
    settling = 0;
    view(left && page.url);
  }
}

/** Counts a page view. `before` is the address before it, where no page was loaded for it. */
export function view(before) {
  if (viewedAt) {
    told.typing?.();
    told.forms?.left();
    pause();
  }
  settling = 0;
  readPage(before);
  viewedAt = now();
  capture({ type: 'page', properties: { ...page, ...about } });
  beginView();
  viewed();
  // What waited for the next page.
  if (before) given.page?.moved();
}

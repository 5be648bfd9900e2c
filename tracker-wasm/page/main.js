/*
 * The page's script, which captures what a visitor does and delivers it: its start, and what it
 * listens to. It never decides what an event means: that is the engine's, in WebAssembly.
 */
import { call } from './api.js';
import { leave, look, recover, sign } from './capture/activity.js';
import { clicked, pressed } from './capture/clicks.js';
import { submitted } from './capture/forms.js';
import { moved, view, watchHistory } from './capture/routes.js';
import { scrolled } from './capture/scroll.js';
import { consent, settle } from './consent.js';
import { release, retry, send } from './delivery.js';
import { outdated } from './engine.js';
import { given, hidden, later, queue } from './given.js';
import { watchPage } from './hooks.js';
import { equip, explain, focused, playing } from './parts.js';
import { change, conclude, run } from './run.js';

const MINUTE = 60_000;

/** Listens at the window while events go down, before the page can stop them. */
const listen = (names, action, always) => {
  for (const name of names.split(' ')) {
    addEventListener(name, (event) => run(action, event, always), { capture: true, passive: true });
  }
};

/** The last choice made before the script was there counts before anything is captured. */
function start() {
  // Whatever brings the script twice, it begins once.
  if (given.begun) return;
  // The loader has told of a page that was left; it may come back.
  if (given.left) return addEventListener('pageshow', () => start(given.left = 0));
  given.begun = 1;
  const isChoice = (each) => each[0] == 'consent';
  const answer = (each) => run(call, each, 1);
  const calls = queue.splice(0);
  let choice;
  for (const each of calls) if (isChoice(each)) choice = each;
  run(explain, 0, 1);
  if (choice) answer(choice);
  run(begin, 0, 1);
  // Also where the page has frozen what arrays are made from.
  Object.defineProperty(queue, 'push', { value: answer, configurable: true });
  for (const each of calls) if (!isChoice(each)) answer(each);
  given.running = 1;
}

function begin() {
  listen('click auxclick', clicked);
  listen('keydown', pressed);
  listen('submit', submitted);
  listen('focusin', focused);
  listen('timeupdate', playing);
  listen('scroll', scrolled);
  listen('pointerdown pointermove keydown', sign);
  listen('popstate hashchange firstglance:moved', moved);
  listen('visibilitychange', () => (hidden() ? away() : look()));
  listen('pagehide', () => {
    leave(1);
    depart();
    gone = 1;
  });
  listen('pageshow', (event) => {
    gone = 0;
    if (event.persisted) view();
  });
  listen('online', retry);
  watchHistory();
  settle();
  if (consent != 'denied') view();
  later(run, 0, goOn, 0, 1);
}

/** What can wait for a task of its own. */
function goOn() {
  // Another page of the site has written a choice, or more of the profile; or all was removed.
  listen('storage', ({ key }) => {
    if (!key || /:profile$/.test(key)) outdated();
    if (!key || /:consent$/.test(key)) settle();
  }, 1);
  watchPage();
  // Segments end when their time is over, whether the visitor does something or not.
  setInterval(run, MINUTE, change);
  recover();
  equip();
}

/** The page was left; it becomes hidden after that, with nothing more to tell. */
let gone;

/** Firefox loses every other request that a page makes when its tab is closed, and few of those that it
 * makes when it becomes hidden, right after: there, both. The collector drops what comes twice. */
const IS_LATE = 'mozInnerScreenX' in window;

/** The page is hidden: there may be no other moment. */
function away() {
  if (gone) return IS_LATE && depart();
  leave();
  send(1);
  conclude();
}

/** The page is left: nobody here will hear the answer. */
function depart() {
  send(1);
  release();
  conclude();
}

start();

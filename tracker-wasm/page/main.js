/*
 * The page's script, which captures what a visitor does and delivers it: its start, and what it
 * listens to. It never decides what an event means: that is the engine's, in WebAssembly.
 */
import { call } from './api.js';
import { leave, look, sign } from './capture/activity.js';
import { clicked } from './capture/clicks.js';
import { submitted } from './capture/forms.js';
import { moved, view, watchHistory } from './capture/routes.js';
import { scrolled } from './capture/scroll.js';
import { consent, prepare, settle } from './consent.js';
import { resetDelivery, retry, send } from './delivery.js';
import { outdated } from './engine.js';
import { change, hidden, place, run } from './run.js';
import { open } from './storage.js';

const MINUTE = 60_000;

/** Listens at the window while events go down, before the page can stop them. */
const listen = (names, action, always) =>
  names.split(' ').forEach((name) =>
    addEventListener(name, (event) => run(action, event, always), { capture: true, passive: true }));

/** The loader calls this once. */
export function start(given) {
  const { queue, site, attribute } = given;
  const calls = queue.splice(0);
  const isChoice = (each) => each[0] == 'consent';
  const answer = (each) => run(call, each, 1);
  run(() => {
    place(given);
    open(site);
    prepare(attribute);
  }, 0, 1);
  // The last choice made before the script was there counts before anything is captured.
  calls.filter(isChoice).slice(-1).forEach(answer);
  run(begin, 0, 1);
  queue.push = answer;
  calls.forEach((each) => isChoice(each) || answer(each));
}

function begin() {
  listen('click auxclick', clicked);
  listen('submit', submitted);
  listen('scroll', scrolled);
  listen('pointerdown pointermove keydown touchstart wheel', sign);
  listen('popstate', moved);
  listen('visibilitychange', () => (hidden() ? away() : look()));
  listen('pagehide', away);
  listen('pageshow', (event) => {
    if (event.persisted) {
      resetDelivery();
      view();
    }
  });
  // Another page of the site has written: perhaps a choice, perhaps more of the profile.
  listen('storage', () => {
    outdated();
    settle();
  }, 1);
  listen('DOMContentLoaded load', change, 1);
  listen('online', retry);
  // Segments end when their time is over, whether the visitor does something or not.
  setInterval(run, MINUTE, change);
  watchHistory();
  settle();
  if (consent != 'denied') view();
}

/** The page is hidden or left: there may be no other moment. */
function away() {
  leave();
  send(1);
}

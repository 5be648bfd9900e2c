/*
 * Scroll depth: the deepest pixel that was visible, against the height that there is now, of the
 * window or of the element that scrolls in its place. The first frame that scrolls is measured, and
 * ten a second of those after it, once the browser has laid the page out; never forces it to.
 */
import { later, now } from '../given.js';
import { option } from '../options.js';
import { run } from '../run.js';
import { sign } from './activity.js';
import { settling } from './routes.js';

/** Milliseconds between two measurements: nobody reads what was there for less. */
const SPACE = 100;

let scroller, target, bottom, height, measured;

export const resetDepth = () => {
  bottom = height = target = 0;
};

/** Whole percent. A page that fits the window is seen whole. */
export const depth = () => Math.min(100, Math.round(bottom * 100 / (height || 1)));

export const pixels = () => bottom | 0;

/** Something scrolled. */
export function scrolled(event) {
  // Once a frame is painted nothing has to be laid out for a look.
  if (!target) later(() => requestAnimationFrame(() => later(run, 0, frame)), measured + SPACE - now());
  target = event.target;
  sign(event);
}

function frame() {
  const element = target;
  target = 0;
  measured = now();
  if (!settling) measure(element);
}

/** Whether an element scrolls, and fills at least half of the window. */
const scrolls = (element) =>
  element.scrollHeight > element.clientHeight + 1
  && element.clientHeight * element.clientWidth * 2 >= innerHeight * innerWidth
  && /auto|scroll/.test(getComputedStyle(element).overflowY);

/** Measures; `element` is the one that scrolled. */
export function measure(element) {
  const root = document.scrollingElement || document.documentElement;
  const named = option('scroll_container');
  if (named) scroller = document.querySelector(named) || root;
  else if (root.scrollHeight > root.clientHeight + 1) scroller = root;
  else if (element && element.nodeType == 1 && element != scroller && scrolls(element)) scroller = element;
  else if (!scroller || scroller == root || !scroller.isConnected) {
    scroller = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
    while (scroller && !scrolls(scroller)) scroller = scroller.parentElement;
    scroller = scroller || root;
  }
  bottom = Math.max(bottom, scroller.scrollTop + scroller.clientHeight);
  height = scroller.scrollHeight;
}

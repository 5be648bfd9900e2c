/*
 * What was seen of variants, and clicked: one event for a slot and variant in each view of a page,
 * and that of somebody who is held out, for whom it would have been. Never under another consent
 * than `granted`, and never what everybody sees.
 */
import * as kit from '../kit.js';
import { note } from './known.js';
import { decisionFor, shownIn } from './slots.js';

/** Milliseconds for which half of it must have been in sight. */
const LOOK = 1_000;
const STEPS = [0, 0.25, 0.5, 0.75, 1];

/** What has been told of this view of the page. */
let told = new Set();
/** Elements in sight: the variant, and when to tell it. */
const looking = new Map();
let known, consent;

/** The same function, whose errors do not reach the page. */
const guarded = (action) => (...values) => {
  try {
    return action(...values);
  } catch (error) {
    note('error', error);
  }
};

const keyOf = ({ slot, variant }) => slot + '\0' + variant;

/** What an element shows; of one that the page fills itself, what it was told to. */
function shown(element) {
  const own = element.dataset.fgViewed;
  if (own == null) return shownIn(element);
  const { kind, variant } = decisionFor(own, known);
  return kind != 'default' && { slot: own, variant, control: kind == 'control' || undefined };
}

const tell = (event, properties) => consent == 'granted' && kit.track(event, properties);

function look(entries) {
  for (const { target, intersectionRatio, intersectionRect } of entries) {
    const content = shown(target);
    const enough = content && (intersectionRatio >= 0.5 || intersectionRect.height >= innerHeight / 2);
    const begun = looking.get(target);
    if (begun && (!enough || begun.key != keyOf(content))) {
      clearTimeout(begun.timer);
      looking.delete(target);
    }
    if (enough && !looking.has(target) && !told.has(keyOf(content))) begin(target, content);
  }
}

function begin(element, content) {
  const key = keyOf(content);
  const timer = setTimeout(guarded(() => {
    looking.delete(element);
    if (document.visibilityState == 'hidden' || !consent) return begin(element, content);
    kit.run(() => {
      const present = shown(element);
      if (!present || keyOf(present) != key || told.has(key)) return;
      told.add(key);
      tell('Content Viewed', content);
    });
  }), LOOK);
  looking.set(element, { key, timer });
}

const watcher = window.IntersectionObserver && new IntersectionObserver(guarded(look), { threshold: STEPS });

/** Looks at an element anew: it shows something else. */
export function watch(element) {
  watcher?.unobserve(element);
  watcher?.observe(element);
}

/** Elements that the page fills itself. */
const watched = new WeakMap();

export function watchOwn(next, allowed) {
  known = next;
  consent = allowed;
  for (const element of document.querySelectorAll('[data-fg-viewed]')) {
    const content = shown(element);
    const key = content && keyOf(content);
    if (watched.get(element) === key) continue;
    watched.set(element, key);
    watch(element);
  }
}

/** Another view of the page begins. */
export function forget() {
  told = new Set();
  for (const element of document.querySelectorAll('[data-fg-viewed],[data-fg-slot]:not(template)')) watch(element);
}

addEventListener('click', guarded((event) => {
  const target = event.composedPath().find((node) => node.matches?.('a[href],area[href],button,[role=button],[role=link],summary,input[type=submit],input[type=button]'));
  const element = target?.closest('[data-fg-viewed],[data-fg-slot]');
  const content = element && !kit.given.preview && shown(element);
  if (content) kit.run(() => tell('Content Clicked', content));
}), { capture: true, passive: true });

/*
 * The page adapts: elements that are shown and hidden, slots, texts, the order of lists; and the
 * page's own code is told what the visitor sees in a slot. What earlier pages have left is applied as
 * the page is parsed; what becomes known on this page where it moves nothing that is being read. An
 * error leaves the page as it is. Never decides who is in a segment.
 */
import { before, keep, note, NOTHING } from './content/known.js';
import { fade, fits, isBelow, isHeld, modeOf } from './content/moment.js';
import { forget, watch, watchOwn } from './content/seen.js';
import { sort, text, visibility } from './content/simple.js';
import { awaited, decideAll, decisionFor, slots } from './content/slots.js';
import * as kit from './kit.js';

/** Milliseconds after its start in which a page may still be what it is going to be. */
const YOUNG = 2_000;
/** Milliseconds in which a page finishes what it adds; and how many times as long as looking it
 * through took, it is left in peace. */
const GATHER = 50, PEACE = 30;

/** Slots first: what they are filled with may have the others in it. */
const HOOKS = [slots, visibility, text, sort];

/** Whether the page's HTML is this instance's. */
const adapts = kit.name == 'firstglance' && !kit.given.robot;

let known = before;
/** What the engine has decided, until it is shown. */
let decided;
/** Elements that were looked at, by hook. */
const met = new Map(HOOKS.map((hook) => [hook, new WeakSet()]));
/** Elements that are changing softly. */
const fading = new WeakSet();
/** Whether nobody reads what was there: another page of a router, or a refusal. */
let free;
/** Whether elements are found for the first time that were in the page from the start. */
let first = 1;
/** Whether the script has said what holds, and under which consent. */
let certain, consent;
let planned, peace = 0;
/** What keeps slots unseen that are not filled yet. */
let sheet;

const attempt = (action, ...values) => {
  try {
    return action(...values);
  } catch (error) {
    note('error', error);
  }
};

/** Lets a screen reader say what changes while somebody reads. */
function announce(element, hook) {
  if ((hook == slots || hook == text) && /^(now|fade)$/.test(modeOf(element)) && !element.closest('[aria-live]')) {
    element.setAttribute('aria-live', 'polite');
  }
}

function change(hook, element, wanted) {
  hook.apply(element, wanted);
  if (hook != slots) return;
  watch(element);
  const { kind, variant = null } = wanted;
  document.dispatchEvent(new CustomEvent('firstglance:content', {
    detail: { slot: element.dataset.fgSlot, kind, variant: kind == 'variant' ? variant : null, element },
  }));
}

/** Brings one element in line with what is known, if it may change now. */
function settle(hook, element, all, now) {
  const wanted = hook.wanted(element, all);
  const stands = hook.stands(element);
  if (!wanted || !stands || wanted.key === stands.key || fading.has(element)) return;
  // Looked at again as soon as nobody is in it any more.
  if (isHeld(element)) return;
  const mode = now || free || stands.isLost ? 'now' : modeOf(element);
  if (mode == 'now' || (mode == 'offscreen' && isBelow(element))) return change(hook, element, wanted);
  if (mode != 'fade') return;
  if (!isBelow(element) && !fits(element, () => hook.apply(element, wanted), () => hook.apply(element, stands))) return;
  fading.add(element);
  fade(element, () => attempt(() => {
    fading.delete(element);
    settle(hook, element, known, 1);
    watcher.takeRecords();
  }));
}

function look() {
  planned = 0;
  if (before == NOTHING && !certain) return;
  const begun = performance.now();
  const young = begun < YOUNG;
  for (const hook of HOOKS) {
    const seen = met.get(hook);
    for (const element of document.querySelectorAll(hook.selector)) {
      const isNew = !seen.has(element);
      // Not before it has been parsed.
      if (isNew && !hook.wanted(element, known)) continue;
      seen.add(element);
      if (isNew) {
        if (first && before != NOTHING) attempt(settle, hook, element, before, young);
        announce(element, hook);
      }
      // What a page adds later comes as it is meant to be.
      attempt(settle, hook, element, known, isNew && !first);
    }
  }
  attempt(watchOwn, known, consent);
  if (document.readyState != 'loading') {
    first = 0;
    sheet?.replaceSync('');
  }
  free = 0;
  // Not what was just changed here.
  watcher.takeRecords();
  peace = (performance.now() - begun) * PEACE;
}

const watcher = new MutationObserver(() => {
  // While the page is parsed, before it is drawn.
  if (document.readyState == 'loading') attempt(look);
  else if (!planned) planned = setTimeout(attempt, Math.max(GATHER, peace), look);
});

/** Functions of the page that want to know what the visitor sees in a slot, and what they were told. */
const asked = [];

function answer(each) {
  const [slot, listener] = each;
  const { kind, variant = null, html, fields } = decisionFor(slot, known);
  const decision = { slot, kind, variant: kind == 'default' ? null : variant, html: html || null, fields: fields || {} };
  const short = JSON.stringify(decision);
  if (each.told == short) return;
  each.told = short;
  try {
    listener(decision);
  } catch (error) {
    // The page's own mistake.
    self.console?.error(error);
  }
}

/** Brings the page in line with what holds. */
function show(next, allowed) {
  kit.borrow();
  consent = allowed;
  const denied = consent == 'denied' || kit.given.robot;
  certain = 1;
  free = free || denied;
  known = denied ? { ...NOTHING, plain: 1 } : { ...next, decisions: decided || kit.given.decisions || known.decisions };
  decided = 0;
  if (!denied) keep(known);
  if (adapts) attempt(look);
  asked.push(...kit.asked.splice(0).filter(([, listener]) => typeof listener == 'function'));
  asked.forEach(answer);
}

kit.given.page = {
  /** What the engine says, as long as it can be asked. */
  decide(next, visitor) {
    kit.borrow();
    decided = decideAll(next, visitor);
  },

  /** What holds now. */
  show: (next, allowed) => attempt(show, next, allowed),

  /** Another page of a router: nobody has read it yet. */
  moved() {
    free = 1;
    attempt(forget);
  },
};

/** From here on only what is to be filled is waited for, in its place, and not for long. */
function reserve() {
  const waiting = awaited().map((id) => '[data-fg-slot=' + CSS.escape(id) + ']:not([data-fg-variant])').join();
  if (!kit.given.reveal || !waiting || document.readyState != 'loading') return;
  try {
    const rules = new CSSStyleSheet();
    rules.replaceSync('@keyframes fg{0%,to{visibility:hidden}}' + waiting + '{animation:fg .4s}');
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, rules];
    sheet = rules;
  } catch {
    // A browser that is too old shows the default until then.
  }
}

function begin() {
  if (!adapts) return;
  reserve();
  look();
  kit.given.reveal?.();
  watcher.observe(document, { childList: true, subtree: true });
  if (document.readyState == 'loading') document.addEventListener('DOMContentLoaded', () => attempt(look));
  // What waited for somebody to leave it.
  addEventListener('focusout', () => setTimeout(attempt, 0, look), { capture: true, passive: true });
}

attempt(begin);
if (kit.given.preview) kit.given.bring(PARTS.preview);

// It says so at once where it was there first.
kit.run?.(kit.change, 0, 1);

/*
 * What the page is told: the state for the API, the DOM event and the data layer, and the hooks in
 * its HTML. Never writes anything from an event into the page's HTML.
 */
import { unreported } from './capture/activity.js';
import { consent } from './consent.js';
import { evaluate, lost } from './engine.js';
import { derived } from './events.js';
import { collector, later, name, now } from './given.js';
import { visitor } from './identity.js';
import { answered, version } from './model.js';
import { ask, parse } from './pristine.js';
import { change, conclude, note, run } from './run.js';
import { read, write } from './storage.js';

/** What is said of somebody who allows nothing. */
const NOBODY = '\0\0\0\0cold\0\0\0\0\0\0';

/** What the engine says, see `snapshot`, as the page is told it. */
function understand(text) {
  const [segments, interests, confidence, score, stage, visits, pageViews, active, searches, campaign, referrer] =
    text.split('\0');
  const list = (lines) => lines.split('\n').slice(0, -1);
  const rows = (lines, width) => {
    const all = list(lines);
    const found = [];
    while (all[0]) found.push(all.splice(0, width));
    return found;
  };
  return {
    segments: list(segments).sort(),
    interests: rows(interests, 4).map(([id, label, score, margin]) => ({
      id, label, score: score / 1e3, margin: margin / 1e3,
    })),
    confidence: confidence / 1e3,
    score: score / 10,
    stage,
    visits: +visits,
    pageViews: +pageViews,
    activeSeconds: active / 10,
    searches: list(searches),
    campaign: campaign ? Object.fromEntries(rows(campaign, 2)) : null,
    referrer: referrer || null,
  };
}

const subscribers = [];
const defaults = new WeakMap();
const variants = new WeakMap();
/** Milliseconds in which a page finishes what it adds; and how many times as long as looking it
 * through took, it is left in peace. */
const GATHER = 50, PEACE = 30;

let state, published, notable, remote;
let segments;
let applied, planned, peace;

/** What was known before anything happened on this page; nobody enters that. */
export const known = (text) => {
  segments = text ? understand(text).segments : [];
};

/** Without the engine, the collector says what it has found. */
export function askCollector() {
  if (lost && consent == 'granted') {
    ask(collector + 'me', { credentials: 'include' })
      .then((answer) => answer.text())
      .then((text) => run(() => {
        remote = text;
        change();
      }))
      .catch(() => {});
  }
}

function tell(subscriber) {
  try {
    subscriber(state);
  } catch (error) {
    // The page's own mistake: its author should see it, and nothing else should suffer.
    self.console?.error(error);
  }
}

export function subscribe(subscriber) {
  if (typeof subscriber != 'function') return;
  // Who asks now is told what is true now.
  conclude();
  subscribers.push(subscriber);
  if (state) tell(subscriber);
}

/** The page has changed: what it asks for is looked for anew. */
export function readapt() {
  planned = 0;
  applied = 0;
  change();
}

/** What a page adds later is adapted as well. */
export function watchPage() {
  new MutationObserver(() => {
    if (!planned) planned = later(run, Math.max(GATHER, peace), readapt);
  }).observe(document, { childList: true, subtree: true });
}

export function publish() {
  if (!consent && !answered) return;
  const text = consent == 'denied' ? NOBODY : evaluate(unreported()) || (lost && remote);
  if (!text) {
    // What holds for a visitor who refused does not hold for one who agreed.
    if (state && state.consent == 'denied') state = 0;
    return;
  }
  const all = text + consent + visitor;
  if (all == published && applied) return;
  // The collector answers in JSON.
  const next = text[0] == '{' ? parse(text) : understand(text);
  adapt(next);
  if (all == published) return;
  published = all;
  const before = segments || next.segments;
  segments = next.segments;
  state = {
    ...next,
    entered: segments.filter((segment) => !before.includes(segment)),
    left: before.filter((segment) => !segments.includes(segment)),
    consent: consent || null,
    visitor: visitor || null,
  };
  if (consent == 'segments') report();
  subscribers.forEach(tell);
  document.dispatchEvent(new CustomEvent(name + ':segments', { detail: state }));
  note('state', state);
  // A tag manager's layer keeps all it is given: only what one would act on.
  if (notable != (notable = segments + state.stage) && window.dataLayer) {
    dataLayer.push({ event: name + '.segments', [name]: state });
  }
}

/** Under consent *segments*, new segments are all that the collector hears of. */
function report() {
  const list = segments.join(' ');
  if (list == read('reported')) return;
  write('reported', list);
  const bucket = [80, 50, 20, 0].find((from) => state.score >= from);
  derived({ segments, score_bucket: bucket, model: version() });
}

/** The page's HTML follows the visitor's segments. It is the first instance's; others tell what they
 * know by calls and events alone. */
function adapt(next) {
  const stands = [next.segments, next.interests[0]?.id, next.stage, consent].join();
  if (stands == applied) return;
  applied = stands;
  const begun = now();
  if (name == 'firstglance') applyHooks(next);
  peace = (now() - begun) * PEACE;
}

function applyHooks(next) {
  const root = document.documentElement.dataset;
  const all = (selector) => document.querySelectorAll(selector);
  const holds = (wanted) => next.segments.some((segment) => (wanted || '').split(/\s+/).includes(segment));
  const mark = (name, value) => {
    if (!value) delete root[name];
    else if (root[name] != value) root[name] = value;
  };
  mark('fgSegments', next.segments.join(' '));
  mark('fgInterest', next.interests[0]?.id);
  // A visitor who allows nothing sees the page as it was written.
  mark('fgStage', consent != 'denied' && next.stage);
  for (const element of all('[data-fg-show]')) {
    const hidden = !holds(element.dataset.fgShow);
    if (element.hidden != hidden) element.hidden = hidden;
  }
  const templates = [...all('template[data-fg-slot]')];
  for (const slot of all('[data-fg-slot]:not(template)')) {
    const variant = templates.find(({ dataset }) =>
      dataset.fgSlot == slot.dataset.fgSlot && holds(dataset.fgWhen));
    const before = variants.get(slot);
    if (variant == before) continue;
    // Templates may lie inside the element whose content they replace, and stay there.
    const content = [...slot.childNodes].filter((node) => node.localName != 'template');
    if (!before) defaults.set(slot, content);
    content.forEach((node) => node.remove());
    slot.append(...(variant ? [variant.content.cloneNode(true)] : defaults.get(slot)));
    if (variant) slot.dataset.fgVariant = variant.dataset.fgWhen;
    else delete slot.dataset.fgVariant;
    variants.set(slot, variant);
  }
}

/*
 * What the page is told: the state for the API, the DOM event and the data layer, and the hooks in
 * its HTML: the root's attributes here, all others by the part that is brought where a page has them.
 * Never writes anything from an event into the page's HTML.
 */
import { unreported } from './capture/activity.js';
import { consent } from './consent.js';
import { evaluate, lost } from './engine.js';
import { given, later, name } from './given.js';
import { visitor } from './identity.js';
import { answered } from './model.js';
import { part, told as heard } from './parts.js';
import { parse } from './pristine.js';
import { conclude, note, run } from './run.js';
import { write } from './storage.js';

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

/** Who wants to know, by what: functions of the page. */
const subscribers = { segments: [], interest: [], stage: [] };
/** What they are told; and what the page was told last, in short. */
let values;
const told = { interest: null };
/** Milliseconds between two looks at a page that has nothing to adapt so far. */
const GATHER = 250;
/** What the part that adapts the page is for. */
const HOOKS = '[data-fg-show],[data-fg-hide],[data-fg-slot],[data-fg-viewed],[data-fg-text],[data-fg-sort]';

let state, published, notable;
let segments;
let planned, shown;

/** What was known before anything happened on this page; nobody enters that. */
export const known = (text) => {
  segments = text ? understand(text).segments : [];
};

/** Without the engine, the collector says what it has found. */
export const askCollector = () =>
  lost && consent == 'granted' && (heard.remote ? heard.remote.ask() : part('remote'));

function tell(subscriber, value) {
  try {
    subscriber(value, state);
  } catch (error) {
    // The page's own mistake: its author should see it, and nothing else should suffer.
    self.console?.error(error);
  }
}

export function subscribe(kind, subscriber) {
  if (typeof subscriber != 'function') return;
  // Who asks now is told what is true now.
  conclude();
  subscribers[kind].push(subscriber);
  if (state) tell(subscriber, values[kind]);
}

/** Brings the part that adapts the page, where there is something for it. */
function seek() {
  planned = 0;
  // A visitor who allows nothing sees the page as it was written.
  if (name == 'firstglance' && consent && consent != 'denied' && document.querySelector(HOOKS)) given.adapt();
}

/** What a page adds later is adapted as well; once the part is there, by that. */
export function watchPage() {
  const watcher = new MutationObserver(() => {
    if (given.page) watcher.disconnect();
    else if (!planned) planned = later(run, GATHER, seek, 0, 1);
  });
  watcher.observe(document, { childList: true, subtree: true });
}

export function publish() {
  if (!consent && !answered) return;
  let next;
  const take = (text) => {
    next = understand(text);
    given.page?.decide(next, visitor);
  };
  const text = consent == 'denied' ? NOBODY : evaluate(unreported(), take) || (lost && heard.remote?.text);
  if (!text) {
    // What holds for a visitor who refused does not hold for one who agreed.
    if (state?.consent == 'denied') state = 0;
    return;
  }
  // The collector answers in JSON.
  next = next || (text[0] == '{' ? parse(text) : understand(text));
  adapt(next);
  const all = text + consent + visitor;
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
  if (consent == 'segments') part('derived');
  values = { segments: state, interest: state.interests[0] || null, stage: state.stage };
  for (const kind in values) {
    const value = values[kind];
    if (told[kind] === (told[kind] = value?.id || value)) continue;
    subscribers[kind].forEach((subscriber) => tell(subscriber, value));
    document.dispatchEvent(new CustomEvent(name + ':' + kind, { detail: value }));
  }
  note('state', state);
  // A tag manager's layer keeps all it is given: only what one would act on.
  if (notable != (notable = segments + state.stage) && window.dataLayer) {
    dataLayer.push({ event: name + '.segments', [name]: state });
  }
}

/** The page's HTML follows what is known, and the next page begins with it. The HTML is the first
 * instance's; others tell what they know by calls and events alone. */
function adapt(next) {
  if (name == 'firstglance') {
    const values = [next.segments.join(' '), next.interests[0]?.id || '', consent != 'denied' ? next.stage : ''];
    given.mark(values);
    if (shown != (shown = values.join('\n'))) write('shown', shown);
  }
  seek();
  given.page?.show(next, consent);
}

/*
 * Explains in the browser's console what is captured, what leaves and what the collector says to it,
 * to somebody who looks over the tracker's shoulder; and which mistakes are in what the page has for it.
 * Never changes what happens.
 */
import { tellMistakes } from './debug/mistakes.js';
import * as kit from './kit.js';

const TITLE = 'background:#1d4ed8;color:#fff;border-radius:3px;padding:1px 5px';

const say = (text, ...more) => console.info('%cFirstglance%c ' + text, TITLE, '', ...more);

/** What to do about an answer. */
const ANSWERS = {
  not: 'no answer: offline, blocked by the browser or an extension, or the collector is down; everything stays queued',
  400: 'the collector refused every message; its answer, in the network tab, says why',
  401: 'the write key in data-site is not the collector\'s',
  403: 'the collector does not allow this page\'s origin; it belongs in allowed_origins',
  404: 'nothing answers there; is the collector behind this address?',
  413: 'too much at once; the messages are given up',
  429: 'too many requests; tried again later',
  503: 'the collector is busy or stopping; everything stays queued and is tried again later',
};

const CONSENTS = {
  granted: 'events are kept and sent',
  segments: 'segments are worked out here; only they are sent',
  session: 'nothing is kept; events are sent under an id that ends with this page',
  denied: 'nothing is kept and nothing is sent',
};

const EXPLAIN = {
  captured: ({ type, event, properties, traits, userId }) =>
    say('captured ' + (event || type), properties || { userId, traits }),
  sent(body) {
    const { batch, ...rest } = JSON.parse(body);
    say('sent ' + batch.length + ' message' + (batch.length == 1 ? '' : 's') + ' (' + body.length + ' characters)', batch, rest);
  },
  answered: (status) => say('answered: ' + (status == 200 ? 'stored' : status + ', ' + (ANSWERS[status] || 'tried again later'))),
  consent: (state) => say(state ? 'consent is "' + state + '": ' + CONSENTS[state] : 'consent is not known yet: events wait in memory'),
  state(state) {
    say('the page was told: segments ' + (state.segments.join(', ') || 'none') + ', score ' + state.score + ', stage ' + state.stage, state);
    look(state);
  },
  dropped: () => say('too much waits: the oldest message was dropped, and is counted'),
  'too long': (message) => say('too long to send, left out', message),
  'no engine': (error) => say('the page cannot run the engine (a Content-Security-Policy without \'wasm-unsafe-eval\'?); segments come from the collector, one request later', error),
  error: (error) => say('an error inside the tracker, which goes on', error),
};

/** Milliseconds in which the page finishes what it shows. */
const SETTLE = 500;

/** What the part that adapts the page could not do. */
const TROUBLES = {
  error: (error) => say('an error while the page was adapted; it stays as it was', error),
  contested: (slot) => say('the page puts something of its own into this slot again and again, and keeps it. A framework that renders it must be told to leave it alone: see the recipes', slot),
};

/** Looks for mistakes of the page's author, when the page shows what it was told. */
function look({ segments, interests, consent }) {
  if (consent == 'denied') return;
  kit.later(kit.run, SETTLE, () => {
    const model = kit.read('model', 1);
    const isKnown = (id) => segments.includes(id) || interests.some((interest) => interest.id == id) || model.includes(id);
    const configured = kit.consult('slots').split('\n').filter(Boolean);
    tellMistakes(isKnown, configured, (element, text) => console.warn('%cFirstglance%c ' + text, TITLE, '', element));
    for (const [what, given] of kit.given.troubles?.splice(0) || []) TROUBLES[what]?.(given);
  });
}

const explain = (what, given) => {
  try {
    EXPLAIN[what]?.(given);
  } catch {}
};

say('debug mode. Off again: remove fg_debug from the address, or the cookie of that name.');
for (const [what, given] of kit.early) explain(what, given);
kit.observe(explain);

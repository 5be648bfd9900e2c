/*
 * Explains in the browser's console what is captured, what leaves and what the collector says to it,
 * to somebody who looks over the tracker's shoulder. Never changes what happens.
 */
import { kit } from './kit.js';

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
  state: (state) => say('the page was told: segments ' + (state.segments.join(', ') || 'none') + ', score ' + state.score + ', stage ' + state.stage, state),
  dropped: () => say('too much waits: the oldest message was dropped, and is counted'),
  'too long': (message) => say('too long to send, left out', message),
  'no engine': (error) => say('the page cannot run the engine (a Content-Security-Policy without \'wasm-unsafe-eval\'?); segments come from the collector, one request later', error),
  error: (error) => say('an error inside the tracker, which goes on', error),
};

const explain = (what, given) => {
  try {
    EXPLAIN[what]?.(given);
  } catch {}
};

say('debug mode. Off again: remove fg_debug from the address, or the cookie of that name.');
for (const [what, given] of kit.early) explain(what, given);
kit.observe(explain);

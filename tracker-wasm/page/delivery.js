/*
 * Delivery: messages wait in the storage, one name each, and leave it only after the collector has
 * answered. A message that was sent and not answered is sent again; the collector drops what it
 * has already. Never loses a message that the browser let us keep, except the oldest beyond the
 * bounds; never sends more often than every few seconds, nor while the collector asks for a pause.
 */
import { consent } from './consent.js';
import { kept, random } from './identity.js';
import { askCollector } from './hooks.js';
import { agent, base, language, later, now, run, site, stringify, written } from './run.js';
import { names, read, remove, write } from './storage.js';

/** Messages, and characters of messages, that may wait. */
const MAX_MESSAGES = 500, MAX_CHARACTERS = 400_000;
/** Bytes of messages in one request: requests that outlive the page share 64 kB. */
const MAX_REQUEST = 48_000;
/** Milliseconds between two requests; and in which messages that belong together gather. */
const PAUSE = 5_000, GATHER = 100;
/** Milliseconds after which an unanswered request counts as lost. */
const PATIENCE = 60_000;
/** Longest pauses in milliseconds: after failures; and when the collector asks for one. */
const LONGEST_PAUSE = 300_000, LONGEST_WAIT = 3_600_000;

/** Requests without an answer: [since, names]. */
let flights = [];
let failures, lastSent, notBefore, scheduled, waiting, characters;
/** Ends requests under way: an answer after a refusal would bring the cookie back. */
let under = new AbortController();
forgetDelivery();

export function forgetDelivery() {
  under.abort();
  under = new AbortController();
  resetDelivery();
  failures = lastSent = waiting = characters = scheduled = 0;
}

/** Forgets about requests under way; their messages count as not sent. */
export function resetDelivery() {
  flights = [];
  notBefore = 0;
}

/** Counts what waits, and plans to send it. */
export function resume() {
  const all = names('q:');
  waiting = all.length;
  characters = all.reduce((sum, name) => sum + read(name).length, 0);
  if (waiting) schedule();
}

/** Queues a message. An expendable one is among the first to be dropped. */
export function add(message, expendable) {
  while (waiting && (waiting >= MAX_MESSAGES || characters + message.length > MAX_CHARACTERS)) {
    const all = names('q:');
    remove(all.find((name) => name.endsWith('e')) || all[0]);
    resume();
  }
  // The time comes first, so that names sort by it.
  write('q:' + now().toString(36) + ':' + random() + (expendable ? ':e' : ':'), message);
  waiting++;
  characters += message.length;
  schedule();
}

function schedule() {
  if (scheduled) return;
  scheduled = 1;
  later(run, Math.max(GATHER, lastSent + PAUSE - now(), notBefore - now()), due);
}

function due() {
  scheduled = 0;
  flights = flights.filter(([since]) => now() - since < PATIENCE);
  if (now() < notBefore) schedule();
  else if (!flights[0]) send();
}

/** The network is back. */
export function retry() {
  resetDelivery();
  send();
}

/** Sends what fits into one request. What is under way already is not sent once more. */
export function send(leaving) {
  if (!consent || now() < notBefore) return;
  const taken = [];
  const batch = [];
  let size = 0;
  for (const name of names('q:')) {
    const message = read(name);
    if (!message || flights.some((flight) => flight[1].includes(name))) continue;
    size += new Blob([message]).size;
    if (size > MAX_REQUEST && batch[0]) break;
    batch.push(message);
    taken.push(name);
  }
  if (!batch[0]) return;
  const flight = [lastSent = now(), taken];
  flights.push(flight);
  const head = stringify({
    writeKey: site,
    claim: kept('claim'),
    consent,
    sentAt: written(lastSent),
    context: {
      library: { name: 'firstglance' },
      ...(consent != 'segments' && { locale: language, userAgent: agent }),
    },
  });
  const body = head.slice(0, -1) + ',"batch":[' + batch + ']}';
  const url = base + 'v1/batch';
  const done = (answer) => run(() => settle(flight, answer));
  (async () => fetch(url, { method: 'POST', body, keepalive: true, credentials: 'include', referrerPolicy: 'origin', signal: under.signal }))().then(done, () => {
    // The batch stays queued: whether a beacon arrives is never told.
    if (leaving && flights.includes(flight)) navigator.sendBeacon(url, body);
    done();
  }).catch(() => {});
}

/** A request was answered, or failed without an answer. */
function settle(flight, answer) {
  if (!flights.includes(flight)) return;
  flights = flights.filter((each) => each != flight);
  if (answer && (answer.ok || [400, 413, 422].includes(answer.status))) {
    flight[1].forEach(remove);
    failures = 0;
    askCollector();
  } else {
    // Chance keeps pages from coming back all at once.
    const pause = Math.min(LONGEST_PAUSE, PAUSE * 2 ** ++failures) * (0.5 + Math.random() / 2);
    const asked = answer && answer.headers.get('retry-after') * 1000;
    notBefore = now() + Math.max(pause, Math.min(LONGEST_WAIT, asked || 0));
  }
  resume();
}

/*
 * Delivery: messages wait in the storage, one name each, and leave it only after the collector has
 * answered. A message that was sent and not answered is sent again; the collector drops what it
 * has already. The pages of a site share the queue and take turns: one request at a time, one every
 * few seconds, none while the collector asks for a pause. Never loses a message that the browser
 * let us keep, except the oldest beyond the bounds, and says how many those were.
 */
import { cookieless, consent } from './consent.js';
import { agent, collector, language, later, locks, now, site, webdriver, written } from './given.js';
import { askCollector } from './hooks.js';
import { kept, random } from './identity.js';
import { ask, stringify } from './pristine.js';
import { note, run } from './run.js';
import { names, read, remove, write } from './storage.js';

/** Messages, and characters of messages, that may wait. */
const MAX_MESSAGES = 500, MAX_CHARACTERS = 400_000;
/** Bytes of messages in one request: requests that outlive the page share 64 kB. */
const MAX_REQUEST = 48_000;
/** Milliseconds between two requests; and in which messages that belong together gather. */
const PAUSE = 5_000, GATHER = 100;
/** Milliseconds after which an unanswered request counts as lost. */
const PATIENCE = 20_000;
/** Longest pauses in milliseconds: after failures; and when the collector asks for one. */
const LONGEST_PAUSE = 300_000, LONGEST_WAIT = 3_600_000;

let scheduled, waiting = 0, characters = 0;
const encoder = new TextEncoder();

/** A message that is not final yet. */
let held;
/** Ends requests under way: an answer after a refusal would bring the cookie back. Those of another
 * one than this are nobody's any more. */
let under;

export function forgetDelivery() {
  // What is thrown for nothing costs a start a good part of its time.
  under?.abort();
  under = 0;
  waiting = characters = scheduled = 0;
}

/**
 * What the pages share: when the last request left; before when none may leave; how many failed in
 * a row; since when one is under way; the last message in it; and before when the collector wants
 * none. Messages are sent in the order of their names, so all up to that one are.
 */
function turn() {
  const [sent, notBefore, failures, since, last, asked] = read('turn').split(' ');
  return {
    // A clock that was set back stops nobody.
    sent: Math.min(sent || 0, now()),
    notBefore: +notBefore || 0,
    failures: +failures || 0,
    since,
    last: Math.abs(now() - since) < PATIENCE && last,
    asked: +asked || 0,
  };
}

const take = ({ sent, notBefore, failures, asked }, since = 0, last = '') =>
  write('turn', [sent, notBefore, failures, since, last, asked].join(' '));

/** Requests under way count as not sent: nobody here will hear their answers. */
export function release() {
  take(turn());
  under = 0;
}

/** Counts what waits, and plans to send it. */
export function resume() {
  const all = names('q:');
  waiting = all.length;
  characters = 0;
  for (const name of all) characters += read(name).length;
  if (waiting) schedule();
}

/** Queues a message and gives its name. An expendable one is among the first to be dropped. */
export function add(message, expendable) {
  while (waiting && (waiting >= MAX_MESSAGES || characters + message.length > MAX_CHARACTERS)) {
    const all = names('q:');
    remove(all.find((name) => name.endsWith('e')) || all[0]);
    write('dropped', 1 + +read('dropped'));
    note('dropped');
    resume();
  }
  // The time comes first, so that names sort by it.
  const name = 'q:' + now().toString(36) + ':' + random() + (expendable ? ':e' : ':');
  write(name, message);
  waiting++;
  characters += message.length;
  schedule();
  return name;
}

/** Keeps a message back, as long as the page stays, for it may turn out to say more. */
export const hold = (name) => {
  held = name;
};

/** Adds a property to a message that was kept back, unless another page has sent it. */
export function amend(name, property) {
  const message = read(name);
  if (message) write(name, message.replace('"properties":{', '"properties":{"' + property + '":true,'));
}

function schedule(least = GATHER) {
  if (scheduled) return;
  scheduled = 1;
  const { sent, notBefore } = turn();
  later(run, Math.max(least, sent + PAUSE - now(), notBefore - now()), due);
}

function due() {
  scheduled = 0;
  const { sent, notBefore, last } = turn();
  const inTurn = () => run(send);
  // Another page has been faster.
  if (last || now() < Math.max(notBefore, sent + PAUSE)) {
    if (names('q:')[0]) schedule(last && PAUSE);
  } else if (locks) locks.request('fg:' + site, inTurn).catch(inTurn);
  else send();
}

/** The network is back. */
export function retry() {
  take({});
  send();
}

/** Sends what fits into one request. What is under way already is not sent once more. */
export function send(leaving) {
  const before = turn();
  // A pause of our own is over when the page is: there may be no other moment.
  if (!consent || now() < (leaving ? before.asked : before.notBefore)) return;
  // Nor before somebody else is forgotten: the answer to that removes the cookie.
  if (!leaving && (before.last || read('erase'))) return;
  const taken = [];
  let batch = '';
  let size = 0;
  for (const name of names('q:')) {
    const message = read(name);
    if (!message || name <= before.last || (name == held && !leaving)) continue;
    size += encoder.encode(message).length;
    if (size > MAX_REQUEST && batch) break;
    batch += (batch && ',') + message;
    taken.push(name);
  }
  if (!batch) {
    // What is kept back has its turn later.
    if (held) schedule();
    return;
  }
  const at = now();
  const last = taken[taken.length - 1];
  // What leaves with a page makes the next one wait no longer.
  take({ ...before, sent: leaving ? before.sent : at }, at, last);
  const dropped = +read('dropped') || undefined;
  const head = stringify({
    writeKey: site,
    claim: kept('claim'),
    consent,
    cookieless,
    dropped,
    sentAt: written(at),
    context: {
      library: { name: 'firstglance' },
      ...(consent != 'segments' && { locale: language, userAgent: agent, automated: webdriver || undefined }),
    },
  });
  const body = head.slice(0, -1) + ',"batch":[' + batch + ']}';
  const url = collector + 'batch';
  const { signal } = under = under || new AbortController();
  note('sent', body);
  const done = (answer) => run(() => under?.signal == signal && settle(answer, taken, last, dropped));
  ask(url, { method: 'POST', body, keepalive: true, credentials: 'include', signal }).then(done, () => {
    // The batch stays queued: whether a beacon arrives is never told.
    if (leaving && read(last)) navigator.sendBeacon(url, body);
    done();
  }).catch(() => {});
}

/** A request was answered, or failed without an answer. */
function settle(answer, taken, last, dropped) {
  const state = turn();
  note('answered', answer?.status || 'not');
  if (answer && (answer.ok || answer.status == 400 || answer.status == 413 || answer.status == 422)) {
    for (const name of taken) remove(name);
    if (dropped) write('dropped', Math.max(0, read('dropped') - dropped));
    state.failures = state.notBefore = 0;
    askCollector();
  } else {
    // Chance keeps pages from coming back all at once.
    const pause = Math.min(LONGEST_PAUSE, PAUSE * 2 ** ++state.failures) * (0.5 + Math.random() / 2);
    const asked = answer && answer.headers.get('retry-after') * 1000;
    state.asked = now() + Math.min(LONGEST_WAIT, asked || 0);
    state.notBefore = Math.max(now() + pause, state.asked);
  }
  // What has left since then is still without an answer.
  if (state.last > last) take(state, state.since, state.last);
  else take(state);
  resume();
}

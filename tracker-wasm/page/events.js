/*
 * Events: each becomes a message for the collector and, with the same values, an event for the
 * engine. Never sends what consent does not allow: without a decision events wait in memory, under
 * consent *segments* only what was derived from them leaves.
 */
import { consent } from './consent.js';
import { page } from './declared.js';
import { add } from './delivery.js';
import { feed } from './engine.js';
import { agent, given, language, now, written } from './given.js';
import { random, sessionAt, visitor } from './identity.js';
import { stringify } from './pristine.js';
import { change, note } from './run.js';

/** Messages kept in memory as long as it is not known whether they may be sent. */
const MAX_UNDECIDED = 100;
/** Characters of a message; the collector takes no longer ones. */
const MAX_MESSAGE = 30_000;

let undecided = [];
let lastView;

/** What cannot be a part of what the engine is given: it stands between the parts. */
const CONTROL = /[\0-\x1f]/g;

/** Texts, one a line, as the collector reads them. */
const lines = (list) =>
  [list || ''].flat().filter((text) => text.trim).map((text) => text.trim().replace(CONTROL, ' ')).join('\n');

/** A path decoded, or as it is where that would make what no path has. */
function decoded(path) {
  try {
    const text = decodeURIComponent(path);
    if (!text.match(CONTROL)) return text;
  } catch {}
  return path;
}

/** Host, decoded path and decoded parameters of an address; nothing of what is none. */
function split(address) {
  if (!address) return [];
  try {
    const { hostname, pathname, searchParams } = new URL(address);
    return [hostname, decoded(pathname), lines([...searchParams].map(([name, value]) => name + '=' + value.trim()))];
  } catch {
    return [];
  }
}

/** What is the same for every event of a page view. */
let place, host, parameters, referrer;

/** An event as the engine takes it. */
export function engineEvent({ type, event, properties = {}, traits, userId }, at) {
  if (place != page) {
    place = page;
    [host, , parameters] = split(page.url);
    [referrer] = split(page.referrer);
  }
  return [
    at,
    [
      type, lines(event), host, decoded(page.path), page.title, referrer, parameters,
      lines(properties.topics), lines(properties.keywords), language, agent,
      lines(properties.query), lines(properties.text), split(properties.href)[1], userId,
      ...Object.entries(traits || properties).flatMap(([name, value]) => [name, stringify(value)]),
    ].join('\0'),
    Math.round(properties.active_seconds * 1000),
    Math.round(properties.active_seconds_before * 1000),
    properties.scroll_percent,
    properties.scroll_percent_before,
    properties.words,
  ];
}

const message = (fields, at) => ({ messageId: random(), timestamp: written(at), ...fields });

/** A message of this page and session. */
const here = (fields, at) => ({ ...message(fields, at), context: { page, sessionId: sessionAt(at) } });

/** A message as it would be posted now, complete. */
export const complete = (fields, at) => stringify({ ...here(fields, at), anonymousId: visitor });

/** Captures an event: `{type, …}` with what its type calls for. Gives the name under which the
 * message is queued, where it is. */
export function capture(fields) {
  if (consent == 'denied') return;
  const at = now();
  note('captured', fields);
  let event;
  try {
    event = engineEvent(fields, at);
  } catch (error) {
    // The message needs less of the page than the engine, and is worth more.
    note('error', error);
  }
  return take([here(fields, at), event]);
}

/** Captures something that was done. */
export const track = (event, properties) => capture({ type: 'track', event, properties });

function take(captured) {
  const [made, event] = captured;
  if (event) feed(event);
  change();
  if (!consent) {
    if (undecided.length < MAX_UNDECIDED) undecided.push(captured);
  } else if (consent != 'segments') return post(made);
  else if (made.type == 'page') lastView = made;
}

/** Queues a message. What somebody does who looks at a preview is nobody's interest. */
function post(made) {
  if (given.preview) return;
  const text = stringify({ ...made, anonymousId: visitor });
  if (text.length < MAX_MESSAGE) return add(text, made.event == 'Page Engaged');
  note('too long', made);
}

/** Consent is known now: what was captured before counts, or never was. */
export function reconsider(allowed) {
  const all = undecided;
  undecided = [];
  if (allowed) all.forEach(take);
}

/** The page view that the engine knows and the collector has not heard of. */
export function resend() {
  if (lastView) post(lastView);
  forgetEvents();
}

export const forgetEvents = () => {
  lastView = 0;
};

/** Under consent *segments*: the derived results, and nothing that they were derived from. */
export const derived = (properties) =>
  post(message({ type: 'track', event: 'Segments Derived', properties }, now()));

/*
 * Events: each becomes a message for the collector and, with the same values, an event for the
 * engine. Never sends what consent does not allow: without a decision events wait in memory, under
 * consent *segments* only what was derived from them leaves.
 */
import { consent } from './consent.js';
import { page } from './declared.js';
import { add } from './delivery.js';
import { feed } from './engine.js';
import { random, visitor } from './identity.js';
import { agent, change, language, now, stringify, written } from './run.js';

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

/** Host, decoded path and decoded parameters of an address; nothing of what is none. */
function split(address) {
  const parts = [];
  try {
    const { hostname, pathname, searchParams } = new URL(address);
    const parameters = [...searchParams].map(([name, value]) => name + '=' + value.trim());
    parts.push(hostname, pathname, lines(parameters));
    const decoded = decodeURIComponent(pathname);
    // As the address has it, where it hides what no path has.
    if (!decoded.match(CONTROL)) parts[1] = decoded;
  } catch {}
  return parts;
}

/** An event as the engine takes it. */
export function engineEvent({ type, event, properties = {}, traits, userId }, at) {
  const [host, path, parameters] = split(page.url);
  return [
    at,
    [
      type, lines(event), host, path, page.title, split(page.referrer)[0], parameters,
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

/** Captures an event: `{type, …}` with what its type calls for. */
export function capture(fields) {
  if (consent == 'denied') return;
  const at = now();
  take([message({ ...fields, context: { page } }, at), engineEvent(fields, at)]);
}

/** Captures something that was done. */
export const track = (event, properties) => capture({ type: 'track', event, properties });

function take(captured) {
  const [made, event] = captured;
  feed(event);
  change();
  if (!consent) {
    if (undecided.length < MAX_UNDECIDED) undecided.push(captured);
  } else if (consent != 'segments') post(made);
  else if (made.type == 'page') lastView = made;
}

/** Queues a message. */
function post(made) {
  const text = stringify({ ...made, anonymousId: visitor });
  if (text.length < MAX_MESSAGE) add(text, made.event == 'Page Engaged');
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

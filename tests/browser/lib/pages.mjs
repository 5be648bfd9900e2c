/*
 * Small pages that a test writes itself, for what the demo shop has no reason to have. The proxy
 * answers with them, everything else on the same origin is the collector's.
 */
import { WRITE_KEY } from './collector.mjs';

/** The script tag, with more attributes or other ones; one that is null is left out. */
export function tag(attributes = {}) {
  const all = { async: '', src: '/fg.js', 'data-site': WRITE_KEY, ...attributes };
  const written = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => ` ${name}="${value}"`);
  return `<script${written.join('')}></script>`;
}

/** A page. `attributes` are those of the script tag, or null for a page without it. */
export const html = (body, { title = 'Proefpagina', head = '', attributes = {}, type = '<!doctype html>', root = ' lang="nl"' } = {}) =>
  `${type}<html${root}><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>${title}</title>${head}`
  + `${attributes ? tag(attributes) : ''}</head><body>${body}</body></html>`;

/** What was captured on a page until now: what waits there, and what has left. */
export async function captured(visitor, page) {
  const waiting = await page.evaluate(() =>
    Object.entries(localStorage).filter(([key]) => /^fg:[^:]+:q:/.test(key)).map(([, message]) => message));
  const all = new Map();
  for (const message of [...visitor.proxy.messages, ...waiting.map((text) => JSON.parse(text))]) all.set(message.messageId, message);
  return [...all.values()].sort((left, right) => left.timestamp.localeCompare(right.timestamp));
}

/** The properties of what was captured under a name, in order. */
export const properties = async (visitor, page, name) =>
  (await captured(visitor, page)).filter((message) => (message.event || message.type) === name).map((message) => message.properties);

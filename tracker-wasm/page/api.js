/*
 * The calls of the page: `firstglance('track', name, properties)` and so on. Unknown names and
 * wrong types are passed over, for a call must never break the page.
 */
import { asked } from './capture/routes.js';
import { choose, forget } from './consent.js';
import { cut } from './declared.js';
import { capture, track } from './events.js';
import { subscribe } from './hooks.js';
import { decide } from './parts.js';
import { parse, stringify } from './pristine.js';

/** An object of the page as plain data: without getters, functions and dates. */
function plain(value) {
  try {
    const json = stringify(value);
    if (json[0] == '{') return parse(json);
  } catch {}
}

export function call([name, first, second]) {
  const text = /string|number/.test(typeof first) ? cut(String(first)) : undefined;
  if (/^on(Segments|Interest|Stage)$/.test(name)) subscribe(name.slice(2).toLowerCase(), first);
  if (name == 'decide') decide(first, second);
  if (name == 'track' && text) track(text, plain(second));
  if (name == 'identify') {
    const traits = plain(text ? second : first) || {};
    if (text || Object.keys(traits)[0]) capture({ type: name, userId: text, traits });
  }
  if (name == 'page') asked();
  if (name == 'consent' && text) choose(text);
  if (name == 'forget') forget();
}

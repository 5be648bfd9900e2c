/*
 * Who the visitor is: a random name of this browser, from the collector's cookie, from the storage,
 * or fresh. Never anything that the browser or the person could be recognised by elsewhere.
 */
import { consent } from './consent.js';
import { read, write } from './storage.js';

/** The visitor's id, as long as there is one. */
export let visitor;

export const random = () =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('');

/** What is kept under a name, or a fresh random text that is kept from now on. */
export function kept(name, known) {
  const value = known || read(name) || random();
  write(name, value);
  return value;
}

/** Under consent *session* nobody is recognised. Else the cookie counts first: some browsers
 * remove what scripts have stored after seven days. */
export function recognise() {
  let known;
  try {
    known = consent != 'session' && decodeURIComponent(/(?:^|; )fg_visitor=([^;]*)\./.exec(document.cookie)[1]);
  } catch {}
  visitor = kept('id', known);
}

export function disown() {
  visitor = null;
  try {
    document.cookie = 'fg_visitor=;path=/;max-age=0';
  } catch {}
}

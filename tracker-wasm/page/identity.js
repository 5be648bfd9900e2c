/*
 * Who the visitor is: a random name of this browser, from the collector's cookie, from the storage,
 * or fresh; and which session it is, shared by the tabs of the site. Never anything that the browser
 * or the person could be recognised by elsewhere.
 */
import { consent } from './consent.js';
import { later, name, site } from './given.js';
import { run } from './run.js';
import { read, write } from './storage.js';

/** Milliseconds without an event after which another session begins; the engine's own measure. */
const SESSION = 1_800_000;

/** The visitor's id, as long as there is one. */
export let visitor;

export function random() {
  let name = '';
  try {
    // Only pages that came by TLS have the first, which is the faster one.
    if (crypto.randomUUID) return crypto.randomUUID();
    for (const part of crypto.getRandomValues(new Uint32Array(4))) name += part.toString(36);
  } catch {
    // A page that has broken it still has visitors to tell apart.
    while (name.length < 24) name += Math.random().toString(36).slice(2);
  }
  return name;
}

/** This page among the pages of the site, as long as it lives. */
export const tab = random();

/** What is kept under a name, or a fresh random text that is kept from now on. */
export function kept(name, known) {
  const value = known || read(name) || random();
  write(name, value);
  return value;
}

/** The session of an event: the moment at which it began. */
export function sessionAt(at) {
  const [begun, latest] = read('session').split(' ');
  const session = Math.abs(at - latest) < SESSION ? +begun : at;
  // A second is fine enough, and spares the storage in between.
  if (!(Math.abs(at - latest) < 1_000)) write('session', session + ' ' + at);
  return session;
}

/** The collector's cookie: its name, for of several sites all but one have one of their own, and what
 * follows it. To read cookies is to ask the browser, so once. */
function cookie() {
  const all = '; ' + document.cookie;
  const after = (name) => all.split('; ' + name + '=')[1];
  const own = 'fg_visitor_' + site;
  const name = after(own) ? own : 'fg_visitor';
  return [name, after(name)];
}

/** The id in it; nothing where it cannot be read. */
function cookieId() {
  try {
    return decodeURIComponent(/^([^;]*)\./.exec(cookie()[1])?.[1] || '');
  } catch {}
}

/** Under consent *session* nobody is recognised. Else the cookie counts where nothing is stored:
 * some browsers remove what scripts have stored after seven days. Not before what is stored, for a
 * late answer may bring back the cookie of somebody who was forgotten. The cookie is the first
 * instance's. */
export function recognise() {
  visitor = kept('id', consent != 'session' && name == 'firstglance' && !read('id') && cookieId());
}

/** Forgets the visitor. An answer to a page that was left before may bring the cookie once more. */
export function disown() {
  const former = visitor;
  visitor = null;
  clear();
  if (former) later(run, 1_000, () => former == cookieId() && former != visitor && clear(), 0, 1);
}

/** Removes the cookie, also one for all subdomains: whose it is cannot be seen. */
function clear() {
  try {
    const [own] = cookie();
    for (let domain = location.hostname; domain; domain = domain.replace(/^[^.]*\.?/, '')) {
      for (const whose of ['', ';domain=' + domain]) document.cookie = own + '=;path=/;max-age=0' + whose;
    }
  } catch {}
}

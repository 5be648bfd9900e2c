/*
 * Forms: seen, begun, submitted, given up: which one and which field, by name, and never what stands
 * in it. Search forms are the exception that the site's documentation states: their query is what
 * the visitor asks for. Never looks at a form in private.
 */
import { about, clip, find, page } from '../declared.js';
import { track } from '../events.js';
import { now } from '../given.js';
import { on } from '../options.js';
import { run } from '../run.js';
import { asked, field } from './search.js';

/** Characters of the name of a form or a field. */
const MAX_NAME = 80;

/** The form that the visitor is in: element, fields, the last one, since when. */
let begun;
let known = new WeakSet();
let watcher;

const wanted = (form) => on('forms', 1) && !field(form) && !form.closest('[data-fg-private]');

function nameOf(form) {
  const attribute = (name) => form.getAttribute(name);
  const path = () => attribute('action') && new URL(attribute('action'), document.baseURI).pathname;
  return clip(attribute('id') || attribute('name') || path() || page.path, MAX_NAME);
}

const tell = (what, form, properties) =>
  track('Form ' + what, { form: nameOf(form), topics: about.topics, ...properties });

/** Another page view: its forms are seen anew. */
export const forgetForms = () => {
  begun = 0;
  known = new WeakSet();
};

function seen(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    if (wanted(target)) tell('Viewed', target);
  }
}

/** Looks for forms that are new on the page. */
export function seek() {
  for (const form of document.forms) {
    if (known.has(form)) continue;
    known.add(form);
    watcher = watcher || new IntersectionObserver((entries) => run(seen, entries), { threshold: 0.5 });
    watcher.observe(form);
  }
}

/** The visitor fills in a field. */
export function entered(event) {
  const element = find(event, 'input,select,textarea');
  const form = element?.form;
  if (!form || !wanted(form)) return;
  const name = clip(element.getAttribute('name') || element.id || element.type, MAX_NAME);
  if (begun?.form != form) {
    abandon();
    begun = { form, fields: new Set(), at: now() };
    tell('Started', form, { field: name });
  }
  begun.fields.add(begun.last = name);
}

/** What was begun and not submitted was given up. */
export function abandon() {
  if (!begun) return;
  const { form, fields, last, at } = begun;
  begun = 0;
  tell('Abandoned', form, { field: last, fields: fields.size, seconds: Math.round((now() - at) / 1000) });
}

export function submitted(event) {
  const form = find(event, 'form');
  if (!form) return;
  const query = field(form);
  if (query) return asked(query.value, 'form');
  if (begun?.form == form) begun = 0;
  if (on('forms', 1)) tell('Submitted', form);
}

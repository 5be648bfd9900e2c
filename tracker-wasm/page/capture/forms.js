/*
 * Forms that are submitted: which one, by name, and never what stands in it. Search forms are the
 * exception that the site's documentation states: their query is what the visitor asks for. What else
 * happens to forms is for a part, which comes where there are any.
 */
import { about, clip, find, page } from '../declared.js';
import { track } from '../events.js';
import { on } from '../options.js';
import { asked, field } from './search.js';

/** Characters of a form's name. */
const MAX_NAME = 80;

function nameOf(form) {
  const attribute = (name) => form.getAttribute(name);
  const path = () => attribute('action') && new URL(attribute('action'), document.baseURI).pathname;
  return clip(attribute('id') || attribute('name') || path() || page.path, MAX_NAME);
}

/** Tells what happened to a form; not of search forms, nor of what is private. */
export function tellForm(what, form, properties) {
  if (on('forms', 1) && !field(form) && !form.closest('[data-fg-private]')) {
    track('Form ' + what, { form: nameOf(form), topics: about.topics, ...properties });
    return 1;
  }
}

export function submitted(event) {
  const form = find(event, 'form');
  if (!form) return;
  const query = field(form);
  if (query) asked(query.value, 'form');
  else tellForm('Submitted', form);
}

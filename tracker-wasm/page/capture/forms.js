/*
 * Forms that are submitted: which one, and never what stands in it. Search forms are the exception
 * that the site's documentation states: their query is what the visitor asks for.
 */
import { about, clip, find, page } from '../declared.js';
import { track } from '../events.js';
import { asked, field } from './search.js';

/** Characters of a form's name. */
const MAX_NAME = 80;

export function submitted(event) {
  const form = find(event, 'form');
  if (!form) return;
  const query = field(form);
  if (query) return asked(query.value);
  const attribute = (name) => form.getAttribute(name);
  const name = attribute('id') || attribute('name')
    || (attribute('action') && new URL(attribute('action'), document.baseURI).pathname) || page.path;
  track('Form Submitted', { form: clip(name, MAX_NAME), topics: about.topics });
}

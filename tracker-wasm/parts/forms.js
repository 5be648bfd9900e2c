/*
 * Forms: seen, begun, given up: which one and which field, by name, and never what stands in it.
 * Never looks at a search form or at one in private.
 */
import * as kit from './kit.js';

/** Characters of a field's name. */
const MAX_NAME = 80;

/** The form that the visitor is in: element, fields, the last one, since when. */
let begun;
let known = new WeakSet();

function seen(entries) {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      watcher.unobserve(target);
      kit.tellForm('Viewed', target);
    }
  }
}

const watcher = new IntersectionObserver((entries) => kit.run(seen, entries), { threshold: 0.5 });

/** The visitor fills in a field. */
function entered(event) {
  const element = kit.find(event, 'input,select,textarea');
  const form = element?.form;
  if (!form) return;
  const name = kit.clip(element.getAttribute('name') || element.id || element.type, MAX_NAME);
  if (begun?.form != form) {
    abandon();
    begun = kit.tellForm('Started', form, { field: name }) && { form, fields: new Set(), at: kit.now() };
  }
  begun?.fields.add(begun.last = name);
}

/** What was begun and not submitted was given up. */
function abandon() {
  if (!begun) return;
  const { form, fields, last, at } = begun;
  begun = 0;
  kit.tellForm('Abandoned', form, { field: last, fields: fields.size, seconds: Math.round((kit.now() - at) / 1000) });
}

const listen = (name, action) =>
  addEventListener(name, (event) => kit.run(action, event), { capture: true, passive: true });

listen('input', entered);
listen('submit', (event) => {
  if (begun && event.target == begun.form) begun = 0;
});

kit.told.forms = {
  abandon,
  /** Looks for forms that are new on the page. */
  seek() {
    for (const form of document.forms) {
      if (known.has(form)) continue;
      known.add(form);
      watcher.observe(form);
    }
  },
  /** Another page view: its forms are seen anew. */
  left() {
    abandon();
    known = new WeakSet();
  },
};
kit.told.forms.seek();

/*
 * Search boxes that answer while one types: what somebody ends with is the search. Never reads
 * another field, nor a box of a form that asks by being submitted.
 */
import * as kit from './kit.js';

/** Fewer characters are only the beginning of a query. */
const MIN_TYPED = 3;
/** Milliseconds after which somebody who stays in the box has found what they typed for. */
const IDLE = 10_000;

/** The box that somebody types in, and what would end it. */
let box, idle;

function typed(element) {
  if (!element || !/^(text|search)$/.test(element.type)) return;
  const answers = element.closest('[data-fg-search]')
    || (element.closest('[role=search],search') && !element.form?.hasAttribute('action'));
  if (box && box != element) settle();
  if (!answers || element.closest('[data-fg-private]')) return;
  box = element;
  clearTimeout(idle);
  idle = kit.later(kit.run, IDLE, settle);
}

/** Whoever leaves the box, the page or the route has finished. */
function settle() {
  const query = box && box.value;
  box = 0;
  if (query && query.trim().length >= MIN_TYPED) kit.searched(query, 'typed');
}

const listen = (name, action) =>
  addEventListener(name, (event) => kit.run(action, event), { capture: true, passive: true });

listen('input', (event) => typed(kit.find(event, 'input')));
listen('focusout', settle);
// A form that is submitted has asked.
listen('submit', () => {
  box = 0;
});

kit.told.typing = settle;
// Somebody was in the box before this part was there.
if (document.activeElement?.value) typed(document.activeElement);

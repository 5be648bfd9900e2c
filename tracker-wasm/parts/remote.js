/*
 * Stands in for the engine where a page cannot run it: asks the collector what it has found, and what
 * the visitor sees in the page's slots. Only ever for the browser's own cookie.
 */
import { ask, stringify } from '../page/pristine.js';
import * as kit from './kit.js';

/** The collector's answer as it came. */
const remote = { text: '', ask: refresh };

const credentials = 'include';

function refresh() {
  ask(kit.given.collector + 'me', { credentials })
    .then((answer) => answer.text())
    .then((text) => kit.run(() => {
      remote.text = text;
      kit.change();
    }))
    .catch(() => {});
  const slots = [...new Set([...document.querySelectorAll('[data-fg-slot]:not(template)')].map(({ dataset }) => dataset.fgSlot))];
  if (!slots[0]) return;
  ask(kit.given.collector + 'decide', { method: 'POST', credentials, body: stringify({ writeKey: kit.given.site, slots }) })
    .then((answer) => answer.ok && answer.json())
    .then((answer) => answer && kit.run(() => {
      kit.given.decisions = answer.decisions;
      kit.change();
    }))
    .catch(() => {});
}

kit.told.remote = remote;
refresh();

/*
 * Slots: which content one shows, filling it, and giving back what stood there. Never decides about
 * a slot that the site's owner has configured: that is the engine's.
 */
import { fragment, place } from './markup.js';
import * as kit from '../kit.js';
import { before, holds, note } from './known.js';

/** How often a page may put something else into a slot that is filled, before it is let be: the two
 * would go on without end. */
const PATIENCE = 8;

/** Slots that were looked at: what stands in them, what everybody sees, how to give it back. */
const records = new WeakMap();

const DEFAULT = { kind: 'default', key: '' };

/** A name that a list of segments makes. */
const slug = (list) => list.toLowerCase().replace(/!/g, ' not ').replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

export const nameOf = ({ dataset }) => dataset.fgVariant || slug(dataset.fgWhen || '');

/** The page's own variants of a slot that are for somebody, first in the document first. */
export const own = (id, segments) => [...document.querySelectorAll('template[data-fg-slot]')].filter(({ dataset }) =>
  dataset.fgSlot == id && dataset.fgWhen != null && holds(dataset.fgWhen, segments));

/** What the engine has decided about a slot, from its text. */
function understand(text) {
  const [kind, variant, html, lines = ''] = text.split('\0');
  const all = lines.split('\n');
  const fields = {};
  for (let at = 0; at + 1 < all.length; at += 2) fields[all[at]] = all[at + 1];
  return { kind, variant, html, fields };
}

/** Decides about all slots of the model, as long as the engine can be asked. */
export function decideAll({ segments }, visitor) {
  const decisions = {};
  for (const id of kit.consult('slots').split('\n').filter(Boolean)) {
    const names = own(id, segments).map(nameOf).join('\n');
    const text = kit.consult('decide', [visitor || '', id, names].join('\0'));
    if (text) decisions[id] = understand(text);
  }
  return decisions;
}

/** What somebody sees in a slot. Who allows nothing sees what everybody does. */
export function decisionFor(id, known) {
  if (known.plain) return DEFAULT;
  const decided = known.decisions[id];
  const first = !decided && own(id, known.segments)[0];
  if (first) return { kind: 'variant', variant: nameOf(first) };
  return decided || DEFAULT;
}

/** What belongs to the slot: templates may lie in it, and stay there. */
const contentOf = (slot) => [...slot.childNodes].filter((node) => node.localName != 'template');

/** Whether all of an element has been parsed. */
export function isWhole(element) {
  if (document.readyState != 'loading') return 1;
  for (let node = element; node; node = node.parentNode) if (node.nextSibling) return 1;
}

/** A page that puts something of its own into a slot has another default from then on. */
function reconcile(slot, record) {
  if (!record.nodes) return;
  const content = contentOf(slot);
  if (content.length == record.nodes.length && content.every((node, at) => node == record.nodes[at])) return;
  record.nodes.forEach((node) => node.remove());
  record.original = contentOf(slot);
  record.nodes = 0;
  record.undo = null;
  // What was shown is to be shown again at once.
  record.stands = { ...DEFAULT, isLost: 1 };
  delete slot.dataset.fgVariant;
  if (++record.changes == PATIENCE) note('contested', slot);
}

export const slots = {
  selector: '[data-fg-slot]:not(template)',

  wanted(slot, known) {
    if (!isWhole(slot)) return;
    const { kind, variant, html = '', fields = {} } = decisionFor(slot.dataset.fgSlot, known);
    // A variant may stand further down.
    const none = document.readyState == 'loading' ? undefined : DEFAULT;
    if (kind == 'control') return { kind, variant, key: '!' + variant };
    if (kind != 'variant') return none;
    let template;
    if (!html && !Object.keys(fields)[0]) {
      template = own(slot.dataset.fgSlot, known.segments).find((each) => nameOf(each) == variant);
      // Who comes from a page that has it finds the default here.
      if (!template) return none;
    }
    return { kind, variant, html, fields, template, key: JSON.stringify([variant, html, fields]) };
  },

  stands(slot) {
    let record = records.get(slot);
    if (!record) records.set(slot, record = { stands: DEFAULT, changes: 0 });
    reconcile(slot, record);
    return record.changes < PATIENCE ? record.stands : undefined;
  },

  apply(slot, decision) {
    const record = records.get(slot);
    record.undo?.();
    record.undo = null;
    record.stands = DEFAULT;
    delete slot.dataset.fgVariant;
    if (decision.kind == 'variant') {
      const { template, html, fields, variant } = decision;
      const filled = template ? template.content.cloneNode(true) : html && fragment(html);
      if (filled) {
        // The very same nodes come back, with what the page's scripts have done to them.
        const original = record.original = contentOf(slot);
        original.forEach((node) => node.remove());
        record.nodes = [...filled.childNodes];
        slot.append(filled);
        record.undo = () => {
          record.nodes.forEach((node) => node.remove());
          record.nodes = 0;
          slot.append(...record.original);
        };
      } else record.undo = place(slot, fields);
      slot.dataset.fgVariant = variant;
    }
    record.stands = decision;
  },
};

/** What counts as seen in a slot: nothing as long as it is what everybody sees. */
export function shownIn(slot) {
  const { kind, variant } = records.get(slot)?.stands || DEFAULT;
  return kind != 'default' && { slot: slot.dataset.fgSlot, variant, control: kind == 'control' || undefined };
}

/** Ids of slots that are to be filled as soon as they are there. */
export const awaited = () => Object.keys(before.decisions).filter((id) => before.decisions[id].kind == 'variant');

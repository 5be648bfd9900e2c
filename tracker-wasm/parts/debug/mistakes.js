/*
 * Mistakes in what a page's author has written for Firstglance: which element, what is wrong, and
 * what would be right. Never changes the page.
 */
import { TEXTS } from '../content/simple.js';
import { nameOf } from '../content/slots.js';

const all = (selector) => [...document.querySelectorAll(selector)];
const words = (list) => list.trim().split(/\s+/).filter(Boolean);

const MODES = ['now', 'offscreen', 'next', 'fade'];
/** Attributes that a field may be put into. */
const PLAIN = ['alt', 'title', 'placeholder', 'datetime', 'aria-label', 'href', 'src'];
const quoted = (list) => list.map((word) => '"' + word + '"').join(', ');

/** Lists of segments: empty ones, and ids that nobody knows. */
function* lists(isKnown) {
  for (const name of ['show', 'hide', 'when']) {
    for (const element of all('[data-fg-' + name + ']')) {
      const list = words(element.getAttribute('data-fg-' + name));
      if (!list[0]) {
        yield [element, `data-fg-${name} is empty, and so meant for nobody. It takes ids of segments: data-fg-${name}="crm !customer".`];
      }
      for (const word of list) {
        const id = word.replace(/^!/, '');
        if (!isKnown(id)) {
          yield [element, `data-fg-${name} names "${id}", which is neither a segment of the site's configuration nor an interest of yours. `
            + 'Ids of segments are in firstglance.toml; an interest has one as soon as a page about it was seen.'];
        }
      }
    }
  }
}

/** Slots and their templates. */
function* slots(configured) {
  const places = all('[data-fg-slot]:not(template)');
  for (const slot of places) {
    const empty = !slot.textContent.trim() && !slot.querySelector('img,svg,video,picture,canvas,input');
    if (empty && !slot.dataset.fgVariant) {
      yield [slot, `The slot "${slot.dataset.fgSlot}" has no default: whoever is in no segment, and every search engine, sees nothing. Write into it what everybody may see.`];
    }
  }
  const ranks = new Map();
  for (const template of all('template[data-fg-when],template[data-fg-slot]')) {
    const { fgSlot, fgWhen } = template.dataset;
    if (!fgSlot) {
      yield [template, 'A template with data-fg-when says no slot: data-fg-slot="hero", as the element has whose content it replaces.'];
      continue;
    }
    if (fgWhen == null) yield [template, `A template of the slot "${fgSlot}" does not say whom it is for, and is never shown: data-fg-when="crm".`];
    if (!places.some(({ dataset }) => dataset.fgSlot == fgSlot)) {
      yield [template, `There is no element with data-fg-slot="${fgSlot}" on this page, in which this template could be shown.`];
    }
    const name = nameOf(template);
    const rank = fgSlot + ' ' + name;
    const before = ranks.get(rank);
    if (before && words(before.dataset.fgWhen || '').sort().join() == words(fgWhen || '').sort().join()) {
      yield [template, `Two templates of the slot "${fgSlot}" are for the same visitors; the first is always shown, and this one never. Give it another data-fg-when, or remove it.`];
    } else if (before) {
      yield [template, `Two templates of the slot "${fgSlot}" are both called "${name}", and would be counted as one: give this one a data-fg-variant of its own.`];
    } else ranks.set(rank, template);
  }
  for (const id of configured) {
    if (!places.some(({ dataset }) => dataset.fgSlot == id)) continue;
    for (const field of all('[data-fg-slot="' + CSS.escape(id) + '"] [data-fg-field=""]')) {
      yield [field, 'data-fg-field is empty; it takes the name of a variant\'s field: data-fg-field="title".'];
    }
  }
}

/** Values that mean nothing. */
function* values() {
  for (const element of all('[data-fg-adapt]')) {
    const value = element.dataset.fgAdapt.trim();
    if (!MODES.includes(value)) yield [element, `data-fg-adapt="${value}" means nothing, and counts as "offscreen"; it is one of ${quoted(MODES)}.`];
  }
  for (const list of all('[data-fg-sort]')) {
    const value = list.dataset.fgSort.trim();
    if (value != 'interest') yield [list, `data-fg-sort="${value}" means nothing; the one order there is is "interest".`];
    if (![...list.children].some((item) => item.dataset.fgTopic)) {
      yield [list, 'data-fg-sort has nothing to order: the elements right inside it need data-fg-topic="Bikes;E-bikes".'];
    }
  }
  for (const element of all('[data-fg-text]')) {
    const value = element.dataset.fgText.trim();
    if (!Object.hasOwn(TEXTS, value)) yield [element, `data-fg-text="${value}" is no field; it is one of ${quoted(Object.keys(TEXTS))}.`];
    if (!element.textContent.trim()) yield [element, 'data-fg-text has no default: write between the tags what stands there as long as nothing is known.'];
  }
  for (const element of all('[data-fg-field]')) {
    if (!element.closest('[data-fg-slot]')) yield [element, 'data-fg-field is inside no slot: an element around it needs data-fg-slot="hero".'];
    for (const word of words(element.dataset.fgField)) {
      const [, attribute] = word.split('@');
      if (attribute != null && !PLAIN.includes(attribute)) {
        yield [element, `data-fg-field="${word}" cannot set the attribute "${attribute}"; only ${PLAIN.join(', ')}.`];
      }
    }
  }
}

const told = new WeakMap();

/** Calls a function with each mistake once: the element, and what is wrong. `isKnown` says whether an id
 * is anybody's segment, `configured` are ids of the slots of the site's configuration. */
export function tellMistakes(isKnown, configured, tell) {
  for (const [element, text] of [...lists(isKnown), ...slots(configured), ...values()]) {
    const before = told.get(element) || told.set(element, new Set()).get(element);
    if (before.has(text)) continue;
    before.add(text);
    tell(element, text);
  }
}

/*
 * What an element shows by its attributes alone: whether it is there, a text, the order of a list.
 * Never more than the few fields below, and always as text.
 */
import { holds } from './known.js';
import { isWhole } from './slots.js';

export const visibility = {
  selector: '[data-fg-show],[data-fg-hide]',
  wanted: ({ dataset: { fgShow, fgHide } }, { segments }) => ({
    key: (fgShow != null && !holds(fgShow, segments)) || (fgHide != null && holds(fgHide, segments)),
  }),
  stands: (element) => ({ key: element.hidden }),
  apply(element, { key }) {
    element.hidden = key;
  },
};

/** How strong an interest must be to be spoken of: as a segment of its own. */
const STRONG = 0.5;
const top = ({ interests: [first] }) => (first?.score >= STRONG ? first : undefined);

/** What may stand in a page. Nothing that a link to the page could say: searches and campaigns are
 * anybody's words. */
export const TEXTS = {
  'top_interest.label': (known) => top(known)?.label,
  'top_interest.id': (known) => top(known)?.id,
  stage: ({ stage }) => stage,
  visits: ({ visits }) => visits,
  page_views: ({ pageViews }) => pageViews,
};

const originals = new WeakMap();
const texts = new WeakMap();

export const text = {
  selector: '[data-fg-text]',
  wanted(element, known) {
    const field = element.dataset.fgText.trim();
    const value = Object.hasOwn(TEXTS, field) && !known.plain ? TEXTS[field](known) : '';
    return { key: value == null ? '' : String(value) };
  },
  stands: (element) => ({ key: texts.get(element) || '' }),
  apply(element, { key }) {
    if (!originals.has(element)) originals.set(element, [...element.childNodes]);
    texts.set(element, key);
    if (key) element.textContent = key;
    else element.replaceChildren(...originals.get(element));
  },
};

const items = (list) => [...list.children].filter((item) => item.dataset.fgTopic);
const orders = new WeakMap();
const ids = new WeakMap();
let last = 0;

/** What tells an order of elements from another. */
const keyOf = (list) => list.map((item) => ids.get(item) || (ids.set(item, ++last), last)).join();

/** How strong the interest is in what an item is about. */
function weight(item, interests) {
  const topics = item.dataset.fgTopic.split(';').map((topic) => topic.trim().toLowerCase());
  const about = ({ id, label }) => topics.includes(label.toLowerCase()) || topics.includes(id) || topics.some((topic) => topic.replace(/[^\p{L}\p{N}]+/gu, '-') == id);
  return Math.max(0, ...interests.filter(about).map(({ score }) => score));
}

export const sort = {
  selector: '[data-fg-sort]',
  wanted(list, { interests }) {
    if (list.dataset.fgSort.trim() != 'interest' || !isWhole(list)) return;
    const present = items(list);
    // As the page had them, with what it has added since then at the end.
    const original = (orders.get(list) || []).filter((item) => present.includes(item));
    original.push(...present.filter((item) => !original.includes(item)));
    orders.set(list, original);
    const sorted = original.map((item) => [item, weight(item, interests)]).sort((one, other) => other[1] - one[1]).map(([item]) => item);
    return { key: keyOf(sorted), sorted };
  },
  stands(list) {
    const sorted = items(list);
    return { key: keyOf(sorted), sorted };
  },
  apply(list, { sorted }) {
    // The items change places among themselves; what stands between them stays.
    const marks = items(list).map((item) => {
      const mark = document.createComment('');
      item.replaceWith(mark);
      return mark;
    });
    marks.forEach((mark, at) => mark.replaceWith(sorted[at]));
  },
};

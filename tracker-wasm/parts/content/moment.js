/*
 * When the page may change: what is being read does not move, and nobody loses the place they are
 * at. Never changes anything itself, but for how it comes in.
 */

/** Milliseconds of each half of a fade. */
const FADE = 150;

/** `now`, `offscreen`, `next` or `fade`, as the nearest attribute says. */
export function modeOf(element) {
  const said = element.closest('[data-fg-adapt]')?.dataset.fgAdapt.trim();
  return /^(now|next|fade)$/.test(said) ? said : 'offscreen';
}

const isDrawn = (element) => element.getClientRects().length;

/** Where an element begins in the window, or would begin; nothing where it would not be seen. */
function topOf(element) {
  if (isDrawn(element)) return element.getBoundingClientRect().top;
  const parent = element.parentElement;
  if (!parent || !isDrawn(parent)) return;
  const stacks = /^(block|flow-root|list-item)$/.test(getComputedStyle(parent).display);
  for (let sibling = element.previousElementSibling; sibling; sibling = sibling.previousElementSibling) {
    if (isDrawn(sibling)) {
      const { top, bottom } = sibling.getBoundingClientRect();
      return stacks ? bottom : top;
    }
  }
  return parent.getBoundingClientRect().top;
}

/** Whether an element is below what the window shows: nothing that is seen moves then. */
export function isBelow(element) {
  const top = topOf(element);
  return top == null || top >= innerHeight;
}

/** Somebody is in it, with the keyboard or a screen reader. */
export const isHeld = (element) => element.contains(document.activeElement) && document.activeElement != document.body;

/** Where everything stands that could be moved by an element. */
function surroundings(element) {
  const places = [];
  for (let node = element; node && node != document.documentElement; node = node.parentElement) {
    for (const each of [node != element && node, node.nextElementSibling]) {
      if (!each) continue;
      const { top, height } = each.getBoundingClientRect();
      places.push(Math.round(top), Math.round(height));
    }
  }
  return places.join();
}

/** Whether a change moves nothing. It is made and taken back, before anything is drawn. */
export function fits(element, change, back) {
  const places = surroundings(element);
  change();
  const same = surroundings(element) == places;
  back();
  return same;
}

/** Changes an element that is looked at, softly. */
export function fade(element, change) {
  const still = !element.animate || matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (still || !isDrawn(element)) {
    change();
    if (!still && isDrawn(element)) element.animate({ opacity: [0, 1] }, FADE);
    return;
  }
  element.animate({ opacity: [1, 0] }, FADE).onfinish = () => {
    change();
    element.animate({ opacity: [0, 1] }, FADE);
  };
}

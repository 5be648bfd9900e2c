/*
 * What a part of a page has, whether it was there from the beginning or came later.
 */

/** All elements that a selector names in a part, the part itself included. */
export function within(part, selector) {
  const inside = part.querySelectorAll?.(selector) ?? [];
  return part.matches?.(selector) ? [part, ...inside] : [...inside];
}

/*
 * What the page is adapted to: what earlier pages have left, and then what the engine says. Never
 * takes anything from storage that the loader has not found allowed.
 */
import { parse } from '../../page/pristine.js';
import * as kit from '../kit.js';

/** What went wrong here, for whoever looks over the tracker's shoulder. */
export const note = (what, about) => kit.given.troubles.push([what, about]);
kit.given.troubles = [];

/** What is known of somebody of whom nothing is. */
export const NOTHING = { segments: [], interests: [], decisions: {} };

/** What was known when the page began. */
export const before = recalled();

function recalled() {
  if (kit.given.known == null) return NOTHING;
  const segments = kit.given.known.split(' ');
  try {
    return { ...NOTHING, ...parse(localStorage.getItem('fg:' + kit.given.site + ':content')), segments };
  } catch {
    return { ...NOTHING, segments };
  }
}

/** Interests that another page is ordered by. */
const MAX_INTERESTS = 20;
let kept;

/** Keeps it for the next page, where the consent allows anything to be kept. */
export function keep({ interests, decisions, stage, visits, pageViews }) {
  if (kit.given.preview) return;
  const some = interests.slice(0, MAX_INTERESTS).map(({ id, label, score }) => ({ id, label, score }));
  const text = JSON.stringify({ interests: some, decisions, stage, visits, pageViews });
  if (text != kept) kit.write('content', kept = text);
}

/** Whether a list of segments is meant for somebody: one of the plain ones, or there is none; and none
 * of those with `!`. An empty list is meant for nobody. */
export function holds(list, segments) {
  const words = list.trim().split(/\s+/);
  const plain = words.filter((word) => word[0] != '!');
  const isIn = (word) => segments.includes(word);
  return (!plain.length || plain.some(isIn)) && !words.some((word) => word[0] == '!' && isIn(word.slice(1)));
}

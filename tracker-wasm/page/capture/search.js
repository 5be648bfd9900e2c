/*
 * Searches on the site: by the address of the page with the results, and by a search form. The
 * same query by both is one search. The query is the only thing in a form that is ever read.
 */
import { clip, page } from '../declared.js';
import { track } from '../events.js';
import { now, parse, stringify } from '../run.js';
import { searchNames } from '../model.js';
import { read, write } from '../storage.js';

/** Characters of a query. */
const MAX_QUERY = 80;
/** Milliseconds for which the same query in an address is the same search. */
const SAME = 30_000;

/** Keeps the search seen last: [query, when, whether a form asked for it and no page was viewed since]. */
const keep = (...search) => write('search', stringify(search));

const searched = (query, source) => track('Site Searched', { query, source });

const same = (one, other) => one?.toLowerCase() == other.toLowerCase();

/** A page was viewed. */
export function viewed() {
  const query = queryOf(page.url);
  let last = [];
  try {
    last = parse(read('search'));
  } catch {}
  const [before, at, awaits] = last;
  if (query) {
    // Not when a form has just asked for it, nor on the next page of results.
    const repeats = same(before, query) && (awaits || now() - at <= SAME);
    keep(query, now());
    if (!repeats && !same(queryOf(page.referrer), query)) searched(query, 'url');
  } else if (awaits) {
    // Neither this page nor the next is the answer to the form's question.
    keep(before, at);
  }
}

/** A search form was submitted. */
export function asked(text) {
  const query = clip(text, MAX_QUERY);
  if (query) {
    keep(query, now(), 1);
    searched(query, 'form');
  }
}

/** The field with the query, where this is a search form: by its type, by a name that the site's
 * search has, or by the form's role. */
export const field = (form) =>
  [...form.querySelectorAll('input')].find((input) =>
    input.type == 'search'
    || (input.type == 'text'
      && (searchNames().includes(input.name.toLowerCase()) || form.closest('[role=search],search'))));

/** The query that an address asks for. */
function queryOf(url) {
  try {
    const names = searchNames();
    const found = [...new URL(url).searchParams].find(([name, value]) => names.includes(name.toLowerCase()) && value.trim());
    return clip(found[1], MAX_QUERY);
  } catch {}
}

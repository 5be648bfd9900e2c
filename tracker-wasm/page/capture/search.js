/*
 * Searches on the site: by the address of the page with the results, by a search form, and, through a
 * part, by a box that answers while one types. The same query by two of them is one search, and so is
 * a query that is refined. The query is the only thing in a form that is ever read.
 */
import { clip, page } from '../declared.js';
import { track } from '../events.js';
import { now } from '../given.js';
import { searchNames } from '../model.js';
import { parse, stringify } from '../pristine.js';
import { read, write } from '../storage.js';

/** Characters of a query. */
const MAX_QUERY = 80;
/** Milliseconds for which the same query in an address is the same search. */
const SAME = 30_000;
/** Keeps the search seen last: [query, when, whether no page was viewed since a form or a box]. */
const keep = (...search) => write('search', stringify(search));

/** How many results the page says there are. */
function results() {
  const shown = document.querySelector('[data-fg-results]')?.dataset.fgResults;
  return shown ? +shown : undefined;
}

const searched = (query, source) => track('Site Searched', { query, source, results: results() });

const same = (one, other) => one?.toLowerCase() == other.toLowerCase();

/** Whether one is the beginning of the other. */
const refines = (one, other) =>
  one && (one.toLowerCase().startsWith(other.toLowerCase()) || other.toLowerCase().startsWith(one.toLowerCase()));

const last = () => parse(read('search') || '[]');

/** A page was viewed. */
export function viewed() {
  const query = queryOf(page.url);
  const [before, at, awaits] = last();
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

/** A search form was submitted, or a query typed. */
export function asked(text, source) {
  const query = clip(text, MAX_QUERY);
  if (!query) return;
  const [before, at] = last();
  const repeats = source == 'typed' ? refines(before, query) : same(before, query);
  keep(query, now(), 1);
  if (!(repeats && now() - at <= SAME)) searched(query, source);
}

/** The field with the query, where this is a search form: by its type, by a name that the site's
 * search has, or by the form's role. */
export const field = (form) =>
  [...form.querySelectorAll('input')].find((input) =>
    input.type == 'search'
    || (input.type == 'text'
      && (searchNames().includes(input.name.toLowerCase()) || form.closest('[role=search],search,[data-fg-search]'))));

/** The query that an address asks for. */
function queryOf(url) {
  try {
    const names = searchNames();
    // To take an address apart costs a start more than all else here.
    const found = /\?/.test(url) && [...new URL(url).searchParams].find(([name, value]) => names.includes(name.toLowerCase()) && value.trim());
    return clip(found[1], MAX_QUERY);
  } catch {}
}

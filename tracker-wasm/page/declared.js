/*
 * What a page says of itself: address, title, where the visitor came from, and its topics.
 * Never reads form fields, what can be edited, or anything inside `data-fg-private`.
 */
import { on } from './options.js';
import { parse } from './pristine.js';
import { redact } from './redact.js';
import { note } from './run.js';

/** What happens inside these is nobody's business. */
const SECLUDED = '[data-fg-private],[contenteditable]';
/** Nothing inside these is ever read. */
const PRIVATE = SECLUDED + ',input,textarea,select';
/** Nor what has text that nobody sees. */
const UNSEEN = PRIVATE + ',script,style,template,noscript';
/** Characters of an address, of a title or label. */
const MAX_ADDRESS = 2048, MAX_TEXT = 200;
/** Characters that are looked at: what is cut off afterwards may begin what must not leave. */
const MAX_READ = 4096;
/** Topics or keywords; the engine takes fewer. */
const MAX_LABELS = 8;

/** The page as it was when it was viewed: where it is, and what it is about. */
export let page = {}, about = {};

/** The first characters, and never half of one; nothing for an empty text. */
export const cut = (text, most = MAX_TEXT) =>
  text.trim().slice(0, most).replace(/[\ud800-\udbff]$/, '') || undefined;

/** The same of what the page shows or is: without what must not leave. */
export const clip = (text, most) => cut(redact((text || '').slice(0, MAX_READ)), most);

/** Labels with a separator between them; nothing where there is none. */
export function labels(text, separator = ';') {
  const all = (text || '').split(separator).map((label) => clip(label)).filter(Boolean).slice(0, MAX_LABELS);
  return all[0] && all;
}

/** What follows `#` is a place on the page, unless the site's router works with it. */
const address = (url) => clip(on('hash_routes') ? url : url.split('#')[0], MAX_ADDRESS);

const readable = (selector) =>
  [...document.querySelectorAll(selector)].filter((element) => !element.closest(PRIVATE));

/** Whether the browser shows another address now. */
export const wasLeft = () => address(location.href) != page.url;

/** Reads the page. `before` is the address before, where this one was reached without loading. */
export function readPage(before) {
  const { href, pathname, search, hash } = location;
  page = {
    url: address(href),
    path: clip((on('hash_routes') && /^#!?(\/[^?]*)/.exec(hash)?.[1]) || pathname, MAX_ADDRESS),
    referrer: address(before || document.referrer),
    title: clip(document.title),
    search: clip(search, MAX_ADDRESS),
  };
  about = {};
  try {
    about = {
      language: clip(document.documentElement.lang),
      topics: labels(pageTopics() || publicTopics().join('\0'), /[;\0]/),
      keywords: labels(contents('meta[name=keywords]').join(), ','),
    };
  } catch (error) {
    // What cannot be told from a page that breaks things is left out.
    note('error', error);
  }
}

const contents = (selector) => readable(selector).map((element) => element.content);

/** What the parts around the headline declare; or, where they do not, the only such part. A card in
 * a list speaks only for itself. */
function pageTopics() {
  const all = readable('[data-fg-topic]');
  const headline = document.querySelector('h1') || document.querySelector('main') || document.body;
  const around = all.filter((element) => element.matches('main') || element.contains(headline));
  return (around[0] || all[1] ? around : all).map((element) => element.dataset.fgTopic).join(';');
}

/** What it says for everybody: linked data and article tags. */
function publicTopics() {
  const topics = [];
  for (const block of readable('script[type="application/ld+json"]')) {
    try {
      linkedTopics(parse(block.textContent), topics);
    } catch {}
  }
  return topics.concat(contents('meta[property="article:section"],meta[property="article:tag"]'));
}

/** Breadcrumbs, the category of a product, the section of an article; most general first. */
function linkedTopics(data, topics) {
  if (!data || typeof data != 'object') return;
  if ([data['@type']].flat().includes('BreadcrumbList')) {
    // The crumbs between the home page and the page itself.
    const crumbs = data.itemListElement.slice(1).map((crumb) => crumb.name || crumb.item.name);
    topics.push(...crumbs.slice(0, crumbs.length - 1 || 1));
    return;
  }
  for (const name of ['category', 'articleSection']) {
    for (const label of [data[name]].flat()) {
      if (typeof label == 'string') topics.push(...label.split('>'));
    }
  }
  Object.values(data).forEach((value) => linkedTopics(value, topics));
}

/** What an element shows, about so many characters; the main part of the page without one. */
export function shownText(limit, element) {
  let text = '';
  const add = (node) => {
    if (text.length > limit) return;
    if (node.nodeType == 3) text += node.data;
    else if (node.nodeType == 1 && !node.matches(UNSEEN)) node.childNodes.forEach(add);
  };
  add(element || document.querySelector('main,article') || document.body);
  return text.replace(/\s+/g, ' ');
}

/** The nearest element on the event's way that matches, through open shadow roots; none in private. */
export function find(event, selector) {
  const path = event.composedPath().filter((node) => node.matches);
  const at = path.findIndex((node) => node.matches(selector));
  if (!path.slice(at).some((node) => node.matches(SECLUDED))) return path[at];
}

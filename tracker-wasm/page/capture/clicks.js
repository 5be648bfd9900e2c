/*
 * Clicks on links, buttons and what the page marks with `data-fg-track`; also through open shadow
 * roots and by the keyboard. Never on anything inside `data-fg-private` or in a text that is being
 * edited, and never the address of somebody's mailbox or telephone.
 */
import { clip, find, labels, shownText } from '../declared.js';
import { amend, hold } from '../delivery.js';
import { track } from '../events.js';
import { later, now } from '../given.js';
import { run } from '../run.js';

/** Characters of a link's or button's text, and of its address. */
const MAX_TEXT = 80, MAX_HREF = 1_000;

/** What the browser turns the keyboard into clicks on; what only the page does; and what counts. */
const NATIVE = 'a[href],area[href],button,summary,input,select,textarea';
const CUSTOM = '[role=button],[role=link],[data-fg-track]';
const CLICKABLE = 'a[href],area[href],button,[role=button],[role=link],summary,input[type=submit],input[type=button]';

/** Endings of files that are downloaded rather than shown. */
const DOWNLOADS = /\.(7z|apk|avi|csv|dmg|docx?|epub|exe|gz|mov|mp[34]|msi|ods|odt|pdf|pkg|pptx?|rar|xlsx?|zip)$/i;

/** Clicks so close to each other, in milliseconds and pixels, and so many of them, are angry. */
const RAGE_TIME = 1_000, RAGE_DISTANCE = 30, RAGE_CLICKS = 3;
/** Milliseconds in which a page answers a click, if it does at all. */
const ANSWER = 1_000;

let last = {};
let lastElement;

/** How many clicks in a row were there and then. */
function repeated({ clientX: x, clientY: y }) {
  const near = now() - last.at < RAGE_TIME && Math.hypot(x - last.x, y - last.y) < RAGE_DISTANCE;
  last = { x, y, at: now(), count: near ? last.count + 1 : 1 };
  return last.count;
}

/** A click, or what stands for one. */
export function clicked(event) {
  if (event.button == 2) return;
  const how = {
    // Whoever clicks with the mouse has clicked at least once.
    keyboard: (event.isTrusted && !event.detail) || undefined,
    rage: (event.detail && repeated(event) >= RAGE_CLICKS) || undefined,
  };
  const topics = (selector) => labels(find(event, selector)?.dataset.fgTopic);
  const tracked = find(event, '[data-fg-track]');
  lastElement = tracked;
  if (tracked) {
    const name = clip(tracked.dataset.fgTrack);
    const properties = [...tracked.attributes]
      .filter((attribute) => attribute.name.startsWith('data-fg-prop-'))
      .map((attribute) => [attribute.name.slice(13), clip(attribute.value)]);
    if (name) track(name, { ...Object.fromEntries(properties), topics: topics('[data-fg-topic]') });
    return;
  }
  const element = lastElement = find(event, CLICKABLE);
  if (!element) return;
  const attribute = (name) => clip(element.getAttribute(name), MAX_TEXT);
  const properties = {
    text: clip(shownText(MAX_TEXT, element), MAX_TEXT) || attribute('aria-label'),
    // The page's own topics say nothing about where a link on it leads.
    topics: topics('[data-fg-topic]:not(html,body,main)'),
    ...how,
  };
  const [kind, href, extension] = link(element);
  // What leads to somebody's mailbox or telephone often says which.
  if (kind && !href && /@|\d\d/.test(properties.text)) properties.text = undefined;
  if (kind) track('Link Clicked', { ...properties, kind, href, extension });
  else watch(track('Button Clicked', { ...properties, id: attribute('id'), name: attribute('name') }));
}

/** What kind of link it is, its address, and of what kind the file is; nothing for what only looks
 * like one. */
function link(element) {
  try {
    const url = new URL(element.getAttribute('href') ?? 'none:', document.baseURI);
    const scheme = url.protocol.slice(0, -1);
    const host = (from) => from.host.replace(/^www\./, '');
    if (/^(mailto|tel)$/.test(scheme)) return [scheme];
    if (/^http/.test(scheme)) {
      const [, extension] = DOWNLOADS.exec(url.pathname) || [];
      const kind = extension || element.hasAttribute('download') ? 'download'
        : host(url) == host(location) ? 'internal' : 'outbound';
      return [kind, clip(url.href, MAX_HREF), extension?.toLowerCase()];
    }
  } catch {}
  return [];
}

/** Where the visitor is: a page that answers by moving them changes one of these. */
const where = () => [location.href, scrollX, scrollY, document.activeElement, document.hasFocus()];

/** Waits for the page to answer a click on a button; where it does not, the message says so. */
function watch(name) {
  if (!name) return;
  hold(name);
  let answered;
  const changes = new MutationObserver(() => {
    answered = 1;
    changes.disconnect();
  });
  changes.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  const before = where();
  later(run, ANSWER, () => {
    changes.disconnect();
    if (!answered && where().every((each, index) => each == before[index])) amend(name, 'dead');
    hold();
  });
}

/** A key that stands for a click, on what is a button or a link only by the page's word. */
export function pressed(event) {
  if (!/^(Enter| )$/.test(event.key) || event.repeat) return;
  const path = event.composedPath();
  const element = find(event, NATIVE + ',' + CUSTOM);
  if (!element || element.matches(NATIVE)) return;
  lastElement = 0;
  // Where the page makes a click of it, that one counts.
  later(run, 0, () => lastElement || clicked({ composedPath: () => path, isTrusted: event.isTrusted }));
}

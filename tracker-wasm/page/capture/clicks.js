/*
 * Clicks on links, buttons and what the page marks with `data-fg-track`; also through open shadow
 * roots. Never on anything inside `data-fg-private` or in a text that is being edited, and never
 * the address of somebody's mailbox or telephone.
 */
import { clip, find, labels, shownText } from '../declared.js';
import { track } from '../events.js';

/** Characters of a link's or button's text, and of its address. */
const MAX_TEXT = 80, MAX_HREF = 1_000;

const CLICKABLE = 'a[href],area[href],button,[role=button],summary,input[type=submit],input[type=button]';

/** Endings of files that are downloaded rather than shown. */
const DOWNLOADS = /\.(7z|apk|avi|csv|dmg|docx?|epub|exe|gz|mov|mp[34]|msi|ods|odt|pdf|pkg|pptx?|rar|xlsx?|zip)$/i;

export function clicked(event) {
  const topics = (selector) => labels(find(event, selector)?.dataset.fgTopic);
  const tracked = find(event, '[data-fg-track]');
  if (tracked) {
    const name = clip(tracked.dataset.fgTrack);
    const properties = [...tracked.attributes]
      .filter((attribute) => attribute.name.startsWith('data-fg-prop-'))
      .map((attribute) => [attribute.name.slice(13), attribute.value]);
    if (name) track(name, { ...Object.fromEntries(properties), topics: topics('[data-fg-topic]') });
    return;
  }
  const element = find(event, CLICKABLE);
  if (!element) return;
  const attribute = (name) => clip(element.getAttribute(name), MAX_TEXT);
  const properties = {
    text: clip(shownText(MAX_TEXT, element), MAX_TEXT) || attribute('aria-label'),
    // The page's own topics say nothing about where a link on it leads.
    topics: topics('[data-fg-topic]:not(html,body,main)'),
  };
  const [kind, href] = link(element);
  // What leads to somebody's mailbox or telephone often says which.
  if (kind && !href && /@|\d\d/.test(properties.text)) properties.text = undefined;
  if (kind) track('Link Clicked', { ...properties, kind, href });
  else track('Button Clicked', { ...properties, id: attribute('id'), name: attribute('name') });
}

/** What kind of link it is, and its address; nothing for what only looks like one. */
function link(element) {
  try {
    const url = new URL(element.getAttribute('href') ?? 'none:', document.baseURI);
    const scheme = url.protocol.slice(0, -1);
    const host = (from) => from.host.replace(/^www\./, '');
    if (/^(mailto|tel)$/.test(scheme)) return [scheme];
    if (/^http/.test(scheme)) {
      const kind = element.hasAttribute('download') || DOWNLOADS.test(url.pathname) ? 'download'
        : host(url) == host(location) ? 'internal' : 'outbound';
      return [kind, clip(url.href, MAX_HREF)];
    }
  } catch {}
  return [];
}

/*
 * What the script is given: by the loader, which has left it with the function that the page calls,
 * and by the browser, before the page may put something of its own in its place. Never changes.
 */

/** The fragment names the function. */
export const name = decodeURIComponent(import.meta.url.split('#')[1]);
export const { q: queue } = window[name];
/** What the loader knows and can do. */
export const given = queue.fg;
export const { site, consent: attribute, collector, script: tag } = given;

export const later = setTimeout;
export const now = Date.now;
/** What the browser asks for; a page that is left does not know it any more. */
export const { language, userAgent: agent, webdriver, locks } = navigator;

/** A moment as messages carry it. */
export const written = (at) => new Date(at).toISOString();

export const hidden = () => document.visibilityState == 'hidden';

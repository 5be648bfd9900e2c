/*
 * What a part may use: the page's function, what the loader has left with it, and what the script
 * lends. Some parts are there before the script is. The fragment of a part's address names the function.
 */
export const name = decodeURIComponent(import.meta.url.split('#')[1]);
const { q: queue } = window[name];
export const { fg: given } = queue;

export let told, early, wanted, asked, call, change, clip, consult, derived, find, later, now, observe, preview, read, run, searched, signal,
  tellForm, track, write;

/** Takes what the script lends, in the order of `../page/parts.js`; nothing before it is there. */
export function borrow() {
  [
    told, early, wanted, asked, call, change, clip, consult, derived, find, later, now, observe, preview, read, run, searched, signal,
    tellForm, track, write,
  ] = queue.kit || [];
}
borrow();

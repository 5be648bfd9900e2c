/*
 * What a part may use: the page's function, what the loader has left with it, and what the script
 * lends. Some parts are there before the script is. The fragment of a part's address names the function.
 */
export const { q: queue } = window[decodeURIComponent(import.meta.url.split('#')[1])];
export const { fg: given } = queue;

/** Names of what the script lends, in the order of `../page/parts.js`. */
const NAMES = [
  'told', 'early', 'wanted', 'asked', 'call', 'change', 'clip', 'consult', 'derived', 'find', 'later', 'name', 'now', 'observe', 'preview',
  'read', 'run', 'searched', 'signal', 'tellForm', 'track', 'version', 'write',
];

/** What the script lends; nothing before it is there. */
export const lent = () => queue.kit && Object.fromEntries(NAMES.map((name, at) => [name, queue.kit[at]]));

/** The same, for a part that the script has brought. */
export const kit = lent();

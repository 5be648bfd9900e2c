/*
 * What the browser offers, as the browser made it: where the page has broken it, from an empty
 * frame. Never changes anything of the page, and makes no frame where nothing is broken.
 */
let frame;

/** The browser's own globals. */
function fresh() {
  if (!frame) {
    frame = document.createElement('iframe');
    frame.hidden = true;
    document.documentElement.append(frame);
  }
  return frame.contentWindow;
}

function sound() {
  try {
    return JSON.stringify(JSON.parse('{"a":["b"]}')) == '{"a":["b"]}' && JSON;
  } catch {}
}

export const { stringify, parse } = sound() || fresh().JSON;

/** Asks the network, by the browser's own way where the page's fails at once. Never says more of the
 * page's address than where it is from. */
export async function ask(url, options) {
  options = { referrerPolicy: 'origin', ...options };
  try {
    return fetch(url, options);
  } catch {
    return fresh().fetch(url, options);
  }
}

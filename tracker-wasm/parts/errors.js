/*
 * Errors in the page's own scripts, where the site's owner wants to hear of them. Never those of the
 * tracker, which stay inside it, and never more than a few a page.
 */
import * as kit from './kit.js';

const MOST = 10;
/** Characters of a message. */
const MAX_MESSAGE = 300;

let count = 0;

function report(message, { filename, lineno, colno } = {}) {
  if (count++ < MOST) {
    kit.track('Error Occurred', {
      message: kit.clip(String(message), MAX_MESSAGE),
      source: kit.clip((filename || '').split(/[?#]/)[0]),
      line: lineno || undefined,
      column: colno || undefined,
    });
  }
}

// In the capture phase the errors of images and styles come by as well; those have no message.
addEventListener('error', (event) => event.message && kit.run(() => report(event.message, event)));
addEventListener('unhandledrejection', ({ reason }) => kit.run(() => report(reason?.message || reason)));

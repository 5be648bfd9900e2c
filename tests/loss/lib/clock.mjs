/*
 * A clock in the page that a case can move on, the same in every browser: a well-kept library,
 * bundled here, and put before everything else in the page.
 */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Milliseconds that pass at once, and real ones in which the network can answer between. */
const STEP = 10_000, REAL = 20;
/** Seconds that pass in one call. */
const CALL = 300;

let library;

/** The script that gives a page a clock which shows `offset` milliseconds more than is true. */
export async function clockScript(offset) {
  library ??= (await build({
    stdin: { contents: "export { install } from '@sinonjs/fake-timers'", resolveDir: ROOT },
    bundle: true, minify: true, write: false, format: 'iife', globalName: 'fakeTimers', logLevel: 'error',
    // Only asked for in Node.
    external: ['util'],
  })).outputFiles[0].text;
  return `${library}
window.reallyLater = setTimeout.bind(window);
window.mockedClock = fakeTimers.install({
  now: Date.now() + ${offset},
  shouldAdvanceTime: true,
  ignoreMissingTimers: true,
  toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'requestIdleCallback', 'cancelIdleCallback', 'performance'],
});`;
}

/** Lets seconds pass in a page. */
export async function pass(tab, seconds) {
  // A driver waits only so long for an answer.
  for (let left = seconds; left > 0; left -= CALL) {
    await tab.run(async (milliseconds, step, real) => {
      for (let rest = milliseconds; rest > 0; rest -= step) {
        await window.mockedClock.tickAsync(Math.min(step, rest));
        await new Promise((resolve) => { window.reallyLater(resolve, real); });
      }
    }, Math.min(CALL, left) * 1_000, STEP, REAL);
  }
}

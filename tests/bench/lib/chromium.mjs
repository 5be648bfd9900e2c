/*
 * What the main thread of a page did, as Chromium tells it. All times are processor time of that
 * thread: on a machine that others use as well, the time on the clock would be theirs too.
 */

/** Milliseconds in which a page that was loaded comes to rest. */
const REST = 500;

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A page of a new visitor, loaded and at rest, and its session of the DevTools protocol. */
export async function open(visitor, address) {
  const page = await visitor.open(address, { waitUntil: 'load' });
  await pause(REST);
  return { page, session: await visitor.context.newCDPSession(page) };
}

/** Runs an expression in the page, without a driver's own script around it. */
export async function evaluate(session, expression) {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression, returnByValue: true, awaitPromise: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
  return result.value;
}

/** Calls a function of this file's callers in the page. */
export const call = (session, action, ...values) =>
  evaluate(session, `(${action})(${values.map((value) => JSON.stringify(value)).join()})`);

/** Puts HTML into the head, with scripts that run. For the page. */
export const INSERT = `(html) => document.head.append(document.createRange().createContextualFragment(html))`;

/**
 * Tasks of a page's main thread while `action` runs, from the moment on that the page marks with
 * `performance.mark(MARK)`: [{time, calls}] in milliseconds; `calls` are the entries into JavaScript
 * in it, [{url, time}].
 */
export async function tasks(browser, page, action) {
  await browser.startTracing(page, {
    categories: ['disabled-by-default-devtools.timeline', 'devtools.timeline', 'blink.user_timing'],
  });
  await action();
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const mark = traceEvents.find((event) => event.name == MARK);
  if (!mark) throw new Error(`the page has not marked ${MARK}`);
  const mine = traceEvents
    .filter((event) => event.pid == mark.pid && event.tid == mark.tid && event.ph == 'X' && event.ts + event.dur >= mark.ts)
    .sort((left, right) => left.ts - right.ts);
  return mine.filter((event) => event.name == 'RunTask').map(({ ts, dur, tdur = 0 }) => ({
    time: tdur / 1e3,
    calls: mine
      .filter((event) => event.name == 'FunctionCall' && event.ts >= ts && event.ts < ts + dur)
      .map((event) => ({ url: event.args.data?.url || '', time: (event.tdur ?? event.dur) / 1e3 })),
  }));
}

export const MARK = 'measured';

/** Counts the processor time of a page's main thread: milliseconds of all tasks that have ended. */
export async function meter(session) {
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find((metric) => metric.name == 'TaskDuration').value * 1e3;
  };
}

export function median(list) {
  const sorted = [...list].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/*
 * What the main thread of a page did, as Chromium tells it. All times are processor time of that
 * thread, never time on the clock: on a machine that others use as well, that would be theirs too.
 */

/** Milliseconds in which a page that was loaded comes to rest. */
const REST = 500;
/** Milliseconds until a recording surely runs. */
const BEFORE = 300;
/** What the page marks when the recording's time begins. */
export const MARK = 'measured from here';

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A page of a new visitor, loaded and at rest, and its session of the DevTools protocol. */
export async function open(visitor, address) {
  const page = await visitor.open(address, { waitUntil: 'load' });
  await pause(REST);
  return { page, session: await visitor.context.newCDPSession(page) };
}

/** Calls a function in the page, without a driver's own script around it. */
export async function call(session, action, ...values) {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression: `(${action})(${values.map((value) => JSON.stringify(value)).join()})`,
    returnByValue: true,
    awaitPromise: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
  return result.value;
}

/** For the page: puts HTML into the head, with scripts that run. */
export const insert = (html) => document.head.append(document.createRange().createContextualFragment(html));

/** What makes the browser call a function, as far as it is told apart. */
const CAUSES = { EventDispatch: ({ type }) => type, FireAnimationFrame: () => 'frame', TimerFire: () => 'timer' };

/**
 * What a page's main thread does from the moment on at which the page calls a function, until so
 * many milliseconds after what that function promises: tasks as [{time, calls}], with the entries
 * into JavaScript as [{url, name, cause, time}]; times in milliseconds. The function is called by the
 * page's own timer: no message of the driver falls into the time.
 */
export async function record({ browser, page, session }, after, action, ...values) {
  await browser.startTracing(page, {
    categories: ['disabled-by-default-devtools.timeline', 'devtools.timeline', 'blink.user_timing'],
  });
  await call(session, `() => new Promise((resolve) => {
    setTimeout(() => {
      performance.mark(${JSON.stringify(MARK)});
      resolve((${action})(${values.map((value) => JSON.stringify(value)).join()}));
    }, ${BEFORE});
  }).then(() => {})`);
  await pause(after);
  return tasksOf(JSON.parse(await browser.stopTracing()).traceEvents);
}

/** Tasks of the thread that has set the mark, from then on, for so many milliseconds: as `record` has
 * them. */
export function tasksOf(recorded, milliseconds = Infinity) {
  const mark = recorded.find((event) => event.name == MARK);
  if (!mark) throw new Error('the recording has not begun');
  const end = mark.ts + milliseconds * 1e3;
  const mine = recorded
    .filter(({ pid, tid, ph, ts, dur }) => pid == mark.pid && tid == mark.tid && ph == 'X' && ts + dur >= mark.ts && ts < end)
    .sort((left, right) => left.ts - right.ts);
  const calls = mine.filter((event) => event.name == 'FunctionCall');
  const causes = mine.filter((event) => CAUSES[event.name]);
  const within = (event, outer) => event.ts >= outer.ts && event.ts + event.dur <= outer.ts + outer.dur;
  const causeOf = (event) => {
    const found = causes.findLast((each) => within(event, each));
    return found ? CAUSES[found.name](found.args.data || {}) : '';
  };
  // By which of the two names depends on what is recorded.
  return mine.filter((event) => /^(ThreadControllerImpl::)?RunTask$/.test(event.name)).map(({ ts, dur, tdur = 0 }) => ({
    time: tdur / 1e3,
    calls: calls
      .filter((event) => event.ts >= ts && event.ts < ts + dur)
      .map((event) => ({
        url: event.args.data?.url || '',
        name: event.args.data?.functionName || '',
        cause: causeOf(event),
        time: (event.tdur || 0) / 1e3,
      })),
  }));
}

export const sum = (list) => list.reduce((total, each) => total + each, 0);

export function median(list) {
  const sorted = [...list].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

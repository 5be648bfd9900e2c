/*
 * Where a queue of events is best kept: what `localStorage` and IndexedDB cost the main thread for
 * one event, how long until it is said to be kept, and whether what was written last is still there
 * after the page was left, closed, or killed, or the whole browser was. Nothing of Firstglance runs
 * here.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { ARGUMENTS, Visitor } from '../browser/lib/browser.mjs';
import { call, median, open, pause, record, sum } from './lib/chromium.mjs';

/** Events in a burst, bursts, and milliseconds between them. */
const BURST = 10, BURSTS = 15, BETWEEN = 60;
/** What is written before the end, each. */
const LAST = 5;

/** The ways to keep an event. */
export const WAYS = ['localStorage', 'IndexedDB, a transaction each', 'IndexedDB, one a burst', 'IndexedDB, strict'];

/** How a page or browser ends right after it has written. */
export const ENDS = ['page left', 'page closed', 'page killed', 'browser killed', 'browser killed 1 s later'];

/** In the page: `keep(way, times)` writes so many events of a usual size; promises when they are kept. */
const prepare = () => new Promise((resolve, reject) => {
  const message = 'x'.repeat(850);
  let number = 0;
  const request = indexedDB.open('queue', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('queue');
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const database = request.result;
    const begin = (durability = 'relaxed') => database.transaction('queue', 'readwrite', { durability });
    const put = (transaction) => transaction.objectStore('queue').put(message, 'q:' + number++);
    const kept = (transaction) => new Promise((done) => {
      // Without it, it ends only when the browser finds that nothing more comes.
      transaction.commit();
      transaction.oncomplete = done;
    });
    window.keep = (way, times) => {
      const all = [];
      const shared = way == 'IndexedDB, one a burst' && begin();
      for (let each = 0; each < times; each++) {
        if (way == 'localStorage') localStorage.setItem('q:' + number++, message);
        else if (shared) put(shared);
        else {
          const transaction = begin(way == 'IndexedDB, strict' ? 'strict' : 'relaxed');
          put(transaction);
          all.push(kept(transaction));
        }
      }
      if (shared) all.push(kept(shared));
      return Promise.all(all);
    };
    window.keepOften = async (way, times, each, gap) => {
      const waited = [];
      for (let turn = 0; turn < times; turn++) {
        await new Promise((done) => {
          setTimeout(function measuredCall() {
            const begun = performance.now();
            window.keep(way, each).then(() => {
              waited.push(performance.now() - begun);
              done();
            });
          });
        });
        await new Promise((done) => { setTimeout(done, gap); });
        // A queue is emptied again.
        if (way == 'localStorage') localStorage.clear();
      }
      window.waited = waited;
    };
    resolve();
  };
});

/** In the page: how many are there. */
const count = () => new Promise((resolve) => {
  const request = indexedDB.open('queue', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('queue');
  request.onsuccess = () => {
    const found = request.result.transaction('queue').objectStore('queue').count();
    found.onsuccess = () => resolve({
      stored: Object.keys(localStorage).filter((key) => key.startsWith('q:')).length, database: found.result,
    });
  };
});

/** What keeping costs: microseconds of the main thread an event, milliseconds until it is kept. */
async function cost({ browser, site }, way) {
  const visitor = await Visitor.arrive(browser);
  try {
    const { page, session } = await open(visitor, site.origin);
    await call(session, prepare);
    const recorded = async (events) => {
      const tasks = await record({ browser, page, session }, BETWEEN, (...given) => window.keepOften(...given), way, BURSTS, events, BETWEEN);
      const calls = tasks.flatMap((task) => task.calls).filter((each) => each.name == 'measuredCall');
      return { all: sum(tasks.map((task) => task.time)), calls: calls.map((each) => each.time), tasks };
    };
    await recorded(BURST);
    const empty = await recorded(0);
    const full = await recorded(BURST);
    const waited = await call(session, () => window.waited);
    return {
      call: (median(full.calls) - median(empty.calls)) / BURST * 1e3,
      all: (full.all - empty.all) / (BURSTS * BURST) * 1e3,
      kept: median(waited),
    };
  } finally {
    await visitor.leave();
  }
}

/** Processes below one, and their command lines. */
function processes() {
  return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8', maxBuffer: 2 ** 24 }).split('\n').map((line) => {
    const [, pid, command] = /^\s*(\d+) (.*)$/.exec(line) || [];
    return { pid: +pid, command: command || '' };
  });
}

/** Whether the events written last are still there: how many of them. */
async function survivors(site, way, end) {
  const folder = await mkdtemp(join(tmpdir(), 'firstglance-bench-'));
  const launch = () => chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ARGUMENTS,
  });
  const before = new Set(processes().map(({ pid }) => pid));
  let context = await launch();
  try {
    let page = await context.newPage();
    await page.goto(site.origin);
    await page.evaluate(prepare);
    const mine = processes().filter(({ pid, command }) => !before.has(pid) && /chrom/.test(command));
    const whole = mine.filter(({ command }) => command.includes(folder) && !command.includes('--type='));
    // Only one of them has been at the site; the others are spare.
    const renderers = mine.filter(({ command }) => command.includes('--type=renderer'));
    const killed = { 'page killed': renderers, 'browser killed': whole }[end];
    site.ended = () => killed.forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
    await page.evaluate(([given, times, leaves, asks]) => {
      window.keep(given, times);
      if (leaves) location.href = '/prijzen/';
      if (asks) {
        // Synchronous: not one task of the page comes between the writing and the end.
        const request = new XMLHttpRequest();
        request.open('GET', '/end', false);
        request.send();
      }
    }, [way, LAST, end == 'page left', Boolean(killed)]).catch(() => {});
    if (end == 'page closed') await page.close();
    if (end == 'browser killed 1 s later') {
      await pause(1_000);
      whole.forEach(({ pid }) => process.kill(pid, 'SIGKILL'));
    }
    await pause(300);
    if (end.startsWith('browser')) {
      await context.close().catch(() => {});
      context = await launch();
    }
    page = await context.newPage();
    await page.goto(site.origin);
    const { stored, database } = await page.evaluate(count);
    return way == 'localStorage' ? stored : database;
  } finally {
    site.ended = null;
    await context.close().catch(() => {});
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Every way in turn, in each round: medians of the costs, shares of what survived. */
export async function storage(rig, rounds, trials) {
  rig.site.tracker = {};
  const costs = new Map(WAYS.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [way, results] of costs) results.push(await cost(rig, way));
  }
  const rows = [];
  for (const [way, results] of costs) {
    const middle = (name) => median(results.map((result) => result[name]));
    const row = { way, call_us: middle('call'), all_us: middle('all'), kept_ms: middle('kept'), survived: {} };
    for (const end of trials ? ENDS : []) {
      let found = 0;
      for (let trial = 0; trial < trials; trial++) found += await survivors(rig.site, way, end);
      row.survived[end] = found / (trials * LAST);
    }
    rows.push(row);
  }
  return rows;
}

/*
 * A visitor in a case: goes to pages, acts on them, and has everything they do written down under a
 * name of its own. Time, network and server are the case's to change.
 */
import { clockScript, pass } from './clock.mjs';
import { compare } from './count.mjs';
import { Stage } from './stage.mjs';

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Milliseconds that a tracker may take to start. */
const START = 30_000;
/** What is waited for at the end of a case: real milliseconds; and seconds of a clock that is moved. */
const PATIENCE = 25_000, MOCKED_PATIENCE = 1_800;
/** Real milliseconds for what leaves with the last page. */
const LEAVING = 3_000;
/** For repetitions that come late: the same. */
const GRACE = 700, MOCKED_GRACE = 60;

export class Play {
  /** Names of what was done. */
  done = [];
  #steps = 0;
  #offset = 0;

  /** Begins a case for a tracker in a browser. */
  static async begin(given, tracker, browser) {
    const play = new Play();
    Object.assign(play, { given, tracker });
    await tracker.begin();
    play.stage = await Stage.open(tracker);
    play.visitor = await browser.visitor();
    return play;
  }

  async end() {
    await this.visitor?.leave();
    await this.stage?.close();
    await this.tracker.end();
  }

  async #clock() {
    if (this.given.clock) this.stage.clock = await clockScript(this.#offset);
  }

  /** A new tab at a path of the shop. Waits until the tracker is at work, unless told not to. */
  async open(path, options) {
    const tab = await this.visitor.open();
    await this.visit(tab, path, options);
    return tab;
  }

  /** Goes to a page by its address; `counts` says whether that is a page view. */
  async visit(tab, path, { ready = true, counts = true } = {}) {
    await this.#clock();
    if (counts) this.done.push(`page /shop/${path}`);
    await tab.goto(`${this.stage.origin}/shop/${path}`);
    if (ready) await this.ready(tab);
  }

  /** Waits until the tracker is at work. */
  async ready(tab) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${this.tracker.name} is not at work within ${START / 1_000} s`)), START);
    });
    const atWork = tab.run(() => window.atWork.then(() => true));
    atWork.catch(() => {});
    await Promise.race([atWork, late]).finally(() => clearTimeout(timer));
  }

  /** Names for as many more things to do. */
  steps(count) {
    const names = Array.from({ length: count }, () => `Step ${++this.#steps}`);
    this.done.push(...names);
    return names;
  }

  /** Something is seen that counts as a page view. */
  viewed(...paths) {
    this.done.push(...paths.map((path) => `page /shop/${path}`));
  }

  /** Does things on a page. */
  async act(tab, count = 1) {
    await tab.run((names) => names.forEach((name) => window.act(name)), this.steps(count));
  }

  /** Acts and is on the way to another page in the same breath; comes back when that one is there,
   * though perhaps not its tracker. */
  async actAndGo(tab, path, count = 1) {
    const names = this.steps(count);
    this.viewed(path);
    await tab.leave((each, next) => {
      each.forEach((name) => window.act(name));
      window.location.href = next;
    }, names, `/shop/${path}`);
  }

  /** Acts and loads the page again in the same breath. */
  async actAndReload(tab, path) {
    const names = this.steps(1);
    this.viewed(path);
    await tab.leave((each) => {
      each.forEach((name) => window.act(name));
      window.location.reload();
    }, names);
  }

  /** Cuts or gives back the network. */
  async offline(tab, is) {
    this.stage.network = !is;
    await tab.offline(is);
  }

  /** Lets seconds pass on the clock of a page. */
  async pass(tab, seconds) {
    this.#offset += seconds * 1_000;
    await pass(tab, seconds);
  }

  /** What has been lost and duplicated so far. */
  async count() {
    return compare(this.done, await this.tracker.received(this.stage));
  }

  /** Waits until everything has arrived or nothing more will, and a little longer for what comes
   * twice. `tab` is where time passes, when a clock is moved. */
  async settled(tab) {
    if (this.given.clock && tab) {
      for (let passed = 0; passed < MOCKED_PATIENCE && (await this.count()).lost; passed += 30) await this.pass(tab, 30);
      await this.pass(tab, MOCKED_GRACE);
    } else {
      const deadline = Date.now() + PATIENCE;
      while (Date.now() < deadline && (await this.count()).lost) await pause(150);
      // Who came back leaves again, which is the last chance.
      if (tab && (await this.count()).lost) {
        await tab.close();
        await pause(LEAVING);
      }
    }
    await pause(GRACE);
  }
}

/*
 * The cases: what a visitor does and what befalls them. A case says by `done` of the play what
 * counts; it never looks at what a tracker did.
 */
import { apps } from './lib/apps.mjs';
import { pause } from './lib/play.mjs';

/** Fills the storage of the site to the last character, as somebody else's script may have. */
const FULL = `
var chunk = 'x'.repeat(1 << 20);
for (var number = 0; chunk.length; number++) {
  try { localStorage.setItem('others:' + number + ':' + Date.now(), chunk); } catch (error) { chunk = chunk.slice(0, chunk.length >> 1); }
}`;

/** For a browser whose driver cannot forbid it. */
const DENIED = `
['localStorage', 'sessionStorage', 'indexedDB'].forEach(function (name) {
  Object.defineProperty(window, name, { get: function () { throw new DOMException('denied', 'SecurityError'); } });
});
Object.defineProperty(document, 'cookie', { get: function () { return ''; }, set: function () {} });`;

/** Two pages and things done on both, with an end in the same breath as the last of them. */
async function shortVisit(play) {
  const tab = await play.open('one');
  await play.act(tab, 5);
  await play.actAndGo(tab, 'two', 3);
  await play.ready(tab);
  await play.act(tab, 3);
  await tab.close();
}

/** A page with an app whose router is at work once the tracker is. */
const withApp = (name) => async (play) => {
  const { path, text } = await apps(name);
  play.stage.scripts[path] = text;
  play.stage.body = () => `<script src="${path}"></script>`;
};

/** Routes as people take them: links, a redirect at once, back and forth. */
async function routes(play) {
  const tab = await play.open('app');
  const go = async (how, shown, ...through) => {
    await tab.run((name, all) => window.app[name](...all), how, [...through, shown].map((path) => `/shop/${path}`));
    await tab.run((path) => new Promise((resolve) => {
      (function look() { location.pathname === path ? resolve() : setTimeout(look, 10); })();
    }), `/shop/${shown}`);
    play.viewed(shown);
    // People look at a page before they go on.
    await pause(300);
  };
  await go('push', 'app/one');
  await play.act(tab);
  // A guard sends people on: they never see what they asked for.
  await go('redirect', 'app/two', 'app/guarded');
  await go('replace', 'app/three');
  await go('back', 'app/one');
  await go('forward', 'app/three');
  await play.act(tab);
  await play.settled(tab);
}

const noCrash = (browser) => (browser === 'webkit' ? 'its driver ends the session, and with it all that is kept, when a page crashes' : null);
const noRoutes = (tracker) => (tracker.routes ? null : 'sees no routes by itself: the site calls it');

/**
 * One entry a case:
 *
 * - `name`, `what`;
 * - `short`: whether continuous integration plays it;
 * - `clock`: whether pages have a clock that is moved on;
 * - `start`: how the browser is started, as for `Puppets.start`;
 * - `without(browser, tracker)`: why it makes no sense, or nothing;
 * - `allowed`: what Firstglance may lose, by browser, with the reason; elsewhere that is nothing;
 * - `prepare(play, browser)`, `run(play)`.
 */
export const CASES = [
  {
    name: 'navigate-away',
    what: 'acts and is on the way to the next page in the same breath, seven times, from pages that have just come; then gone for good',
    short: true,
    async run(play) {
      const tab = await play.open('start');
      for (const path of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) await play.actAndGo(tab, path);
      await play.ready(tab);
      const names = play.steps(1);
      await tab.run((each) => {
        each.forEach((name) => window.act(name));
        window.location.href = 'about:blank';
      }, names).catch(() => {});
      await play.settled();
    },
  },
  {
    name: 'close-tab',
    what: 'acts three times and closes the tab, five visits; never comes back',
    short: true,
    async run(play) {
      for (let visit = 1; visit <= 5; visit++) {
        const tab = await play.open(`visit-${visit}`);
        await play.act(tab, 3);
        await tab.close();
      }
      await play.settled();
    },
  },
  {
    name: 'crash-tab',
    what: 'acts three times, and the process of the page is killed; comes back later',
    short: true,
    without: noCrash,
    async run(play) {
      const tab = await play.open('one');
      await play.act(tab, 3);
      await play.visitor.crash();
      await pause(500);
      await play.settled(await play.open('later'));
    },
  },
  {
    name: 'crash-busy',
    what: 'the same while the collector answers 503, which it no longer does later',
    short: true,
    without: noCrash,
    async run(play) {
      const tab = await play.open('one');
      play.stage.fault = 'busy';
      await play.act(tab, 3);
      await play.visitor.crash();
      await pause(500);
      play.stage.fault = null;
      await play.settled(await play.open('later'));
    },
  },
  {
    name: 'reload-storm',
    what: 'acts and loads the page again in the same breath, ten times',
    short: true,
    async run(play) {
      const tab = await play.open('one');
      for (let count = 0; count < 10; count++) await play.actAndReload(tab, 'one');
      await play.ready(tab);
      await play.settled();
    },
  },
  {
    name: 'offline-back',
    what: 'acts ten times without a network, which then comes back; acts once more',
    short: true,
    async run(play) {
      const tab = await play.open('one');
      await pause(500);
      await play.offline(tab, true);
      for (let count = 0; count < 5; count++) {
        await play.act(tab, 2);
        await pause(300);
      }
      await play.offline(tab, false);
      await pause(500);
      await play.act(tab);
      await play.settled();
    },
  },
  {
    name: 'offline-closed',
    what: 'acts ten times without a network and closes the tab; comes back later',
    short: true,
    async run(play) {
      const tab = await play.open('one');
      await pause(500);
      await play.offline(tab, true);
      await play.act(tab, 10);
      await pause(500);
      await tab.close();
      play.stage.network = true;
      await play.settled(await play.open('later'));
    },
  },
  {
    name: 'busy-minute',
    what: 'the collector answers 503 for a minute, in which the visitor acts twelve times; acts once more after it',
    clock: true,
    short: true,
    async run(play) {
      const tab = await play.open('one');
      await play.pass(tab, 6);
      play.stage.fault = 'busy';
      for (let count = 0; count < 12; count++) {
        await play.act(tab);
        await play.pass(tab, 5);
      }
      play.stage.fault = null;
      await play.pass(tab, 5);
      await play.act(tab);
      await play.settled(tab);
    },
  },
  {
    name: 'down-hour',
    what: 'the collector is down for an hour; acts now and then, closes the tab before it is back, and comes later',
    clock: true,
    async run(play) {
      const tab = await play.open('one');
      await play.pass(tab, 6);
      play.stage.fault = 'down';
      for (const minutes of [0, 1, 4, 15, 30]) {
        await play.pass(tab, minutes * 60);
        await play.act(tab, 2);
      }
      await tab.close();
      play.stage.fault = null;
      await play.settled(await play.open('later'));
    },
  },
  {
    name: 'storage-full',
    what: 'another script has filled the storage; acts, goes on, acts, closes the tab',
    short: true,
    prepare: (play) => { play.stage.head = FULL; },
    async run(play) {
      await shortVisit(play);
      await play.settled();
    },
  },
  {
    name: 'storage-denied',
    what: 'the browser lets no site keep anything; acts, goes on, acts, closes the tab',
    start: { denied: true },
    prepare: (play, browser) => {
      if (browser === 'webkit') play.stage.head = DENIED;
    },
    async run(play) {
      await shortVisit(play);
      await play.settled();
    },
  },
  {
    name: 'private-mode',
    what: 'a private window; acts, goes on, acts, closes the tab',
    start: { privately: true },
    without: (browser) => (browser === 'webkit' ? 'every session of its driver is private' : null),
    async run(play) {
      await shortVisit(play);
      await play.settled();
    },
  },
  {
    name: 'two-tabs',
    what: 'acts in two tabs in turn, while the collector is busy every other time; closes one and acts once more in the other',
    short: true,
    async run(play) {
      const tabs = [await play.open('one'), await play.open('two')];
      for (let round = 0; round < 4; round++) {
        play.stage.fault = round % 2 ? 'busy' : null;
        await Promise.all(tabs.map((tab) => play.act(tab, 3)));
        await pause(400);
      }
      play.stage.fault = null;
      await tabs[1].close();
      await play.act(tabs[0]);
      await play.settled();
    },
  },
  {
    name: 'fifty-tabs',
    what: 'opens fifty tabs and acts twice in each; closes all but one',
    async run(play) {
      const tabs = [];
      for (let number = 1; number <= 50; number++) tabs.push(await play.open(`tab-${number}`, { ready: false }));
      for (const tab of tabs) {
        await play.ready(tab);
        await play.act(tab, 2);
      }
      for (const tab of tabs.slice(1)) await tab.close();
      await play.settled();
    },
  },
  {
    name: 'bfcache',
    what: 'goes on, back and forward, and sees the pages as they were left: views again',
    short: true,
    async run(play) {
      const tab = await play.open('one');
      await play.act(tab);
      await play.visit(tab, 'two');
      await play.act(tab);
      for (let count = 0; count < 3; count++) {
        await tab.back();
        play.viewed('one');
        await play.ready(tab);
        await play.act(tab);
        await tab.run(() => { setTimeout(() => history.forward(), 0); });
        await pause(700);
        play.viewed('two');
        await play.ready(tab);
        await play.act(tab);
      }
      await play.settled();
    },
  },
  {
    name: 'prerender',
    what: 'two pages are prepared, one of them is looked at',
    without: (browser) => (browser === 'chromium' ? null : 'has no speculation rules'),
    prepare: (play) => {
      play.stage.body = (path) => (path === '/shop/one' ? `
<script type="speculationrules">{"prerender":[{"source":"list","urls":["/shop/seen","/shop/unseen"],"eagerness":"immediate"}]}</script>
<a id="seen" href="/shop/seen">Seen</a>` : '');
    },
    async run(play) {
      const tab = await play.open('one');
      await play.act(tab);
      // Time enough for both to be there, with all their scripts.
      await pause(2_500);
      await tab.leave(() => document.getElementById('seen').click());
      play.viewed('seen');
      await play.ready(tab);
      await play.act(tab);
      const activated = await tab.run(() => performance.getEntriesByType('navigation')[0].activationStart > 0);
      if (!activated) throw new Error('the browser did not prepare the page, so the case has not been played');
      await play.settled();
    },
  },
  {
    name: 'routes-plain',
    what: 'an app without a router: pushState, replaceState, both at once, back, and a hash that is no route',
    short: true,
    without: (_, tracker) => noRoutes(tracker),
    async run(play) {
      const tab = await play.open('app');
      const step = async (fn, ...paths) => {
        await tab.run(fn);
        await pause(400);
        play.viewed(...paths);
      };
      await step(() => history.pushState(null, '', '/shop/app/one'), 'app/one');
      await play.act(tab);
      await step(() => history.replaceState({ scroll: 100 }, '', location.href));
      await step(() => {
        history.pushState(null, '', '/shop/app/passing');
        history.replaceState(null, '', '/shop/app/two');
      }, 'app/two');
      await step(() => { location.hash = 'chapter'; });
      await step(() => history.back());
      await step(() => history.back(), 'app/one');
      await play.act(tab);
      await play.settled();
    },
  },
  {
    name: 'routes-react',
    what: 'an app with React Router: links, a redirect, a replacement, back, forward',
    without: (_, tracker) => noRoutes(tracker),
    prepare: withApp('react'),
    run: routes,
  },
  {
    name: 'routes-vue',
    what: 'an app with Vue Router: links, a redirect, a replacement, back, forward',
    without: (_, tracker) => noRoutes(tracker),
    prepare: withApp('vue'),
    run: routes,
  },
  {
    name: 'slow-3g',
    what: '50 kB/s and two seconds before anything comes: acts at once on three pages, leaves each, closes the tab',
    async run(play) {
      const tab = await play.visitor.open();
      if (!await tab.slow()) play.stage.slow = true;
      await play.visit(tab, 'one');
      await play.act(tab, 2);
      await play.actAndGo(tab, 'two', 2);
      await play.ready(tab);
      await play.actAndGo(tab, 'three', 2);
      await play.ready(tab);
      await play.act(tab, 2);
      await tab.close();
      await play.settled();
    },
  },
];

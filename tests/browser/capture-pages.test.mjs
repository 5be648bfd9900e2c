/*
 * Page views, scroll depth and active time, on small pages of every kind.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { named } from './lib/admin.mjs';
import { pause, stateOf, until } from './lib/browser.mjs';
import { captured, html, properties } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

const TALL = '<div style="height:4000px">Een lang verhaal</div>';
const BOX = `<style>body{margin:0}</style><div id="box" style="height:700px;overflow-y:auto"><div id="inside" style="height:2800px">Verhaal</div></div>`;

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

async function open(path, pages, options) {
  visitor = await shop.visitor({ pages, ...options });
  const page = await visitor.open(visitor.origin + path);
  await stateOf(page);
  return page;
}

const paths = async (page) => (await properties(visitor, page, 'page')).map((each) => each.path);
/** What was reported of attention, once another route is shown: then all is. */
async function attention(page) {
  const next = `/elders/${(await paths(page)).length}`;
  await page.evaluate((path) => history.pushState(null, '', path), next);
  await until('the route is left', async () => (await paths(page)).includes(next));
  return properties(visitor, page, 'Page Engaged');
}
/** What was scrolled is measured: ten times a second, after a frame. */
const settled = (page) => page.evaluate(() => new Promise((resolve) => {
  setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 20))), 100);
}));

describe('pages', () => {
  test('what other scripts put around the history, before and after, keeps working', async () => {
    const head = `<script>window.calls = []; { const { pushState } = history; history.pushState = function (...given) { calls.push('before'); return pushState.apply(this, given); }; }</script>`;
    const page = await open('/een/', { '/een/': html('', { head }) });
    const result = await page.evaluate(async () => {
      const wait = () => new Promise((resolve) => setTimeout(resolve, 400));
      const { pushState } = history;
      history.pushState = function (...given) {
        calls.push('after');
        return pushState.apply(this, given);
      };
      history.pushState({ its: 'state' }, '', '/twee/');
      await wait();
      const state = history.state;
      // And one who puts back what was there before.
      history.pushState = pushState;
      history.pushState(null, '', '/drie/');
      await wait();
      let refused;
      try {
        history.pushState(null, '', 'https://elders.example/');
      } catch (error) {
        refused = error.name;
      }
      return { calls, state, refused };
    });
    assert.deepEqual(result, { calls: ['after', 'before', 'before', 'before'], state: { its: 'state' }, refused: 'SecurityError' });
    assert.deepEqual(await paths(page), ['/een/', '/twee/', '/drie/']);
    visitor.assertNoErrors();
  });

  const walkHashes = (page) => page.evaluate(async () => {
    const wait = () => new Promise((resolve) => setTimeout(resolve, 400));
    location.hash = '#/fietsen';
    await wait();
    location.hash = '#!/fietsen/rood?q=x';
    await wait();
    location.hash = '#deel';
    await wait();
    history.back();
    await wait();
  });
  test('routes after # count where the site says so', async () => {
    const page = await open('/app/', { '/app/': html('', { attributes: { 'data-hash-routes': '' } }) });
    await walkHashes(page);
    assert.deepEqual(await paths(page), ['/app/', '/fietsen', '/fietsen/rood', '/app/', '/fietsen/rood']);
    visitor.assertNoErrors();
  });
  test('and nowhere else', async () => {
    const page = await open('/app/', { '/app/': html('') });
    await walkHashes(page);
    assert.deepEqual(await paths(page), ['/app/']);
  });

  test('a redirect is no page view; the page that it leads to is one, with its campaign', async () => {
    const page = await open('/oud/', {
      '/oud/': { status: 302, headers: { location: '/nieuw/?utm_source=brief&utm_medium=email' }, body: '' },
      '/nieuw/': html('Nieuw'),
    });
    const [view, ...more] = await properties(visitor, page, 'page');
    assert.deepEqual([view.path, view.search, view.title, view.language, more], ['/nieuw/', '?utm_source=brief&utm_medium=email', 'Proefpagina', 'nl', []]);
  });

  test('a page that is only prepared counts when somebody sees it', async () => {
    const pages = {
      '/een/': html('<a href="/twee/">verder</a>', { head: '<script type="speculationrules">{"prerender":[{"urls":["/twee/"],"eagerness":"immediate"}]}</script>' }),
      '/twee/': html('Twee', { head: '<script>window.prepared = document.prerendering</script>' }),
    };
    const page = await open('/een/', pages);
    // Where this browser does not prepare pages, the same page says that it is only prepared.
    const real = await until('the page is prepared', () => visitor.proxy.requests.some((each) => each.path === '/twee/'), 4_000).catch(() => false);
    if (real) {
      await pause(2_000);
      assert.ok(!visitor.proxy.messages.some((message) => message.properties?.path === '/twee/'));
      await page.getByText('verder').click();
      await page.waitForURL('**/twee/');
    } else {
      visitor.proxy.pages['/twee/'] = html('Twee', {
        head: '<script>Object.defineProperty(document, "prerendering", { get: () => window.prepared, configurable: true }); window.prepared = true</script>',
      });
      await page.goto(`${visitor.origin}/twee/`);
      await pause(2_000);
      assert.ok(!(await paths(page)).includes('/twee/'));
      await page.evaluate(() => {
        window.prepared = false;
        document.dispatchEvent(new Event('prerenderingchange'));
      });
    }
    await stateOf(page);
    assert.deepEqual(await paths(page), ['/een/', '/twee/']);
    visitor.assertNoErrors();
  });

  test('what a page declares is read once, from the most certain place', async () => {
    const linked = '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"BreadcrumbList","itemListElement":[{"name":"Home"},{"item":{"name":"Fietsen"}},{"name":"Spits 45"}]},{"@type":"Product","category":"Sport > E-bikes"}]}</script>'
      + '<script type="application/ld+json">{broken</script><meta name="keywords" content="accu, lader"><meta property="article:tag" content="Woon-werk">';
    const page = await open('/een/', {
      '/een/': html('<h1>Een</h1>', { head: linked }),
      '/twee/': html('<main data-fg-topic="Racefietsen;Carbon"><h1>Twee</h1></main><aside data-fg-topic="Helmen">x</aside>', { head: linked }),
    });
    await page.goto(`${visitor.origin}/twee/`, { referer: `${visitor.origin}/een/?a=1#deel` });
    await stateOf(page);
    const [first, second] = await properties(visitor, page, 'page');
    assert.deepEqual([first.topics, first.keywords], [['Fietsen', 'Sport', 'E-bikes', 'Woon-werk'], ['accu', 'lader']]);
    assert.deepEqual([second.topics, second.referrer], [['Racefietsen', 'Carbon'], `${visitor.origin}/een/?a=1`]);
  });
});

describe('scroll depth', () => {
  const near = (value, wanted, slack = 3) => assert.ok(Math.abs(value - wanted) <= slack, `${value} instead of about ${wanted}`);

  test('of the window: the deepest, in percent and pixels, from the start after another route', async () => {
    const page = await open('/lang/', { '/lang/': html(`<style>body{margin:0}</style>${TALL}`) });
    await page.evaluate(() => scrollTo(0, 1200));
    await settled(page);
    await page.evaluate(() => scrollTo(0, 100));
    await settled(page);
    const [first] = await attention(page);
    near(first.scroll_percent, 50);
    near(first.scroll_pixels, 2000, 10);
    assert.equal(first.scroll_percent_before, 0);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_200)));
    const reports = await attention(page);
    const [second] = reports.filter((report) => report.path !== '/lang/');
    near(second.scroll_percent, 22);
  });

  test('of the element that scrolls in the window’s place, found', async () => {
    const page = await open('/app/', { '/app/': html(BOX) });
    await page.evaluate(() => document.querySelector('#box').scrollTo(0, 1400));
    await settled(page);
    const [report] = await attention(page);
    near(report.scroll_percent, 75);
    near(report.scroll_pixels, 2100, 10);
  });

  test('of the element that the site names, and of no other', async () => {
    const boxes = '<style>body{margin:0}div>div{height:1000px}</style><div id="menu" style="height:600px;overflow:auto"><div>m</div></div><div id="app" style="height:200px;overflow:auto"><div>a</div></div>';
    const page = await open('/app/', { '/app/': html(boxes, { attributes: { 'data-scroll-container': '#app' } }) });
    await page.evaluate(() => {
      document.querySelector('#menu').scrollTo(0, 400);
      document.querySelector('#app').scrollTo(0, 200);
    });
    await settled(page);
    const [report] = await attention(page);
    near(report.scroll_percent, 40);
    near(report.scroll_pixels, 400, 5);
  });

  test('a document that grows is measured by the height that it has then', async () => {
    const page = await open('/lang/', { '/lang/': html('<style>body{margin:0}div{height:1600px}</style><div>1</div>') });
    await page.evaluate(() => scrollTo(0, 800));
    await settled(page);
    await page.evaluate(() => document.body.append(Object.assign(document.createElement('div'), { style: 'height:6400px' })));
    await page.evaluate(() => scrollTo(0, 900));
    await settled(page);
    const [report] = await attention(page);
    near(report.scroll_pixels, 1700, 5);
    near(report.scroll_percent, 21);
  });

  test('a router that scrolls to the top gives the old page no more, and the new one nothing', async () => {
    const page = await open('/lang/', { '/lang/': html(`<style>body{margin:0}</style>${TALL}`) });
    await page.evaluate(async () => {
      scrollTo(0, 400);
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 20))));
      history.pushState(null, '', '/volgende/');
      document.querySelector('div').style.height = '800px';
      await new Promise((resolve) => setTimeout(resolve, 400));
    });
    const reports = await properties(visitor, page, 'Page Engaged');
    assert.deepEqual(reports.map((report) => report.path), ['/lang/']);
    near(reports[0].scroll_percent, 30);
  });
});

describe('active time', () => {
  const seconds = (reports, path) => reports.filter((report) => report.path === path).reduce((sum, report) => sum + report.active_seconds, 0);

  test('ends a quarter of a minute after the last sign of life, and goes on with the next', async () => {
    const page = await open('/lang/', { '/lang/': html(TALL) }, { clock: true });
    await page.mouse.move(100, 100);
    await page.clock.runFor(60_000);
    const still = seconds(await properties(visitor, page, 'Page Engaged'), '/lang/');
    assert.ok(still >= 13 && still <= 18, `${still} s of a minute without a sign`);
    await page.mouse.move(200, 100);
    await page.clock.runFor(6_000);
    await page.mouse.move(300, 100);
    const all = seconds(await attention(page), '/lang/');
    assert.ok(all - still >= 4 && all - still <= 9, `${all - still} s of six`);
  });

  test('a page out of sight, or without the focus, counts nothing', async () => {
    const page = await open('/lang/', { '/lang/': html(TALL) }, { clock: true });
    await page.mouse.move(100, 100);
    await page.clock.runFor(3_000);
    await page.evaluate(() => {
      Object.defineProperty(Document.prototype, 'visibilityState', { get: () => 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    });
    const before = seconds(await properties(visitor, page, 'Page Engaged'), '/lang/');
    for (let time = 0; time < 5; time++) {
      await page.evaluate(() => dispatchEvent(new PointerEvent('pointermove')));
      await page.clock.runFor(3_000);
    }
    await page.evaluate(() => {
      Object.defineProperty(Document.prototype, 'visibilityState', { get: () => 'visible', configurable: true });
      Document.prototype.hasFocus = () => false;
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    });
    for (let time = 0; time < 5; time++) {
      await page.evaluate(() => dispatchEvent(new PointerEvent('pointermove')));
      await page.clock.runFor(3_000);
    }
    const all = seconds(await attention(page), '/lang/');
    assert.ok(before >= 1, `${before} s before`);
    assert.ok(all - before < 1.6, `${all - before} s out of sight`);
  });

  test('a tab whose renderer is killed has its time counted, once', async () => {
    const page = await open('/lang/', { '/lang/': html(TALL), '/kort/': html('Kort') }, { clock: true });
    const { visitor: id } = await stateOf(page);
    for (let time = 0; time < 6; time++) {
      await page.mouse.move(100 + time, 100);
      await page.clock.runFor(2_000);
    }
    const kept = await page.evaluate(() => Object.keys(localStorage).filter((key) => /^fg:[^:]+:e:/.test(key)).length);
    assert.equal(kept, 1);
    const devtools = await shop.browser.newBrowserCDPSession();
    const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
    const crashed = page.waitForEvent('crash');
    for (const { type, id: process_ } of processInfo) if (type === 'renderer') process.kill(process_, 'SIGKILL');
    await crashed;
    await devtools.detach();
    await page.close();
    const others = await Promise.all([0, 1].map(() => visitor.open()));
    await visitor.context.clock.fastForward(300_000);
    for (const other of others) {
      await other.goto(`${visitor.origin}/kort/`);
      await stateOf(other);
      await other.clock.runFor(7_000);
    }
    const engaged = await until('the time of the crashed tab is stored', async () => {
      await others[0].clock.runFor(6_000);
      const reports = named(await shop.admin.timeline(id), 'Page Engaged').filter((event) => event.message.properties.path === '/lang/');
      return reports.length && reports;
    });
    assert.equal(engaged.length, 1);
    assert.ok(engaged[0].message.properties.active_seconds >= 5, `${engaged[0].message.properties.active_seconds} s`);
    const left = await others[0].evaluate(() => Object.keys(localStorage).filter((key) => /^fg:[^:]+:e:/.test(key)).length);
    assert.ok(left <= 2, 'only the reports of the pages that are open');
  });
});

test('the collector takes all of it', async () => {
  const page = await open('/een/', { '/een/': html(TALL) });
  const { visitor: id } = await stateOf(page);
  await page.evaluate(() => scrollTo(0, 1000));
  await settled(page);
  await page.goto('about:blank');
  await until('all is stored', async () => (await shop.admin.timeline(id)).length === 2);
  assert.ok((await captured(visitor, await visitor.open(`${visitor.origin}/een/`))).length >= 2);
});

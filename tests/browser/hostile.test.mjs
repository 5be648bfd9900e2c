/*
 * Pages that make it hard: storms of changes, a hundred thousand nodes, sandboxes, old modes,
 * globals that are frozen or gone, and strict policies. The page works, and is counted.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { pause, stateOf, until } from './lib/browser.mjs';
import { html, tag } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

const heard = (path) => until(`${path} is heard of`, () =>
  visitor.proxy.batches.some((each) => each.status === 200 && JSON.parse(each.body).batch.some((message) => message.type === 'page' && message.properties.path === path)));

async function open(path, pages, options) {
  visitor = await shop.visitor({ pages, ...options });
  return visitor.open(visitor.origin + path);
}

describe('much happens', () => {
  /** Adds and changes nodes, and says how long it took: only the page's own thread counts. */
  const STORM = async () => {
    const box = document.body.appendChild(document.createElement('div'));
    const begun = performance.now();
    for (let round = 0; round < 60; round++) {
      for (let count = 0; count < 300; count++) {
        const node = box.appendChild(document.createElement('p'));
        node.textContent = `${round} ${count}`;
        node.dataset.round = round;
        if (count % 3 === 0) node.remove();
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    return performance.now() - begun;
  };

  test('a storm of changes takes the page no longer with the tracker than without', async () => {
    visitor = await shop.visitor({ pages: { '/met/': html('x'), '/zonder/': html('x', { attributes: null }) } });
    const least = { '/met/': Infinity, '/zonder/': Infinity };
    for (let round = 0; round < 3; round++) {
      for (const path of Object.keys(least)) {
        const page = await visitor.open(visitor.origin + path);
        if (path === '/met/') await stateOf(page);
        least[path] = Math.min(least[path], await page.evaluate(STORM));
        await page.close();
      }
    }
    const ratio = least['/met/'] / least['/zonder/'];
    assert.ok(ratio < 1.5, `${ratio.toFixed(2)} times as long`);
    visitor.assertNoErrors();
  });

  test('a hundred thousand nodes: seen, clicked, adapted, and no long task for a click', async () => {
    const many = `<script>document.write('<ul>' + '<li data-x="1">item <b>b</b></li>'.repeat(33000) + '</ul>')</script><button>Knop</button>`;
    const page = await open('/veel/', { '/veel/': html(many) });
    await stateOf(page);
    await heard('/veel/');
    assert.ok(await page.evaluate(() => document.querySelectorAll('*').length) > 66_000);
    const spent = await page.evaluate(() => {
      const button = document.querySelector('button');
      const times = [];
      for (let count = 0; count < 5; count++) {
        const begun = performance.now();
        button.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true, detail: 1 }));
        times.push(performance.now() - begun);
      }
      const begun = performance.now();
      document.querySelectorAll('[data-x="2"]').length;
      return { click: Math.min(...times), look: performance.now() - begun };
    });
    assert.ok(spent.click < 10 * spent.look + 5, JSON.stringify(spent));
    visitor.assertNoErrors();
  });
});

describe('places', () => {
  test('a frame in a sandbox without an origin: the page in it works, and nothing shows', async () => {
    const page = await open('/buiten/', {
      '/buiten/': html('<iframe sandbox="allow-scripts" src="/binnen/"></iframe>', { attributes: null }),
      '/binnen/': html('<button onclick="this.textContent = `dank`">x</button>'),
    });
    const frame = page.frameLocator('iframe');
    await frame.getByRole('button').click();
    await frame.getByText('dank').waitFor();
    await pause(800);
    visitor.assertNoErrors(/CORS policy|net::ERR_FAILED/);
  });

  test('quirks mode, and a document with another domain', async () => {
    const page = await open('/oud/', { '/oud/': html('<div style="height:3000px">oud</div>', { type: '', head: '<script>try { document.domain = document.domain } catch {}</script>' }) });
    assert.equal(await page.evaluate(() => document.compatMode), 'BackCompat');
    await stateOf(page);
    await page.evaluate(() => scrollTo(0, 1000));
    await pause(200);
    await page.goto('about:blank');
    await heard('/oud/');
    const engaged = await until('the depth leaves', () => visitor.proxy.messages.find((message) => message.event === 'Page Engaged'));
    assert.ok(engaged.properties.scroll_percent > 50 && engaged.properties.scroll_percent < 70, `${engaged.properties.scroll_percent} %`);
    visitor.assertNoErrors();
  });

  test('a document without a body, a title and a language', async () => {
    const page = await open('/kaal/', { '/kaal/': `<!doctype html>${tag()}<frameset></frameset>` });
    await pause(1_500);
    await page.goto('about:blank');
    await heard('/kaal/');
    visitor.assertNoErrors(/favicon/);
  });
});

describe('globals', () => {
  const CASES = {
    'console is gone': () => { delete window.console; },
    'console throws': () => { for (const name of Object.keys(console)) console[name] = () => { throw new Error('no console'); }; },
    'JSON is gone': () => { delete window.JSON; },
    'JSON is frozen and broken': () => { JSON.parse = JSON.stringify = () => { throw new Error('no JSON'); }; Object.freeze(JSON); },
    'fetch is gone': () => { delete window.fetch; },
    'fetch throws': () => { window.fetch = () => { throw new Error('no fetch'); }; },
    'there are no random numbers': () => {
      Crypto.prototype.getRandomValues = () => { throw new Error('no random'); };
      Crypto.prototype.randomUUID = () => { throw new Error('no random'); };
    },
    'crypto is gone': () => { Object.defineProperty(window, 'crypto', { value: undefined }); },
    'prototypes are frozen': () => { for (const each of [Object, Array, String, Function, Promise, Map, Set, Date]) Object.freeze(each.prototype); },
    'dates are the page’s own': () => { Date.now = () => 1_700_000_000_000; },
    'observers are gone': () => { delete window.IntersectionObserver; delete window.PerformanceObserver; },
    'beacons are gone': () => { delete Navigator.prototype.sendBeacon; },
    'locks are gone': () => { delete Navigator.prototype.locks; },
    'frames never come': () => { window.requestAnimationFrame = () => 0; },
    'the history cannot be wrapped': () => { Object.freeze(history); Object.freeze(History.prototype); },
    'requestAnimationFrame is gone': () => { delete window.requestAnimationFrame; },
    'MutationObserver is gone': () => { delete window.MutationObserver; },
    'CustomEvent is gone': () => { delete window.CustomEvent; },
  };
  for (const [what, broken] of Object.entries(CASES)) {
    test(what, async () => {
      // The tracker takes from an empty frame what the page has broken.
      const head = `<script>if (window === top) (${broken})()</script>`;
      const page = await open('/stuk/', { '/stuk/': html('<button onclick="this.textContent = `dank`">x</button>', { head }) });
      await page.getByRole('button').click();
      await page.getByText('dank').waitFor();
      await heard('/stuk/');
      visitor.assertNoErrors();
    });
  }
});

describe('policies', () => {
  const NONCE = 'bm9uY2U';
  /** What the browser itself says about what a policy forbids. */
  const POLICY = /Content Security Policy|WebAssembly|TrustedScript|trusted/i;
  const CASES = {
    'a nonce and nothing inline': `script-src 'nonce-${NONCE}' 'wasm-unsafe-eval'`,
    'a nonce and strict-dynamic': `script-src 'nonce-${NONCE}' 'strict-dynamic'`,
    'no WebAssembly': "script-src 'self'",
    'trusted types, ours named': "script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types firstglance",
    'trusted types, another named': "script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types other",
    'trusted types, none': "script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types 'none'",
    'no frames and no styles': "default-src 'none'; script-src 'self'; connect-src 'self'",
  };
  for (const [what, policy] of Object.entries(CASES)) {
    test(what, async () => {
      const page = await open('/streng/', { '/streng/': html('<p>x</p>', { attributes: { nonce: NONCE, 'data-consent': 'granted' } }) }, { headers: { 'content-security-policy': policy } });
      await heard('/streng/');
      assert.ok(await page.getByText('x').isVisible());
      visitor.assertNoErrors(POLICY);
    });
  }

  test('a script that somebody altered on its way does not run, and the page works', async () => {
    visitor = await shop.visitor({ pages: { '/een/': html('<button onclick="this.textContent = `dank`">x</button>') } });
    const loader = await (await fetch(`${shop.collector.origin}/fg.js`)).text();
    // Its name follows from what the browser checks.
    const [, digest] = /sha256-([\w+/=]+)/.exec(loader);
    const name = `fg-${digest.slice(0, 10).replace(/\W/g, '_')}.js`;
    const script = await (await fetch(`${shop.collector.origin}/${name}`)).text();
    visitor.proxy.pages[`/${name}`] = { headers: { 'content-type': 'text/javascript' }, body: `window.altered = 1;${script}` };
    const page = await visitor.open(`${visitor.origin}/een/`);
    await until('the altered script is asked for', () => visitor.proxy.requests.some((each) => each.path === `/${name}`));
    await page.getByRole('button').click();
    await page.getByText('dank').waitFor();
    await pause(700);
    assert.equal(await page.evaluate(() => window.altered), undefined);
    assert.deepEqual(visitor.proxy.batches, []);
    visitor.assertNoErrors(/integrity/);
  });
});

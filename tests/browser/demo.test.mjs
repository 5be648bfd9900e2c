/*
 * The demo shop itself: every page at every width, every link, and by keyboard alone. With
 * SCREENSHOT_DIR set, it leaves a picture of each page at each width there.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { launch, stateOf, Visitor } from './lib/browser.mjs';
import { Collector, SITE } from './lib/collector.mjs';

const WIDTHS = [360, 390, 768, 1440];
const PICTURES = process.env.SCREENSHOT_DIR;

let collector;
let browser;
let visitor;
let paths;
before(async () => {
  collector = await Collector.start();
  browser = await launch();
  const files = await readdir(SITE, { recursive: true });
  paths = files
    .filter((file) => file.endsWith('index.html'))
    .map((file) => `/${relative('.', file).split(sep).slice(0, -1).map((part) => `${part}/`).join('')}`)
    .sort();
  if (PICTURES) await mkdir(PICTURES, { recursive: true });
});
afterEach(() => visitor?.leave());
after(async () => {
  await browser?.close();
  await collector?.remove();
});

test('every page fits every width and has no errors', async () => {
  assert.ok(paths.length >= 30, `${paths.length} pages`);
  visitor = await Visitor.arrive(browser);
  const page = await visitor.open();
  for (const path of [...paths, '/zoeken/?q=e-bike', '/zoeken/?q=bestaat-niet-echt-niet']) {
    await page.goto(collector.origin + path);
    const consent = await stateOf(page);
    assert.ok(consent, `the tracker works on ${path}`);
    if (path.includes('?q=')) await page.locator('#zoekresultaten-vak:not(.is-busy)').waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await page.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const out = [...document.body.querySelectorAll('*')]
          .filter((element) => element.getClientRects().length && element.getBoundingClientRect().right > room + 1)
          .filter((element) => !element.closest('#fg-panel, .visually-hidden, .skip'))
          // What scrolls or is cut off inside its own box is no problem of the page.
          .filter((element) => {
            for (let outer = element.parentElement; outer && outer !== document.body; outer = outer.parentElement) {
              if (getComputedStyle(outer).overflowX !== 'visible') return false;
            }
            return true;
          });
        return { room, width: document.documentElement.scrollWidth, out: out.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) };
      });
      assert.ok(wide.width <= wide.room, `${path} at ${width}: ${JSON.stringify(wide)}`);
      assert.deepEqual(wide.out, [], `${path} at ${width}`);
      if (PICTURES) {
        const name = path.replace(/[^a-z0-9-]+/g, '_').replace(/^_|_$/g, '') || 'home';
        await page.screenshot({ path: join(PICTURES, `${name}-${width}.png`), fullPage: true });
      }
    }
  }
  visitor.assertNoErrors();
  assert.deepEqual(visitor.outside, []);
});

test('every address in every page leads somewhere', async () => {
  visitor = await Visitor.arrive(browser);
  const page = await visitor.open();
  const found = new Map();
  const index = await (await fetch(`${collector.origin}/assets/zoekindex.json`)).json();
  for (const entry of index) {
    for (const address of [entry.url, entry.image]) found.set(new URL(address, collector.origin).href, 'the search index');
  }
  for (const path of paths) {
    await page.goto(collector.origin + path, { waitUntil: 'domcontentloaded' });
    const addresses = await page.evaluate(() => {
      const of = (root) => [...root.querySelectorAll('[href],[src]')].map((element) =>
        new URL(element.getAttribute('href') ?? element.getAttribute('src'), location.href).href);
      // Templates hold what other visitors see.
      return [...of(document), ...[...document.querySelectorAll('template')].flatMap((template) => of(template.content))];
    });
    for (const address of addresses) found.set(address, path);
    const anchors = await page.evaluate(() => [...document.querySelectorAll('a[href^="#"]')]
      .map((link) => link.getAttribute('href').slice(1)).filter((id) => !document.getElementById(id)));
    assert.deepEqual(anchors, [], `anchors of ${path}`);
  }
  const broken = [];
  for (const [address, where] of found) {
    if (new URL(address).origin !== collector.origin) continue;
    const answer = await fetch(address.split('#')[0], { redirect: 'manual' });
    await answer.arrayBuffer();
    if (answer.status !== 200) broken.push(`${answer.status} ${address} on ${where}`);
  }
  assert.deepEqual(broken, []);
  assert.ok(found.size > 60, `${found.size} addresses`);
});

/** What has the focus: its id, else its text. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  return element.id || element.textContent.trim();
});

test('by keyboard: past the header, through the menu, and the panel', async () => {
  visitor = await Visitor.arrive(browser, { viewport: { width: 390, height: 800 } });
  const page = await visitor.open(`${collector.origin}/e-bikes/`);
  await stateOf(page);

  // The first thing that takes the focus leads past the header, and can be seen then.
  await page.keyboard.press('Tab');
  const skip = page.locator('.skip');
  assert.equal(await focused(page), 'Naar de inhoud');
  const box = await skip.boundingBox();
  assert.ok(box.y >= 0 && box.x >= 0 && box.height > 10, JSON.stringify(box));
  await page.keyboard.press('Enter');
  assert.equal(new URL(page.url()).hash, '#inhoud');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => Boolean(document.activeElement.closest('main'))), true, 'the focus goes on in the content');

  // The menu of a small screen.
  const menu = page.locator('#menu-knop');
  const nav = page.locator('#hoofdmenu');
  await menu.focus();
  assert.equal(await menu.getAttribute('aria-expanded'), 'false');
  assert.equal(await nav.getByRole('link', { name: 'Magazine' }).isVisible(), false);
  await page.keyboard.press('Enter');
  assert.equal(await menu.getAttribute('aria-expanded'), 'true');
  assert.equal(await nav.getByRole('link', { name: 'Magazine' }).isVisible(), true);
  await nav.getByRole('link', { name: 'Magazine' }).focus();
  await page.keyboard.press('Escape');
  assert.equal(await menu.getAttribute('aria-expanded'), 'false');
  assert.equal(await focused(page), 'menu-knop');

  // The panel: closed on a small screen, opened and closed again, the focus where it was.
  const toggle = page.locator('#fg-panel-toggle');
  const body = page.locator('#fg-panel-body');
  assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
  assert.equal(await body.isVisible(), false);
  await toggle.focus();
  await page.keyboard.press('Enter');
  assert.equal(await toggle.getAttribute('aria-expanded'), 'true');
  assert.equal(await body.isVisible(), true);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => Boolean(document.activeElement.closest('#fg-panel-body'))), true);
  await page.keyboard.press('Escape');
  assert.equal(await body.isVisible(), false);
  assert.equal(await toggle.getAttribute('aria-expanded'), 'false');
  assert.equal(await focused(page), 'fg-panel-toggle');
  visitor.assertNoErrors();
});

test('on a wide screen the panel is open and covers nothing that can be used', async () => {
  visitor = await Visitor.arrive(browser, { viewport: { width: 1440, height: 900 } });
  const page = await visitor.open(`${collector.origin}/prijzen/`);
  await stateOf(page);
  assert.equal(await page.locator('#fg-panel-body').isVisible(), true);
  for (const plan of ['Basis', 'Compleet', 'Lease']) await page.getByRole('button', { name: `Kies ${plan}` }).click({ trial: true });
  // Refusing, by the panel: the page says so and nothing is kept.
  await page.locator('#fg-panel-consent [data-consent="denied"]').click();
  await page.locator('#fg-panel[data-state="denied"]').waitFor();
  assert.deepEqual((await visitor.kept(page)).local, ['fg:demo-fietsen:consent']);
  visitor.assertNoErrors();
});

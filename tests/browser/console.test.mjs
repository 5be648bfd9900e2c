/*
 * The console as a whole: every page that the menu and its pages lead to, whatever is stored; by keyboard
 * alone; and when a session ends while somebody is at work. What single pages show is proven beside this,
 * in console-*.test.mjs.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';

import { Visitor, until } from './lib/browser.mjs';
import { assertAccessible, assertFits, assertHarmless, Console, LOOKS, picture, SITE_ID } from './lib/console.mjs';

/** The narrowest window in which a page must not have to be dragged (WCAG 1.4.10). */
const NARROW = { name: 'narrow', viewport: { width: 320, height: 640 }, colorScheme: 'light' };

/** Pages of one kind that are looked at: one profile looks like another. */
const OF_A_KIND = 2;

const BASE = `/console/${SITE_ID}/`;

/** Pages that a page leads to, below the site's, without parameters. */
const links = (page) => page.evaluate((base) => {
  const all = [...document.querySelectorAll('a[href]:not([download])')].map((link) => new URL(link.href));
  const own = all.filter(({ origin, pathname }) => origin === location.origin && pathname.startsWith(base));
  return [...new Set(own.map(({ pathname }) => pathname.slice(base.length)))];
}, BASE);

/** What kind of page a path is: ids differ, and the system's pages are each of their own kind. */
const kind = (path) => (path.startsWith('system') ? path : path.split('/').map((part, place) => (place ? '*' : part)).join('/'));

/** All pages that somebody gets to by following links, from those of the menu on. */
async function reachable(viewer) {
  const found = new Map();
  const seen = new Set();
  const page = viewer.page;
  await page.goto(viewer.at('system'));
  const menu = await page.locator('.side nav a').evaluateAll((all) => all.map((one) => one.pathname));
  const waiting = menu.map((path) => path.slice(BASE.length));
  const sections = new Set(waiting);
  while (waiting.length) {
    const path = waiting.shift();
    const count = found.get(kind(path)) ?? 0;
    if (seen.has(path) || count >= OF_A_KIND || !sections.has(path.split('/')[0])) continue;
    found.set(kind(path), count + 1);
    seen.add(path);
    const answer = await page.goto(viewer.at(path));
    assert.equal(answer.status(), 200, path);
    waiting.push(...await links(page));
  }
  return [...seen];
}

/** Looks at pages in one window: axe-core finds nothing, all fits, and nothing goes wrong. */
async function look(console, { name, ...options }, paths, check = async () => {}) {
  const viewer = await console.signIn(options);
  const wrong = [];
  for (const path of paths) {
    try {
      const page = await viewer.see(path);
      await page.waitForLoadState('load');
      await picture(page, `console-${path.replace(/\W+/g, '-')}-${name}`);
      await assertAccessible(page, path);
      await assertFits(page);
      const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map(({ id }) => id));
      assert.deepEqual(ids.filter((id, place) => ids.indexOf(id) !== place), [], 'ids that several elements have');
      await check(page, path);
      viewer.assertNoErrors();
    } catch (error) {
      wrong.push(`${path}: ${error.message}`);
      viewer.errors.length = 0;
    }
  }
  assert.deepEqual(viewer.outside, []);
  await viewer.leave();
  return wrong.map((what) => `${name}: ${what}`);
}

/** Looks at pages in several windows, and tells all that is wrong with any. */
async function lookAt(console, looks, paths, check) {
  const wrong = [];
  for (const each of looks) wrong.push(...await look(console, each, paths, check));
  assert.deepEqual(wrong, []);
}

describe('whatever is stored', () => {
  test('with nothing, and with one event: every page says what to do, and fits', async () => {
    const console = await Console.open();
    try {
      const viewer = await console.signIn();
      const paths = await reachable(viewer);
      assert.ok(paths.includes('system'), paths.join());
      await lookAt(console, [LOOKS[0], NARROW], paths);
      const answer = await console.send([{ type: 'page', anonymousId: 'first', properties: { path: '/', title: 'Home' } }]);
      assert.equal(answer.status, 200);
      const more = await reachable(viewer);
      await lookAt(console, LOOKS.slice(1), more);
    } finally {
      await console.close();
    }
  });

  test('hostile content is shown as text, harmless, and breaks no layout', async (t) => {
    const texts = JSON.parse(await readFile(new URL('../../collector/tests/hostile.json', import.meta.url), 'utf8'));
    const markup = [
      '<img src=x onerror="window.hit=1">', '"><script>window.hit=2</script>', '\'><svg onload=window.hit=3>', '<b id=injected>b</b>',
      '</textarea></title><b id=injected>', 'javascript:window.hit=4', '{{constructor.constructor("window.hit=5")()}}',
      '\u202e\u2067right\u2069to left', `${'x'.repeat(10_240)}`, '\u0645\u0631\u062d\u0628\u0627 '.repeat(200), '👩‍👩‍👧‍👦'.repeat(300),
    ];
    const all = [...texts, ...markup];
    const console = await Console.open({
      configure: (text) => text
        .replace(/^name = .*$/m, 'name = \'Shop <b id=injected> "><img src=x onerror=window.hit=6>\'')
        .replace(/^label = "Koopprijp"$/m, 'label = \'<b id=injected> \u202e "\'')
        .replace(/^label = "Magazinelezer"$/m, `label = "${'W'.repeat(80)}"`),
    });
    try {
      let stored = 0;
      for (const [number, text] of all.entries()) {
        const clean = [...text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '')].slice(0, 120).join('') || 'empty';
        const page = {
          type: 'page',
          context: {
            userAgent: text.slice(0, 500),
            page: { title: text, url: `https://www.example.nl/${encodeURIComponent(clean)}`, path: `/${clean}`, referrer: `https://evil.example/${encodeURIComponent(clean)}` },
            campaign: { name: text.slice(0, 400), source: text.slice(0, 400), medium: text.slice(0, 400), term: text.slice(0, 400), content: text.slice(0, 400) },
          },
          properties: { path: `/${clean}`, title: text, topics: [clean], name: text, search: `?utm_source=${encodeURIComponent(clean)}` },
        };
        const who = { anonymousId: number % 2 ? `v${number}` : clean };
        const answer = await console.send([
          { ...page, ...who },
          { type: 'track', event: text || 'x', ...who, properties: { query: text, text, topic: clean, label: text } },
          { type: 'track', event: 'Site Searched', ...who, properties: { query: text } },
          { type: 'identify', ...who, userId: clean, traits: { name: text, email: text, [clean]: text } },
          // Refused, and kept as an example.
          { type: text, ...who },
          { type: 'track', ...who, messageId: text },
        ]);
        const { accepted = 0 } = await answer.json();
        stored += accepted;
      }
      assert.ok(stored > all.length, `${stored} messages of ${all.length} texts are stored`);
      const viewer = await console.signIn();
      const paths = await reachable(viewer);
      t.diagnostic(`${paths.length} pages: ${paths.map((path) => path.slice(0, 60)).join(' ')}`);
      await lookAt(console, [LOOKS[0], NARROW], paths, assertHarmless);
      // And what stands in an address.
      const page = viewer.page;
      for (const text of [markup[0], markup[1], 'x'.repeat(1_500)]) {
        const value = encodeURIComponent(text);
        for (const path of [value, `system?csv=${value}`, `system/refused?reason=${value}`, `system/audit?name=${value}`, ...paths.filter((each) => !each.includes('/')).map((each) => `${each}?days=${value}&segment=${value}&cursor=${value}&q=${value}`)]) {
          viewer.errors.length = 0;
          await page.goto(viewer.at(path));
          await assertHarmless(page, path);
          await assertFits(page);
          // An address that leads nowhere is told as an error of the network, and nothing else is.
          viewer.assertNoErrors(/Failed to load resource/);
        }
      }
    } finally {
      await console.close();
    }
  });
});

describe('by keyboard alone', () => {
  let console;
  before(async () => {
    console = await Console.open();
    await console.send([{ type: 'page', anonymousId: 'a', properties: { path: '/' } }]);
  });
  after(() => console?.close());

  /** Presses a key until something of a description has the focus, which must be seen to have it. */
  async function tabTo(page, selector, key = 'Tab', most = 120) {
    for (let count = 0; count < most; count++) {
      await page.keyboard.press(key);
      const state = await page.evaluate((wanted) => {
        const { activeElement } = document;
        const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
        const box = activeElement.getBoundingClientRect();
        return {
          found: activeElement.matches(wanted),
          seen: activeElement === document.body || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && box.width > 0),
          what: activeElement.outerHTML.slice(0, 120),
        };
      }, selector);
      assert.ok(state.seen, `the focus is not seen: ${state.what}`);
      if (state.found) return;
    }
    assert.fail(`nobody gets to ${selector}`);
  }

  test('sign in, go through the menu, read a tip, change language and colours, sign out', async () => {
    const viewer = await Visitor.arrive(console.browser, { locale: 'en-GB', colorScheme: 'light' });
    const page = await viewer.open(`${console.collector.origin}/console`);
    await page.keyboard.type(console.admin.token);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/console\/(?!-)/);
    // The first stop leads past the menu.
    await tabTo(page, 'a.skip', 'Tab', 1);
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
    const items = await page.locator('.side nav a').evaluateAll((all) => all.map((one) => one.getAttribute('href')));
    for (const href of items) {
      await page.reload();
      await tabTo(page, `.side nav a[href="${href}"]`);
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname === href);
      assert.equal(await page.locator('.side nav a[aria-current=page]').getAttribute('href'), href);
      assert.equal(await page.locator('h1').count(), 1, href);
    }
    // A tip opens, and closes by Escape with the focus where it was.
    await page.goto(`${console.collector.origin}${BASE}system`);
    await tabTo(page, 'button.tip');
    const tip = page.locator(`#${await page.evaluate(() => document.activeElement.getAttribute('popovertarget'))}`);
    assert.ok(!await tip.isVisible());
    await page.keyboard.press('Enter');
    await tip.waitFor({ state: 'visible' });
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    assert.ok(await page.evaluate(() => document.activeElement.matches('button.tip')));
    // Language and colours stay.
    await tabTo(page, '.settings summary', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await tabTo(page, 'select[name=language]', 'Tab', 2);
    await page.keyboard.type('Ned');
    await tabTo(page, 'select[name=theme]', 'Tab', 1);
    await page.keyboard.type('Dark');
    await tabTo(page, '.settings form[action$=settings] button', 'Tab', 1);
    await page.keyboard.press('Enter');
    await page.locator('html[lang=nl][data-theme=dark]').waitFor();
    assert.equal(new URL(page.url()).pathname, `${BASE}system`);
    assert.equal(await page.locator('h1').textContent(), 'Systeem');
    await page.reload();
    await page.locator('html[lang=nl][data-theme=dark]').waitFor();
    await tabTo(page, '.settings summary');
    await page.keyboard.press('Enter');
    await tabTo(page, '.settings form[action$=sign-out] button');
    await page.keyboard.press('Enter');
    await page.waitForURL(/-\/sign-in/);
    await page.goto(`${console.collector.origin}${BASE}system`);
    await page.locator('form[data-sign-in]').waitFor();
    // And back to where somebody wanted to go.
    await page.keyboard.type(console.admin.token);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${BASE}system`);
    viewer.assertNoErrors();
    await viewer.leave();
  });

  test('a wrong token is told to whoever hears the page, and nothing is lost', async () => {
    const viewer = await Visitor.arrive(console.browser, { locale: 'nl-NL' });
    const page = await viewer.open(`${console.collector.origin}${BASE}system`);
    await page.keyboard.type('verkeerd');
    await page.keyboard.press('Enter');
    const mistake = page.getByRole('alert');
    await mistake.waitFor();
    assert.match(await mistake.textContent(), /geen geldig token/i);
    assert.equal(await page.locator('#token').getAttribute('aria-invalid'), 'true');
    await assertAccessible(page);
    await page.keyboard.type(console.admin.token);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**${BASE}system`);
    viewer.assertNoErrors(/status of 401/);
    await viewer.leave();
  });
});

describe('a session that ends while somebody is at work', () => {
  let console;
  before(async () => {
    console = await Console.open();
  });
  after(() => console?.close());

  const NAME = 'Anna "<b>" \u202e';
  const tokens = async (viewer) => {
    await viewer.see('system/access');
    return viewer.page.locator('[data-table=tokens] tbody th').allTextContents();
  };
  const fillIn = async (page, name) => {
    await page.fill('#token-name', name);
    await page.selectOption('select[name=role]', 'operate');
    await page.selectOption('select[name=days]', '30');
  };

  test('what was typed stays, a dialog asks for the token, and then it is saved', async () => {
    const viewer = await console.signIn();
    const page = await viewer.see('system/access');
    await fillIn(page, NAME);
    const cookies = await viewer.context.cookies();
    await viewer.context.clearCookies();
    const save = page.getByRole('button', { name: 'Make the token' });
    await save.click();
    const dialog = page.locator('#signed-out');
    await dialog.waitFor({ state: 'visible' });
    await assertAccessible(page);
    assert.equal(await page.inputValue('#token-name'), NAME);
    // A wrong token first.
    await page.fill('#signed-out-token', 'wrong');
    await page.keyboard.press('Enter');
    await dialog.locator('.mistake').waitFor({ state: 'visible' });
    await page.fill('#signed-out-token', console.admin.token);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal(await page.inputValue('#token-name'), NAME);
    assert.equal(await page.inputValue('select[name=role]'), 'operate');
    await save.click();
    const secret = (await page.locator('.secret').textContent()).trim();
    assert.match(secret, /^[\w-]{43}$/);
    await assertAccessible(page);
    assert.ok((await tokens(viewer)).includes(NAME));
    viewer.assertNoErrors(/status of 401/);
    // The new token signs somebody in, with its role; revoked, it does no longer, and nothing is lost either.
    const anna = await console.signIn({ token: secret });
    const theirs = await anna.see('system/audit');
    assert.equal(await theirs.locator('.settings summary .quiet').textContent(), ' operate');
    assert.ok(!(await (await anna.see('system/access')).locator('#token-name').count()), 'who may not make tokens sees no form');
    await anna.see('system/backup');
    await page.getByRole('row', { name: /Anna/ }).getByRole('link', { name: /Revoke/ }).click();
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('No token of this id holds any more').waitFor();
    assert.ok(!(await tokens(viewer)).includes(NAME));
    await theirs.getByRole('button', { name: 'Make a backup now' }).click();
    await theirs.locator('#signed-out').waitFor({ state: 'visible' });
    assert.ok(cookies.length);
    await viewer.leave();
    await anna.leave();
  });

  test('the same without scripts', async () => {
    const viewer = await Visitor.arrive(console.browser, { locale: 'en-GB', javaScriptEnabled: false });
    const at = (path) => `${console.collector.origin}${BASE}${path}`;
    const page = await viewer.open(at('system/access'));
    await page.fill('#token', console.admin.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/system/access');
    await fillIn(page, NAME);
    await viewer.context.clearCookies();
    await page.getByRole('button', { name: 'Make the token' }).click();
    await page.getByText('Your session ended before this was saved').waitFor();
    await page.fill('#token', 'wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await page.fill('#token', console.admin.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('This was not saved yet').waitFor();
    assert.equal(await page.inputValue('textarea[name=name]'), NAME);
    assert.equal(await page.inputValue('textarea[name=role]'), 'operate');
    await page.getByRole('button', { name: 'Save it now' }).click();
    assert.match((await page.locator('.secret').textContent()).trim(), /^[\w-]{43}$/);
    await page.goto(at('system/access'));
    const names = await page.locator('[data-table=tokens] tbody th').allTextContents();
    assert.ok(names.includes(NAME), names.join());
    viewer.assertNoErrors(/status of 401/);
    await viewer.leave();
  });

  test('also what answers while somebody types', async (t) => {
    const viewer = await console.signIn();
    const answer = await viewer.page.goto(viewer.at('segments/new'));
    if (answer.status() === 404) return t.skip('there is no editor');
    const page = viewer.page;
    const field = page.locator('main textarea').first();
    await field.fill('visits >= ');
    await viewer.context.clearCookies();
    await field.pressSequentially('2');
    const dialog = page.locator('#signed-out');
    await dialog.waitFor({ state: 'visible' });
    assert.equal(await field.inputValue(), 'visits >= 2');
    await page.fill('#signed-out-token', console.admin.token);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    await field.pressSequentially('0');
    assert.equal(await field.inputValue(), 'visits >= 20');
    await until('nobody is asked again', async () => !await dialog.isVisible());
    viewer.assertNoErrors(/status of 401|Response Status Error Code 401/);
    await viewer.leave();
  });
});

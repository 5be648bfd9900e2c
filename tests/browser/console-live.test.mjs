/*
 * Live in the console: the first thing to look at after installing. It says what is wrong until the site is
 * seen, then shows what arrives, as it arrives. With SCREENSHOT_DIR set, it leaves pictures there.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { until } from './lib/browser.mjs';
import { assertHarmless, Console, judge } from './lib/console.mjs';

const HOSTILE = JSON.parse(await readFile(new URL('../../collector/tests/hostile.json', import.meta.url)));

let console_;
before(async () => {
  console_ = await Console.open();
});
after(() => console_?.close());

const message = (path, more = {}) => ({ type: 'page', anonymousId: 'gast', properties: { path, title: `Pagina ${path}` }, ...more });
const titles = (page) => page.locator('[data-rows] .theirs').allTextContents();

test('from nothing to a site that is seen, without loading the page anew', async () => {
  const viewer = await console_.signIn({ permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await viewer.see('live');
  await page.getByText('We do not see your site yet').waitFor();
  await page.getByRole('button', { name: 'Copy' }).first().click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
    `<script async src="${console_.collector.origin}/fg.js" data-site="demo-fietsen"></script>`);
  await judge(console_, 'live', 'live-nothing');

  await console_.send([message('/x/')], { key: 'oude-sleutel' });
  await page.getByText('Messages come with a wrong key').waitFor();
  await console_.send([message('/x/')], { origin: 'https://winkel.example' });
  await page.getByText('Pages of an origin that is not allowed').waitFor();
  assert.match(await page.locator('#status').textContent(), /"https:\/\/winkel\.example"\]/);
  await judge(console_, 'live', 'live-refused');

  // A page of the shop itself, with the tag that was copied.
  const visitor = await viewer.context.newPage();
  await visitor.goto(`${console_.collector.origin}/`);
  await page.getByText('We see your site').waitFor();
  await page.locator('[data-rows] tr').first().waitFor();
  await visitor.close();
  viewer.assertNoErrors();
});

test('events appear at the top; pausing keeps them back', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('live');
  await page.getByText('Connected: new events appear').waitFor();
  await console_.send([message('/een/')]);
  await until('the first is there', async () => (await titles(page)).includes('Pagina /een/'));
  const pause = page.getByRole('button', { name: 'Pause' });
  await pause.focus();
  await page.keyboard.press('Enter');
  await console_.send([message('/twee/'), message('/drie/')]);
  await page.getByText('Paused. New meanwhile: 2').waitFor();
  assert.ok(!(await titles(page)).includes('Pagina /twee/'));
  await page.keyboard.press('Enter');
  await until('all are there', async () => (await titles(page))[0] === 'Pagina /drie/');
  // Silent until somebody wants to hear.
  const aloud = page.locator('[data-aloud]');
  assert.equal(await aloud.getAttribute('aria-live'), 'off');
  await page.getByLabel('Read new events aloud').check();
  await console_.send([message('/vier/')]);
  await until('it is said', async () => (await aloud.textContent()) === 'Viewed Pagina /vier/');
  viewer.assertNoErrors();
});

test('at most 200 rows, each event once, and only what is asked for', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('live?visitor=veel');
  await page.getByText('Connected: new events appear').waitFor();
  for (let part = 0; part < 5; part++) {
    await console_.send(Array.from({ length: 50 }, (_, number) => message(`/${part}-${number}/`, { anonymousId: 'veel' })));
    await console_.send([message('/anders/')]);
  }
  await until('the last is there', async () => (await titles(page))[0] === 'Pagina /4-49/');
  assert.equal(await page.locator('[data-rows] tr').count(), 200);
  assert.ok(!(await titles(page)).includes('Pagina /anders/'));
  await page.getByLabel('Page begins with').fill('/4-4');
  await page.keyboard.press('Enter');
  await page.waitForURL(/page=/);
  assert.deepEqual((await titles(page)).filter((title) => !title.startsWith('Pagina /4-4')), []);
  const ids = await page.locator('[data-rows] tr').evaluateAll((rows) => rows.map((row) => row.dataset.id));
  assert.equal(new Set(ids).size, ids.length);
  viewer.assertNoErrors();
});

test('hostile content stays text, as it arrives and afterwards', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('live');
  await page.getByText('Connected: new events appear').waitFor();
  const texts = [...HOSTILE, '<img src=x onerror="window.hit=1">', '\u202eomgekeerd', 'x'.repeat(10_000)];
  for (const text of texts) {
    await console_.send([
      { type: 'page', anonymousId: 'kwaad', properties: { path: text, title: text } },
      { type: 'track', event: text, anonymousId: 'kwaad', properties: { [text]: text } },
    ]);
  }
  await console_.send([message('/klaar/')]);
  await until('all came', async () => (await titles(page))[0] === 'Pagina /klaar/');
  for (const again of [false, true]) {
    if (again) await page.reload();
    await assertHarmless(page);
    assert.equal(await page.locator('[data-rows] svg').count(), 0);
  }
  await judge(console_, 'live', 'live-hostile');
  viewer.assertNoErrors();
});

test('without scripts the latest events are there', async () => {
  const viewer = await console_.signIn({ javaScriptEnabled: false });
  const page = await viewer.see('live');
  assert.ok(await page.locator('[data-rows] tr').count() > 0);
  assert.equal(await page.getByRole('button', { name: 'Pause' }).isVisible(), false);
  viewer.assertNoErrors();
});

test('in Dutch', async () => {
  const viewer = await console_.signIn({ locale: 'nl-NL' });
  const page = await viewer.see('live');
  await page.getByText('We zien uw site').waitFor();
  await page.getByText('Verbonden: nieuwe gebeurtenissen').waitFor();
  await console_.send([message('/nl/')]);
  await until('it is there', async () => (await page.locator('[data-rows] .sentence').first().textContent()) === 'Bekeek Pagina /nl/');
  viewer.assertNoErrors();
});

/*
 * Segments in the console: the list, the editor by keyboard alone, live errors where they are, a preview
 * that counts what is true, two people who edit the same segment, and going back to an earlier version.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { Console, judge } from './lib/console.mjs';

let console;

/** Two who are signed in. */
let anna;
let ben;

/** Visitors of whom it is known how many pages they have read. */
const VISITORS = Array.from({ length: 24 }, (_, number) => ({
  anonymousId: `visitor-${number}`,
  pages: 1 + (number % 4),
}));

const READ = { type: 'page', properties: { topics: ['City bikes'] } };

before(async () => {
  console = await Console.open({
    configure: (text) => `${text}\n[[segment]]\nid = "of-the-file"\nlabel = "Of the file"\nwhen = 'pages >= 2'\n`,
  });
  const messages = VISITORS.flatMap(({ anonymousId, pages }) =>
    Array.from({ length: pages }, (_, page) => ({
      ...READ,
      anonymousId,
      properties: { ...READ.properties, path: `/page-${page}` },
    })),
  );
  const answer = await console.send(messages);
  assert.equal(answer.status, 200, await answer.text());
  [anna, ben] = [await console.signIn(), await console.signIn()];
});

after(() => console.close());

const atLeast = (pages) => VISITORS.filter((one) => one.pages >= pages).length;

/** Types into the condition, in place of what stands there. */
async function write(page, when) {
  await page.focus('#when');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(when);
}

test('by keyboard alone: a new segment with completion, errors where they are, preview and save', async () => {
  const viewer = anna;
  const page = await viewer.see('segments/new');
  await page.focus('input[name=label]');
  await page.keyboard.type('Much read');
  assert.equal(await page.inputValue('input[name=id]'), 'much-read');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Whoever reads much');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'when');

  // Completion: what fits, chosen by the arrows.
  await page.keyboard.type('pag');
  await page.waitForSelector('#when-completions:not([hidden])');
  await page.keyboard.press('ArrowDown');
  const chosen = await page.getAttribute('#when', 'aria-activedescendant');
  assert.equal(await page.textContent(`#${chosen} code`), 'pages');
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('#when'), 'pages');
  await page.keyboard.type(' >= 3 && in_segment("of');
  await page.keyboard.press('Control+Space');
  await page.keyboard.press('Enter');
  assert.equal(await page.inputValue('#when'), 'pages >= 3 && in_segment("of-the-file');
  // Escape closes the list and nothing else.
  await page.keyboard.press('Control+Space');
  await page.keyboard.press('Escape');
  assert.equal(await page.isHidden('#when-completions'), true);

  // What is wrong is told while one writes, with its place; the button leads there.
  await write(page, 'pages >= 3\n&& visit > 1');
  // What was wrong with the text before may still be shown for a moment.
  const place = await page.waitForSelector('#problems button.place:text-is("Line 2, column 4")');
  assert.match(await page.textContent('#problems'), /there is no name visit.*did you mean visits\?/s);
  assert.equal(await page.getAttribute('#when', 'aria-invalid'), 'true');
  assert.equal(await page.textContent('#problems .excerpt'), '&& visit > 1\n   ^');
  await place.focus();
  await page.keyboard.press('Enter');
  const at = await page.$eval('#when', (field) => field.selectionStart);
  assert.equal(at, 'pages >= 3\n&& '.length);

  await write(page, 'pages >= 3');
  await page.waitForSelector('#problems [data-problems="0"]');
  assert.equal(await page.getAttribute('#when', 'aria-invalid'), null);

  // The preview counts what is true.
  await page.focus('button[hx-post$="/segments/preview"]');
  await page.keyboard.press('Enter');
  const members = await page.waitForSelector('#figure-preview-members .figure-value');
  assert.equal(await members.getAttribute('data-value'), String(atLeast(3)));
  assert.equal(await page.locator('#table-preview-sample tbody tr').count(), Math.min(20, atLeast(3)));
  const overlap = page.locator('#table-preview-overlaps tbody tr', { hasText: 'Of the file' });
  assert.equal(await overlap.locator('td').first().getAttribute('data-value'), String(atLeast(3)));

  // Its tables are files as well, and the page and its form stay as they are.
  const download = page.waitForEvent('download');
  await page.focus('#table-preview-sample button.download');
  await page.keyboard.press('Enter');
  const file = await download;
  assert.match(file.suggestedFilename(), /-preview-sample\.csv$/);
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n');
  assert.equal(lines.length - 1, Math.min(20, atLeast(3)));
  assert.match(await page.getAttribute('form#segment', 'action'), /\/segments\/save$/);

  await page.focus('#days-back');
  await page.focus('button[hx-post$="/segments/backtest"]');
  await page.keyboard.press('Enter');
  const then = await page.waitForSelector('#figure-backtest-then .figure-value');
  assert.equal(await then.getAttribute('data-value'), '0');
  assert.equal(await page.getAttribute('#figure-backtest-now .figure-value', 'data-value'), String(atLeast(3)));

  await page.focus('input[name=note]');
  await page.keyboard.type('For the newsletter');
  await page.keyboard.press('Enter');
  await page.waitForURL(/segments\/much-read\?saved=/);
  assert.match(await page.textContent('#content'), /Saved and in force/);
  assert.match(await page.textContent('#table-versions'), /For the newsletter/);
  const definitions = await console.admin.get('segments/definitions');
  assert.equal(definitions.segments.find(({ id }) => id === 'much-read').when, 'pages >= 3');
  viewer.assertNoErrors();
});

test('two people edit the same segment: the second sees both, and decides', async () => {
  await anna.see('segments/of-the-file');
  await ben.see('segments/of-the-file');
  await write(anna.page, 'pages >= 3');
  await anna.page.click('button.primary[type=submit]');
  await anna.page.waitForURL(/saved=/);

  await write(ben.page, 'pages >= 4');
  const answered = ben.page.waitForResponse((answer) => answer.url().endsWith('/segments/save'));
  await ben.page.click('button.primary[type=submit]');
  assert.equal((await answered).status(), 409);
  await ben.page.waitForSelector('.conflict');
  const [theirs, yours] = await ben.page.locator('.conflict pre').allTextContents();
  assert.deepEqual([theirs, yours], ['pages >= 3', 'pages >= 4']);
  // Nothing that was written is lost, and saving again puts it in place.
  assert.equal(await ben.page.inputValue('#when'), 'pages >= 4');
  await ben.page.click('button.primary[type=submit]');
  await ben.page.waitForURL(/saved=/);
  assert.match(await ben.page.textContent('.badge'), /in place of the one in the configuration file/);
});

test('others change another segment meanwhile: that is no conflict', async () => {
  await anna.see('segments/new?label=One&when=pages+%3E%3D+1');
  await ben.see('segments/new?label=Two&when=pages+%3E%3D+2');
  for (const { page } of [anna, ben]) {
    await page.click('button.primary[type=submit]');
    await page.waitForURL(/saved=/);
  }
  const { posted } = await console.admin.get('segments/definitions');
  const ids = posted.segment.map(({ id }) => id);
  assert.ok(ids.includes('one') && ids.includes('two'), ids.join());
});

test('a version shows what it changed, and can be gone back to', async () => {
  const viewer = anna;
  const page = await viewer.see('segments/versions');
  const first = page.locator('#table-versions tbody tr').last();
  await first.locator('a').click();
  await page.waitForURL(/versions\/1$/);
  assert.match(await page.textContent('.difference'), /\+ pages >= 3/);
  await page.click('form[action$="/restore"] button');
  await page.waitForURL(/segments\/versions$/);
  const { posted } = await console.admin.get('segments/definitions');
  assert.deepEqual(posted.segment.map(({ id }) => id), ['much-read']);
  assert.match(await page.textContent('#table-versions tbody tr:first-child'), /As version 1/);
  viewer.assertNoErrors();
});

test('without a script what is wrong is told when it is saved, and nothing is lost', async () => {
  const viewer = anna;
  const page = await viewer.see('segments/much-read');
  await write(page, 'pages >=');
  await page.click('button.primary[type=submit]');
  await page.waitForSelector('.notice.bad');
  assert.equal(await page.inputValue('#when'), 'pages >=');
  assert.equal(await page.inputValue('input[name=label]'), 'Much read');
});

test('a session that ends while somebody writes loses nothing', async () => {
  const viewer = anna;
  const page = await viewer.see('segments/much-read');
  await page.context().clearCookies();
  await write(page, 'pages >= 5');
  await page.waitForSelector('#signed-out[open]');
  await page.fill('#signed-out-token', console.admin.token);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#signed-out:not([open])', { state: 'attached' });
  assert.equal(await page.inputValue('#when'), 'pages >= 5');
  await page.click('button.primary[type=submit]');
  await page.waitForURL(/saved=/);
  assert.equal(await page.inputValue('#when'), 'pages >= 5');
});

test('every table is a file as well, and who may only read cannot save', async () => {
  const viewer = anna;
  await viewer.see('segments');
  const csv = await viewer.page.request.get(viewer.at('segments?csv=segments'));
  assert.match(csv.headers()['content-type'], /text\/csv/);
  assert.match(await csv.text(), /^Segment,Visitors,/);
  const wrong = await viewer.page.request.post(viewer.at('segments/save'), {
    form: { id: 'x', when: 'pages >= 1', based_on: '0' },
  });
  assert.equal(wrong.status(), 403, 'without the secret of the session');
});

test('how they look, and axe-core', async () => {
  await judge(console, ['segments', 'segments/new', 'segments/much-read', 'segments/versions', 'segments/versions/1']);
});

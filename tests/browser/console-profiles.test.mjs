/*
 * Profiles in the console, as somebody uses them: finding visitors, choosing columns, one profile with its
 * reasons, and erasing, by mouse and by keyboard alone. With SCREENSHOT_DIR set, it leaves pictures there.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { until } from './lib/browser.mjs';
import { assertAccessible, assertHarmless, Console, judge } from './lib/console.mjs';

const HOSTILE = JSON.parse(await readFile(new URL('../../collector/tests/hostile.json', import.meta.url)));

let console_;
before(async () => {
  console_ = await Console.open();
  const visit = (visitor, minutesAgo, path, more = {}) => ({
    type: 'page', anonymousId: visitor, timestamp: new Date(Date.now() - minutesAgo * 60_000).toISOString(),
    properties: { path, title: `Pagina ${path}`, topics: ['Bakfietsen'], ...more },
  });
  const sent = [];
  for (let number = 0; number < 70; number++) sent.push(visit(`gast-${String(number).padStart(2, '0')}`, 60 * 26 + number, '/bakfietsen/'));
  for (const path of ['/bakfietsen/', '/bakfietsen/sjees/', '/prijzen/']) sent.push(visit('jo-laptop', 60 * 30, path), visit('jo-laptop', 3, path));
  sent.push(
    { type: 'track', event: 'Site Searched', anonymousId: 'jo-laptop', properties: { query: 'bakfiets elektrisch' } },
    { type: 'identify', anonymousId: 'jo-laptop', userId: 'jo-1', traits: { name: 'Jo Vos', email: 'jo@voorbeeld.example' } },
    visit('jo-phone', 2, '/bakfietsen/'),
    { type: 'identify', anonymousId: 'jo-phone', userId: 'jo-1', traits: { name: 'Jo Vos' } },
  );
  for (const text of HOSTILE) {
    sent.push(
      { type: 'page', anonymousId: 'kwaad', properties: { title: text, path: text, topics: [text] }, context: { userAgent: text, campaign: { source: text, name: text } } },
      { type: 'identify', anonymousId: 'kwaad', traits: { name: text, [`x${text}`]: text } },
    );
  }
  sent.push({ type: 'identify', anonymousId: 'kwaad', traits: { name: '<img src=x onerror="window.hit=1">\u202e<script>window.hit=1</script>' } });
  for (let from = 0; from < sent.length; from += 40) {
    const answer = await console_.send(sent.slice(from, from + 40));
    assert.equal(answer.status, 200, await answer.text());
  }
});
after(() => console_?.close());

test('visitors are found, and the address says what is shown', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('profiles');
  const rows = page.locator('#table-visitors tbody tr');
  assert.equal(await rows.count(), 50);
  await page.getByRole('link', { name: 'Next' }).click();
  await page.getByRole('link', { name: 'Back to the first' }).waitFor();
  assert.equal(await rows.count(), 23);
  await page.getByRole('link', { name: 'Back to the first' }).click();
  await page.getByLabel('Text').fill('jo@voorbeeld');
  await page.keyboard.press('Enter');
  await page.waitForURL(/text=jo/);
  assert.deepEqual(await rows.locator('th').allTextContents(), ['Jo Vos']);
  await page.getByText('Columns', { exact: true }).click();
  await page.getByLabel('Page views').check();
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForURL(/columns=pages/);
  await page.getByRole('columnheader', { name: 'Page views' }).waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#table-visitors .download').click()]);
  const csv = await readFile(await download.path(), 'utf8');
  assert.match(csv, /^Who,.*Page views/);
  assert.match(csv, /Jo Vos/);
  viewer.assertNoErrors();
});

test('one profile: what they want and why, and what they did', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('profiles/jo-laptop');
  assert.equal(await page.locator('h1').textContent(), 'Jo Vos');
  await page.locator('.sentence', { hasText: 'Searched for bakfiets elektrisch' }).waitFor();
  // An interest opens to what it rests on.
  const interest = page.locator('.bars details').first();
  await interest.locator('summary').click();
  await interest.locator('.evidence li').first().waitFor();
  // Both browsers, and how they came together.
  assert.equal(await page.locator('.browsers li').count(), 2);
  await page.locator('figure#chart-interests-course .uplot').waitFor();
  // A tip tells what a number means.
  await page.locator('#figure-score .tip').click();
  assert.match(await page.locator('#tip-figure-score').textContent(), /configuration/);
  viewer.assertNoErrors();
});

test('a merge is undone, and undoing leads back to the profile', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('profiles/jo-phone');
  await page.getByText('Undo a merge').click();
  const merge = page.locator('select[name=merge] option', { hasText: 'jo-phone' });
  await page.selectOption('select[name=merge]', await merge.first().getAttribute('value'));
  await page.getByRole('button', { name: 'Undo', exact: true }).click();
  await page.getByText('The merge was undone').waitFor();
  assert.equal(await page.locator('.browsers li').count(), 1);
  viewer.assertNoErrors();
});

test('erasing asks first, and is done by keyboard alone', async () => {
  const viewer = await console_.signIn();
  const page = await viewer.see('profiles/gast-05');
  const focused = (text) => until(`${text} has the focus`, async () => {
    await page.keyboard.press('Tab');
    return (await page.evaluate(() => document.activeElement?.textContent ?? '')).trim() === text;
  });
  await focused('Erase…');
  await page.keyboard.press('Enter');
  await page.locator('#erase:popover-open').waitFor();
  await assertAccessible(page);
  // Escape keeps the visitor.
  await page.keyboard.press('Escape');
  await page.locator('#erase:popover-open').waitFor({ state: 'detached' });
  await page.keyboard.press('Enter');
  await page.locator('#erase:popover-open').waitFor();
  await focused('Erase for good');
  await page.keyboard.press('Enter');
  await page.getByText('The visitor was erased').waitFor();
  assert.equal(await console_.admin.profile('gast-05'), null);
  viewer.assertNoErrors();
});

test('hostile names, titles and campaigns are text', async () => {
  const viewer = await console_.signIn();
  for (const path of ['profiles', 'profiles?columns=campaign,device,interests,segments', 'profiles/kwaad']) {
    const page = await viewer.see(path);
    await assertHarmless(page, path);
  }
  viewer.assertNoErrors();
});

test('light, dark and on a phone: accessible, and no wider than the window', async () => {
  await judge(console_, 'profiles');
  await judge(console_, 'profiles?text=nobody-is-called-so', 'profiles-empty');
  await judge(console_, 'profiles/jo-laptop', 'profile');
  await judge(console_, 'profiles/kwaad', 'profile-hostile');
});

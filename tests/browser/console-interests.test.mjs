/*
 * Interests in the console: figures that are true, channels and campaigns, pages that feed a topic, and
 * topics that are named and merged with a click, while all others stay.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Console, judge } from './lib/console.mjs';

let console;
let viewer;

/** Whoever reads so many pages that declare these topics, brought by a campaign or by nothing. */
const reads = (anonymousId, topics, pages, campaign) =>
  Array.from({ length: pages }, (_, page) => ({
    type: 'page',
    anonymousId,
    properties: { topics, path: `/${topics[0].toLowerCase().replaceAll(' ', '-')}/${page}` },
    ...(campaign && page === 0 && { context: { campaign: { name: campaign, source: 'news', medium: 'email' } } }),
  }));

/** Six pages make an interest, one does not. */
const CITY = Array.from({ length: 6 }, (_, number) => reads(`city-${number}`, ['City bikes', 'Helmets'], 6, number < 4 ? 'Spring' : null));
const TOWN = Array.from({ length: 3 }, (_, number) => reads(`town-${number}`, ['Town bikes'], 6));
const RACING = Array.from({ length: 2 }, (_, number) => reads(`racing-${number}`, ['Racing bikes'], 6));
const PASSING = Array.from({ length: 5 }, (_, number) => reads(`passing-${number}`, ['City bikes'], 1));

before(async () => {
  // The demo shop configures no interests: all topics are found by themselves.
  console = await Console.open();
  const answer = await console.send([CITY, TOWN, RACING, PASSING].flat(2));
  assert.equal(answer.status, 200, await answer.text());
  viewer = await console.signIn();
});

after(() => console.close());

/** The page once its census has so many interested visitors. */
async function counted(path, selector, expected) {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    await viewer.see(path);
    const found = await viewer.page.$(selector);
    if (found && (await found.getAttribute('data-value')) === String(expected)) return viewer.page;
    await viewer.page.waitForTimeout(1000);
  }
  assert.fail(`${path}: ${selector} is not ${expected}: ${await viewer.page.textContent('#content')}`);
}

const row = (page, table, text) => page.locator(`#table-${table} tbody tr`).filter({ has: page.locator('th', { hasText: text }) }).first();

test('what visitors want, and what brought them', async () => {
  const page = await counted('interests', '#figure-interested .figure-value', CITY.length + TOWN.length + RACING.length);
  const values = (table, text) => row(page, table, text).locator('td').evaluateAll((cells) => cells.map((cell) => cell.dataset.value));
  const city = await values('interests', 'City bikes');
  assert.deepEqual([city[0], city[3]], [String(CITY.length), String(CITY.length + PASSING.length)]);
  assert.equal((await values('interests', 'Racing bikes'))[0], String(RACING.length));
  const heads = await page.locator('#table-channels thead th').allTextContents();
  const email = heads.findIndex((head) => head.trim() === 'Email');
  assert.equal((await values('channels', 'City bikes'))[email - 1], '4');
  const link = await row(page, 'channels', 'City bikes').locator('td').nth(email - 1).locator('a').getAttribute('href');
  assert.match(link, /profiles\?interest=city-bikes&channel=Email$/);
  assert.equal((await values('campaigns', 'Helmets'))[0], '4');
  const fed = await page.locator('#table-pages tbody tr').filter({ hasText: 'Town bikes' }).first().locator('td').allTextContents();
  assert.match(fed[0], /\/town-bikes\/\d/);
  const csv = await page.request.get(viewer.at('interests?csv=channels'));
  assert.match(await csv.text(), /^Topic,Interested,/);
});

test('a topic by itself', async () => {
  const page = await viewer.see('interests/city-bikes');
  assert.equal(await page.getAttribute('#figure-interested .figure-value', 'data-value'), String(CITY.length));
  const bars = await page.locator('#chart-strengths table[data-table] tbody td').evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.value)));
  assert.equal(bars.length, 10);
  assert.equal(bars.reduce((sum, one) => sum + one), CITY.length + PASSING.length);
  assert.equal((await viewer.page.request.get(viewer.at('interests/nothing-of-this'))).status(), 404);
});

test('by keyboard: two topics become one, and no other topic changes', async () => {
  const page = await viewer.see('interests');
  for (const id of ['city-bikes', 'town-bikes']) {
    await page.focus(`input[name=topic][value=${id}]`);
    await page.keyboard.press('Space');
  }
  await page.focus('form[action$="/interests/name"] input[name=label]');
  await page.keyboard.type('Bikes for the city');
  await page.keyboard.press('Enter');
  await page.waitForURL(/interests\?saved=/);
  assert.match(await page.textContent('.notice.good'), /Bikes for the city/);

  const { posted } = await console.admin.get('segments/definitions');
  assert.deepEqual(posted.interest, [{ id: 'city-bikes', label: 'Bikes for the city', topics: ['city-bikes', 'town-bikes'] }]);
  // Somebody who reads of it now, on pages that declare another topic as well.
  await console.send([...reads('later', ['Town bikes', 'Helmets'], 6), ...reads('another', ['Racing bikes'], 6)]);
  const interests = async (id) => (await console.admin.profile(id)).interests.map(({ id, label }) => `${id}=${label}`).sort();
  assert.deepEqual(await interests('later'), ['city-bikes=Bikes for the city', 'helmets=Helmets']);
  assert.deepEqual(await interests('another'), ['racing-bikes=Racing bikes']);
  // What was known before is still known, by its new name.
  assert.deepEqual(await interests('city-0'), ['city-bikes=Bikes for the city', 'helmets=Helmets']);
  const named = await counted('interests', '#table-interests tbody tr:first-child td', CITY.length + 1);
  assert.match(await row(named, 'interests', 'Bikes for the city').textContent(), /Named in the console/);
  assert.match(await row(named, 'interests', 'Town bikes').textContent(), /Counts as Bikes for the city/);
});

test('a name can be taken away again', async () => {
  const page = await viewer.see('interests');
  await page.click('form[action$="/interests/unname"] button');
  // The address stays the same: the page that has no name to take away any more is the new one.
  await page.locator('form[action$="/interests/unname"]').waitFor({ state: 'detached' });
  const { posted } = await console.admin.get('segments/definitions');
  assert.deepEqual(posted, { segment: [], interest: [] });
  await viewer.see('segments/versions');
  assert.equal(await page.locator('#table-versions tbody tr').count(), 2);
});

test('how they look, and axe-core', async () => {
  await judge(console, ['interests', 'interests/city-bikes']);
  viewer.assertNoErrors();
});

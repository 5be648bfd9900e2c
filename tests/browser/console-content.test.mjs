/*
 * The page Content of the console: slots and what they came to, one slot, versions, and the site as
 * somebody else sees it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Console, judge, SITE_ID } from './lib/console.mjs';

/** Half of the visitors are held out, so that few are enough. */
const configure = (text) => text.replace('control = 10', 'control = 50');

let opened, viewer;

/** A visitor who has seen the slot, and perhaps clicked and asked for a test ride. */
function visitor(number) {
  const anonymousId = `visitor-${number}`;
  const control = number % 2 ? { control: true } : {};
  const properties = { slot: 'aanbod', variant: 'proefrit', ...control };
  const track = (event, more = properties) => ({ type: 'track', event, anonymousId, timestamp, properties: more });
  // They came in the course of a week.
  const timestamp = new Date(Date.now() - (number % 32 >> 3) * 50 * 3_600_000).toISOString();
  const view = { type: 'page', anonymousId, timestamp, properties: { path: '/', url: 'http://127.0.0.1:7700/', topics: ['E-bikes'] } };
  return [
    // Some come so often that it says something.
    ...Array.from({ length: number % 5 ? 1 : 8 }, () => view),
    track('Content Viewed'),
    ...(number % 3 ? [] : [track('Content Clicked')]),
    // Of those who saw it two of four ask for a ride, of the others one of four.
    ...(number % 4 < 1 || number % 8 === 2 || number % 8 === 1 ? [track('Test Ride Requested', {})] : []),
  ];
}

before(async () => {
  opened = await Console.open({ configure });
  for (let number = 0; number < 160; number += 20) {
    const batch = Array.from({ length: 20 }, (_, place) => visitor(number + place)).flat();
    assert.equal((await opened.send(batch)).status, 200);
  }
  const posted = await fetch(`${opened.collector.origin}/admin/v1/content?note=Spring`, {
    method: 'POST',
    headers: { authorization: `Bearer ${opened.admin.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      slot: [{ id: 'banner', label: 'Banner' }],
      variant: [{ slot: 'banner', id: 'all', fields: { title: 'Hello <script>' } }],
    }),
  });
  assert.equal(posted.status, 200);
  viewer = await opened.signIn();
});
after(() => opened?.close());

/** The cells of a row by the text that it begins with. */
const row = (page, table, name) => page.evaluate(([table, name]) => {
  const rows = [...document.querySelectorAll(`[data-table=${table}] tbody tr`)];
  const found = rows.find((each) => each.cells[0].textContent === name);
  return found && [...found.cells].map((cell) => cell.dataset.value);
}, [table, name]);

test('all slots are there, with what they came to and what is wrong', async () => {
  const page = await viewer.see('content');
  const cells = await row(page, 'slots', 'Aanbod bovenaan de voorpagina');
  assert.deepEqual(cells.slice(2, 8), ['2', '0.5', 'Vraagt een proefrit aan', '160', '160', '54']);
  assert.ok(await page.getByText('nobody has seen the variant "bellen"').isVisible());
  assert.equal((await row(page, 'slots', 'Banner'))[5], '0');
});

test('a slot tells what is shown to whom, what visitors did, and whether it helped', async () => {
  const page = await viewer.see('content');
  await page.getByRole('link', { name: 'Aanbod bovenaan de voorpagina' }).click();
  await page.waitForURL(/content\/aanbod/);
  const variant = await row(page, 'variants', 'Welkom terug, kom proefrijden');
  assert.equal(variant[2], 'visits >= 2 && stage != "cold"');
  const arms = await page.$$eval('[data-table=arms] tbody tr', (rows) => rows.map((each) => each.cells[2].dataset.value));
  assert.deepEqual(arms.filter((count) => count !== '0'), ['80', '80']);
  const lift = await row(page, 'lifts', 'Welkom terug, kom proefrijden');
  const [estimate, low, high] = lift.slice(2, 5).map(Number);
  assert.ok(low < estimate && estimate < high && estimate > 0, lift.join());
  await page.locator('#chart-course .plot canvas').first().waitFor();
});

test('tables are answered as CSV', async () => {
  const page = await viewer.see('content/aanbod');
  const answer = await page.request.get(viewer.at('content/aanbod?csv=arms'));
  assert.match(answer.headers()['content-type'], /text\/csv/);
  assert.match(await answer.text(), /^Variant,Saw,Visitors/);
});

test('what visitors of a segment see is shown, and the site can be seen as one of them', async () => {
  const page = await viewer.see('content');
  await page.locator('select[name=segment]').first().selectOption('e-bikes');
  await page.getByRole('button', { name: 'Show what they see' }).click();
  await page.waitForURL(/segment=e-bikes/);
  assert.ok(await page.locator('[data-table=seen] tbody tr').count() >= 2);
  await page.getByRole('button', { name: 'Make a link to the site' }).click();
  await page.waitForURL(/preview=/);
  const link = await page.locator('.notice.good a').getAttribute('href');
  const token = new URL(link).searchParams.get('fg_preview');
  const model = await page.request.get(`${opened.collector.origin}/v1/preview?token=${token}`);
  assert.equal(model.status(), 200);
  const other = await page.request.get(`${opened.collector.origin}/v1/preview?token=${token.replace(/^0/, '1')}`);
  assert.notEqual(other.status(), 200);
});

test('a version can be put into force again, and is another one then', async () => {
  const page = await viewer.see('content');
  await page.getByRole('button', { name: 'Put this version into force' }).click();
  await page.getByRole('rowheader', { name: '2', exact: true }).waitFor();
  const versions = await page.$$eval('[data-table=versions] tbody tr', (rows) => rows.map((each) => [...each.cells].map((cell) => cell.dataset.value)));
  assert.deepEqual(versions.map((cells) => [cells[0], cells[3], cells[4]]), [['2', 'in force', '1'], ['1', 'before', '']]);
});

for (const path of ['content', 'content/aanbod', 'content?segment=e-bikes']) {
  test(`${path} is accessible, light, dark and on a phone`, () => judge(opened, path));
}
test('an unknown slot is said to be none', async () => {
  const page = await viewer.see('content/nothing');
  assert.match(await page.textContent('main'), /slot/);
  assert.match(page.url(), new RegExp(`/console/${SITE_ID}/content/nothing`));
});

/*
 * What must hold on every recipe's site, whatever made it. The sites have the same pages and
 * the same names in them.
 */
import assert from 'node:assert/strict';

import { named } from '../../browser/lib/admin.mjs';
import { pause, stateOf, until } from '../../browser/lib/browser.mjs';

/** Longer than a router may take over one change, and a title that stays as it was is waited for. */
const SETTLED = 400;

/** Page views that are stored of a visitor, in their order, once there are as many and no more come. */
export async function views(site, id, count) {
  const stored = async () => named(await site.admin.timeline(id), 'page')
    .map((event) => event.message)
    // The collector's own times are corrected per request and may differ by its latency.
    .sort((left, right) => left.timestamp.localeCompare(right.timestamp))
    .map(({ properties: { path, search, title } }) => path + (search ?? '') + ' ' + title);
  await until('page views', async () => (await stored()).length >= count).catch(() => {});
  await pause(500);
  return stored();
}

/** The page as a heading tells it. */
export const shown = (page, heading) => page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();

/** Lets the visitor look at a topic and then search for it: enough for a segment. */
export const wants = (page, topic) => page.evaluate((label) => {
  window.firstglance('track', 'Topic Seen', { topics: [label] });
  window.firstglance('track', 'Site Searched', { query: label });
}, topic);

/**
 * One page view for each route, with its title: links, parameters, a redirect, the same address
 * again, what follows `#`, back and forth, and a page that is loaded again.
 */
export async function countsRoutes(site, visitor, { expected = /^$/ } = {}) {
  const page = await visitor.open(`${visitor.origin}/`);
  await shown(page, 'Home');
  const { visitor: id } = await stateOf(page);
  await pause(SETTLED);
  const follow = async (link, heading) => {
    await page.getByRole('link', { name: link, exact: true }).click();
    await shown(page, heading);
    await pause(SETTLED);
  };
  const move = async (way, heading) => {
    await page[way]();
    await shown(page, heading);
    await pause(SETTLED);
  };
  await follow('E-bikes', 'E-bikes');
  await follow('By price', 'E-bikes by price');
  await follow('By price', 'E-bikes by price');
  await follow('Polder', 'Polder');
  await follow('Reviews', 'Polder');
  await move('goBack', 'Polder');
  await move('goBack', 'E-bikes by price');
  // Some routers keep the same address twice, others do not: on to where both have been.
  if (!new URL(page.url()).search) throw new assert.AssertionError({ message: 'the address has lost its parameters' });
  await follow('Old address', 'E-bikes');
  await move('goBack', 'E-bikes by price');
  await move('goForward', 'E-bikes');
  await follow('Contact', 'Contact');
  await move('goBack', 'E-bikes');
  assert.equal(site.front.pages.length, 1, 'the router has loaded no page');
  await page.reload();
  await shown(page, 'E-bikes');
  await stateOf(page);
  await pause(SETTLED);
  await page.goto('about:blank');
  const told = [
    '/ Home', '/e-bikes E-bikes', '/e-bikes?sort=price E-bikes by price', '/e-bikes/polder Polder',
    '/e-bikes?sort=price E-bikes by price', '/e-bikes E-bikes', '/e-bikes?sort=price E-bikes by price', '/e-bikes E-bikes',
    '/contact Contact', '/e-bikes E-bikes', '/e-bikes E-bikes',
  ];
  assert.deepEqual(await views(site, id, told.length), told);
  const clicks = named(await site.admin.timeline(id), 'Link Clicked').map(({ message }) => message.properties.text);
  assert.deepEqual(clicks, ['E-bikes', 'By price', 'By price', 'Polder', 'Reviews', 'Old address', 'Contact']);
  visitor.assertNoErrors(expected);
}

/** What Firstglance shows stays as it is when the framework renders again; what components are told is right. */
export async function survivesRendering(site, visitor, { expected = /^$/, decides = false } = {}) {
  const page = await visitor.open(`${visitor.origin}/`);
  await shown(page, 'Home');
  await stateOf(page);
  const offer = page.locator('#offer');
  const hero = page.locator('section[data-fg-slot="hero"]');
  const told = page.locator('#segments');
  assert.equal(await offer.isVisible(), false);
  assert.equal((await hero.textContent()).trim(), 'Bikes for everybody');
  assert.equal((await told.textContent()).trim(), 'Nothing known');

  // A site that wants its pages to change at once where somebody looks, which the test can wait for.
  await page.evaluate(() => { document.documentElement.dataset.fgAdapt = 'now'; });

  /** What a visitor sees: whether the offer, the slot, what the root says, what components are told. */
  const seen = async () => [
    await offer.isVisible(), (await hero.textContent()).trim(), await page.evaluate(() => document.documentElement.dataset.fgSegments),
    (await told.textContent()).trim(), ...(decides ? [(await page.locator('#decided').textContent()).trim()] : []),
  ];
  const shows = async (what, wanted) => {
    const same = async () => (await seen()).join('|') == wanted.join('|');
    await until(what, same).catch(async () => assert.deepEqual(await seen(), wanted, what));
  };
  const personal = (when) => shows(when, [true, 'E-bikes for you', 'e-bikes', 'e-bikes', ...(decides ? ['Ride an e-bike'] : [])]);
  await wants(page, 'E-bikes');
  await personal('at once');
  const again = page.locator('#again');
  await again.click();
  await page.getByText('Rendered 1 times').waitFor();
  await personal('after rendering again');
  await page.getByRole('link', { name: 'Contact', exact: true }).click();
  await shown(page, 'Contact');
  // An element that came with the route is one of Firstglance's as well.
  await page.locator('#late').waitFor({ state: 'visible' });
  await again.click();
  await page.getByText('Rendered 2 times').waitFor();
  await personal('on another route');

  // And back, without anything left over.
  const plain = (when) => shows(when, [false, 'Bikes for everybody', undefined, 'Nothing known', ...(decides ? ['Ride a bike'] : [])]);
  await page.evaluate(() => window.firstglance('forget'));
  await plain('after somebody is forgotten');
  await again.click();
  await page.getByText('Rendered 3 times').waitFor();
  await plain('after rendering once more');

  const { visitor: id } = await stateOf(page);
  await page.getByRole('button', { name: 'Choose' }).click();
  await page.goto('about:blank');
  const sent = await until('the events are stored', async () => {
    const events = await site.admin.timeline(id);
    const found = ['Plan Chosen', 'Called'].flatMap((name) => named(events, name));
    return found.length >= 2 && found;
  });
  assert.deepEqual(sent.map(({ message: { event, properties } }) => [event, properties.plan ?? properties.from]), [
    ['Plan Chosen', 'Basis'], ['Called', 'choose'],
  ]);
  visitor.assertNoErrors(expected);
}

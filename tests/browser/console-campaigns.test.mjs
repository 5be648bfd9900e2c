/*
 * Campaigns as a marketer reads them: every number on the page against what was sent, counted here by
 * hand. Visitors come by several ways and reach goals, one of them was never brought by anything.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { assertAccessible, Console, judge } from './lib/console.mjs';

const DAY = 86_400_000;

/** What brings somebody: its channel as Google Analytics groups it, and how it is told. */
const WAYS = {
  brand: { channel: 'Paid Search', source: 'google', medium: 'cpc', campaign: 'zoeken', term: 'wielrijk fietsen', content: 'tekst-a' },
  generic: { channel: 'Paid Search', source: 'google', medium: 'cpc', campaign: 'zoeken', term: 'e-bike kopen', content: 'tekst-b' },
  news: { channel: 'Email', source: 'nieuwsbrief', medium: 'email', campaign: 'herfst <b>' },
  search: { channel: 'Organic Search', referrer: 'google.com' },
  blog: { channel: 'Referral', referrer: 'blog.example' },
  self: { channel: 'Direct' },
};

/** Each visitor's page views, how many days ago and by what way, and the goals they reached afterwards. */
const VISITORS = [
  { views: [[9, 'self'], [6, 'generic'], [3, 'news'], [1, 'search']], engaged: [6], goals: [['koop', 999.99]] },
  { views: [[8, 'brand'], [2, 'news']], engaged: [8, 2], goals: [['koop', 100], ['proefrit', 25]] },
  { views: [[5, 'search']], engaged: [], goals: [['proefrit', 25]] },
  { views: [[4, 'self']], engaged: [], goals: [['koop', 50]] },
  { views: [[7, 'blog'], [5, 'generic'], [5, 'brand']], engaged: [5], goals: [['koop', 10.01]] },
  { views: [[2, 'generic']], engaged: [2], goals: [] },
];

const EVENTS = { koop: 'Order Completed', proefrit: 'Test Ride Requested' };
const MODELS = ['first', 'last', 'linear', 'position'];

let console_;
let viewer;

before(async () => {
  console_ = await Console.open();
  const now = Date.now();
  const messages = VISITORS.flatMap(({ views, engaged, goals }, number) => {
    const anonymousId = `brought-${number}`;
    const at = (days, seconds) => new Date(now - days * DAY + seconds * 1000).toISOString();
    const page = ([days, name], place) => {
      const { source, medium, campaign, term, content, referrer } = WAYS[name];
      const told = Object.entries({ utm_source: source, utm_medium: medium, utm_campaign: campaign, utm_term: term, utm_content: content });
      const query = new URLSearchParams(told.filter(([, value]) => value)).toString();
      const url = `${console_.collector.origin}/e-bikes/${query && `?${query}`}`;
      return {
        type: 'page', anonymousId, timestamp: at(days, place),
        context: { page: { url, ...(referrer && { referrer: `https://www.${referrer}/` }) } },
      };
    };
    const more = engaged.map((days) => ({
      type: 'page', anonymousId, timestamp: at(days, 30), context: { page: { url: `${console_.collector.origin}/over-ons/` } },
    }));
    const reached = goals.map(([goal, revenue], place) => ({
      type: 'track', anonymousId, event: EVENTS[goal], timestamp: at(0, place - 60), properties: { revenue },
    }));
    return [...views.map(page), ...more, ...reached];
  });
  const answer = await console_.send(messages);
  assert.equal(answer.status, 200, await answer.text());
  viewer = await console_.signIn();
});

after(() => console_?.close());

/** Parts of so many touches, by a model. */
function parts(model, count) {
  if (model === 'first') return Array.from({ length: count }, (_, place) => Number(place === 0));
  if (model === 'last') return Array.from({ length: count }, (_, place) => Number(place === count - 1));
  if (model === 'linear' || count < 3) return Array.from({ length: count }, () => 1 / count);
  return Array.from({ length: count }, (_, place) => (place === 0 || place === count - 1 ? 0.4 : 0.2 / (count - 2)));
}

/** What a way has of a dimension; of sources the host that links where none is told. */
const told = (way, by) => WAYS[way][by] ?? (by === 'source' ? WAYS[way].referrer : undefined) ?? '';

/** What should stand in the page, by what `key` makes of a way. */
function meant(key, goal = null) {
  const rows = new Map();
  const row = (way) => {
    const name = key(way);
    if (!rows.has(name)) rows.set(name, { visitors: 0, engaged: 0, prospects: 0, goals: {}, value: {} });
    return rows.get(name);
  };
  for (const { views, engaged, goals } of VISITORS) {
    for (const [days, way] of views.filter(([, each]) => each !== 'self')) {
      row(way).visitors += 1;
      if (engaged.includes(days)) row(way).engaged += 1;
    }
    row(views[0][1]).prospects += 1;
    for (const [, revenue] of goals.filter(([id]) => goal === null || id === goal)) {
      for (const model of MODELS) {
        parts(model, views.length).forEach((part, place) => {
          const of = row(views[place][1]);
          of.goals[model] = (of.goals[model] ?? 0) + part;
          of.value[model] = (of.value[model] ?? 0) + part * revenue;
        });
      }
    }
  }
  return rows;
}

/** A table of the page: by the name of each row its cells by the heads of the columns. */
async function table(page, id) {
  const read = await page.$eval(`[data-table="${id}"]`, (element) => {
    const heads = [...element.tHead.rows[0].cells].map((cell) => cell.firstChild.textContent.trim());
    const rows = [...element.tBodies[0].rows].map((one) => [...one.cells].map((cell) => cell.dataset.value));
    return { heads, rows };
  });
  return new Map(read.rows.map(([name, ...cells]) => [name, Object.fromEntries(cells.map((cell, place) => [read.heads[place + 1], cell]))]));
}

const near = (shown, expected, about, by = 0.011) => assert.ok(Math.abs(Number(shown) - expected) <= by, `${about}: ${shown}, not ${expected}`);

for (const by of ['channel', 'source', 'medium', 'campaign', 'term', 'content']) {
  test(`what was sent is what stands there, by ${by}`, async () => {
    for (const model of MODELS) {
      const page = await viewer.see(`campaigns?by=${by}&model=${model}`);
      const shown = await table(page, 'origins');
      const expected = meant((way) => told(way, by));
      const none = by === 'source' ? 'None: they came by themselves' : 'None given';
      assert.deepEqual([...shown.keys()].sort(), [...expected.keys()].map((name) => name || none).sort());
      for (const [name, numbers] of expected) {
        const cells = shown.get(name || none);
        assert.equal(Number(cells.Visitors), numbers.visitors, `${name} visitors`);
        assert.equal(Number(cells.Engaged), numbers.engaged, `${name} engaged`);
        assert.equal(Number(cells['New prospects']), numbers.prospects, `${name} prospects`);
        near(cells['Goals reached'], numbers.goals[model] ?? 0, `${name} goals`, 0.00001);
        near(cells.Value, numbers.value[model] ?? 0, `${name} value`, 0.021);
      }
    }
  });
}

test('the models stand side by side and come to the same', async () => {
  for (const goal of ['koop', 'proefrit']) {
    const page = await viewer.see(`campaigns?goal=${goal}`);
    const shown = await table(page, 'attribution');
    const expected = meant((way) => told(way, 'channel'), goal);
    const heads = { first: 'First touch', last: 'Last touch', linear: 'Linear', position: 'Position-based' };
    const reached = VISITORS.flatMap(({ goals }) => goals).filter(([id]) => id === goal);
    const worth = reached.reduce((sum, [, revenue]) => sum + revenue, 0);
    for (const [model, head] of Object.entries(heads)) {
      const cells = [...shown.values()];
      const sum = (column) => cells.reduce((all, each) => all + Number(each[column]), 0);
      near(sum(head), reached.length, `${goal} by ${model}`, 1e-9);
      near(sum(`Value: ${head}`), worth, `value of ${goal} by ${model}`, 1e-6);
      for (const [name, numbers] of expected) {
        near(shown.get(name)?.[head] ?? 0, numbers.goals[model] ?? 0, `${name} in ${goal} by ${model}`, 0.00001);
      }
    }
    assert.equal(await page.locator('#chart-models .uplot canvas').count(), 1, 'no chart of the models');
  }
});

test('who searches for the shop by its name is told apart', async () => {
  const page = await viewer.see('campaigns');
  const shown = await table(page, 'brand');
  const names = { brand: 'Brand', generic: 'Not brand', news: 'Not brand', search: 'No campaign and no term', blog: 'No campaign and no term', self: 'No campaign and no term' };
  for (const [name, numbers] of meant((way) => names[way])) {
    assert.equal(Number(shown.get(name).Visitors), numbers.visitors, name);
    near(shown.get(name)['Goals reached'], numbers.goals.last, name, 0.00001);
  }
});

test('leads stand with what first brought them', async () => {
  const page = await viewer.see('campaigns');
  const shown = await table(page, 'origins');
  const changes = new Map();
  for (const [number, { views }] of VISITORS.entries()) {
    const answer = await console_.admin.get(`profiles/brought-${number}/timeline?limit=1000`);
    for (const { message } of answer.events.filter((event) => event.message.event === 'Stage Changed')) {
      const key = `${WAYS[views[0][1]].channel} ${message.properties.to}`;
      changes.set(key, (changes.get(key) ?? 0) + 1);
    }
  }
  assert.ok(changes.size > 1, 'nobody became a lead');
  const stages = { warm: 'Geïnteresseerd', hot: 'Bijna klant', 'sales-ready': 'Bel nu' };
  for (const [channel, cells] of shown) {
    for (const [stage, head] of Object.entries(stages)) {
      assert.equal(Number(cells[head]), changes.get(`${channel} ${stage}`) ?? 0, `${channel} ${stage}`);
    }
  }
});

test('a table is a file, a row leads to its profiles, and Dutch is spoken', async () => {
  const page = await viewer.see('campaigns?by=campaign');
  const link = page.locator('#table-origins a.download');
  const file = await page.request.get(new URL(await link.getAttribute('href'), page.url()).href);
  assert.match(file.headers()['content-disposition'], /origins\.csv/);
  const lines = (await file.text()).trim().split('\r\n');
  assert.equal(lines.length, 1 + meant((way) => told(way, 'campaign')).size);
  const row = page.locator('[data-table="origins"] tbody th a', { hasText: 'herfst <b>' });
  assert.match(await row.getAttribute('href'), /profiles\?campaign=herfst%20%3Cb%3E$/);
  const dutch = await console_.signIn({ locale: 'nl-NL' });
  await dutch.see('campaigns');
  assert.match(await dutch.page.locator('main').innerText(), /Nieuwe prospects/);
  await dutch.leave();
  viewer.assertNoErrors();
});

test('nothing yet says what to do, and what nobody asks for is an error', async () => {
  const fresh = await Console.open({ configure: (text) => text.replace(/^brand_terms = .*$/m, '') .replace(/^when = 'brand_search.*$/m, "when = 'visits >= 1'") });
  try {
    const other = await fresh.signIn();
    const page = await other.see('campaigns');
    assert.match(await page.locator('main').innerText(), /utm_source=newsletter/);
    await assertAccessible(page);
  } finally {
    await fresh.close();
  }
  for (const wrong of ['by=colour', 'model=none', 'goal=none', 'days=0']) {
    const answer = await viewer.page.request.get(viewer.at(`campaigns?${wrong}`));
    assert.equal(answer.status(), 400, wrong);
  }
});

test('it can be read by everybody, on anything', () => judge(console_, 'campaigns?by=source', 'console-campaigns'));

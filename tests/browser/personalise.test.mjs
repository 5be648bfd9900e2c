/*
 * The page adapts to its visitor: each hook, before the first frame and where it moves nothing, in
 * each state of consent; what the page's own code is told, what counts as seen, and what its author
 * got wrong. In Firefox `cargo xtask hooks` plays them.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { violations } from './lib/axe.mjs';
import { nextFrame, pause, stateOf, until } from './lib/browser.mjs';
import { BOTH, DEFAULT, ELECTRIC, OBSERVE, page as made, SEEN, SLOTS } from './lib/personal.mjs';
import { captured } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

const NOW = ' data-fg-adapt="now"';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open({ configure: (text) => text + SLOTS });
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

/** A visitor with pages of the test's own. */
async function arrive(pages, path = Object.keys(pages)[0], options = {}) {
  visitor = await shop.visitor({ init: OBSERVE, pages, ...options });
  const page = await visitor.open(visitor.origin + path);
  await stateOf(page);
  return page;
}

/** Lets the visitor look at topics and search for them: enough for segments. */
async function wants(page, ...topics) {
  await page.evaluate((labels) => labels.forEach((label) => {
    window.firstglance('track', 'Topic Seen', { topics: [label] });
    window.firstglance('track', 'Site Searched', { query: label });
  }), topics);
  await nextFrame(page);
}

const seen = (page) => page.evaluate(SEEN);
/** Waits for what the page is to show, and tells the difference where it does not. */
async function shows(page, wanted) {
  const same = async () => JSON.stringify(await seen(page)) === JSON.stringify(wanted);
  await until('the page shows it', same).catch(async () => assert.deepEqual(await seen(page), wanted));
}
const adapted = (page) => until('the part is there', () => page.evaluate(() => Boolean(window.firstglance.q.fg.page)));
const shifts = (page) => page.evaluate(() => window.shifts);
/** Events of a name that were captured, with the slot, the variant and whether it was held back. */
const told = async (page, name) => (await captured(visitor, page)).filter((message) => message.event === name)
  .map(({ properties: { slot, variant, control } }) => [slot, variant, control].filter(Boolean).join(' '));

test('every hook, at once where the page wants it so; and everything back again', async () => {
  const page = await arrive({ '/proef/': made({ root: NOW }) });
  await adapted(page);
  await shows(page, DEFAULT);
  // Scripts of the page may hold on to what was there.
  await page.evaluate(() => { document.querySelector('#hero').firstElementChild.mark = 'the same'; });
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  await wants(page, 'Racefietsen', 'Racefietsen');
  await shows(page, { ...BOTH, title: (await seen(page)).title, list: (await seen(page)).list });
  await page.evaluate(() => window.firstglance('forget'));
  await shows(page, DEFAULT);
  assert.equal(await page.evaluate(() => document.querySelector('#hero').firstElementChild.mark), 'the same');
  visitor.assertNoErrors();
});

test('what earlier pages knew is there in the first frame, and moves nothing', async () => {
  const page = await arrive({ '/eerst/': made({ root: NOW }), '/dan/': made() });
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  await page.goto(`${visitor.origin}/dan/`);
  await shows(page, ELECTRIC);
  await pause(300);
  const frames = (await page.evaluate(() => window.frames_)).filter(({ hero }) => hero != null);
  assert.ok(frames.length > 3);
  assert.ok(frames.every(({ hero, root }) => hero === 'Voor wie stroom wil' && root === 'e-bikes'), JSON.stringify(frames.slice(0, 5)));
  assert.deepEqual(await shifts(page), []);
  visitor.assertNoErrors();
});

test('the shop itself: who comes back finds it as it is to be, and nothing moves', async () => {
  const changeHtml = (text) => text.replace('<script async src="/fg.js"', '<script src="/fg.js"');
  const page = await arrive({}, '/prijzen/', { changeHtml });
  await wants(page, 'Bakfietsen');
  await page.goto(`${visitor.origin}/`);
  await stateOf(page);
  await pause(500);
  assert.equal(await page.locator('section[data-fg-slot="hero"]').getAttribute('data-fg-variant'), 'bakfietsen');
  await page.mouse.wheel(0, 600);
  await wants(page, 'Racefietsen', 'Racefietsen');
  await pause(500);
  assert.equal(await page.locator('section[data-fg-slot="hero"]').getAttribute('data-fg-variant'), 'bakfietsen');
  assert.deepEqual(await shifts(page), []);
  visitor.assertNoErrors();
});

describe('what becomes known on this page', () => {
  // The mode; what the hero at the top shows then, and what the slot far below.
  const cases = [
    ['offscreen', null, 'e-bikes'],
    ['next', null, null],
    ['now', 'e-bikes-not-klant', 'e-bikes'],
    // The hero's variant is higher than its default, so it would move what follows.
    ['fade', null, 'e-bikes'],
  ];
  for (const [mode, hero, below] of cases) {
    test(`${mode}: what is being read stays where it is, until the next page`, async () => {
      const root = ` data-fg-adapt="${mode}"`;
      const page = await arrive({ '/proef/': made({ root }) });
      await adapted(page);
      await wants(page, 'E-bikes');
      await pause(600);
      const found = await seen(page);
      assert.deepEqual([found.hero, found.below], [hero, below]);
      if (mode !== 'now') assert.deepEqual(await shifts(page), []);
      await page.reload();
      await shows(page, ELECTRIC);
      visitor.assertNoErrors();
    });
  }

  test('a fade, where there is room; and nobody loses the place that they are at', async () => {
    const body = `<h1>Proef</h1><section id="hero" data-fg-slot="hero" style="height:200px"><p>Voor iedereen</p><button>Bekijk</button></section>
      <template data-fg-slot="hero" data-fg-when="e-bikes"><p>Stroom</p><button>Probeer</button></template><p>Einde</p>`;
    const page = await arrive({ '/proef/': made({ body, root: ' data-fg-adapt="fade"' }) });
    await adapted(page);
    const hero = page.locator('#hero');
    await hero.getByRole('button').focus();
    await wants(page, 'E-bikes');
    await pause(400);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Bekijk', 'nothing is taken away under the keyboard');
    await page.evaluate(() => document.activeElement.blur());
    await until('it is filled', async () => (await hero.locator('p').textContent()) === 'Stroom');
    assert.equal(await hero.getAttribute('aria-live'), 'polite');
    assert.deepEqual(await shifts(page), []);
    visitor.assertNoErrors();
  });
});

describe('consent', () => {
  for (const consent of ['granted', 'segments', 'session', 'denied']) {
    test(consent, async () => {
      const pages = { '/proef/': made({ root: NOW, attributes: { async: null, 'data-consent': consent } }) };
      const page = await arrive(pages);
      await wants(page, 'E-bikes');
      if (consent !== 'denied') await adapted(page);
      await shows(page, consent === 'denied' ? DEFAULT : ELECTRIC);
      await pause(1_500);
      const kept = (await visitor.kept(page)).local;
      const keeps = consent === 'granted' || consent === 'segments';
      assert.equal(kept.some((name) => /:(shown|content)$/.test(name)), keeps);
      if (!keeps) assert.deepEqual(kept, kept.filter((name) => /:(consent|model|version|default|options)$/.test(name)));
      // Only where everything may be told, it is told what was seen.
      assert.equal((await told(page, 'Content Viewed')).length > 0, consent === 'granted');
      // And back, at once, when it is withdrawn.
      await page.evaluate(() => window.firstglance('consent', 'denied'));
      await shows(page, DEFAULT);
      assert.deepEqual((await visitor.kept(page)).local.filter((name) => /:(shown|content)$/.test(name)), []);
      assert.equal(await page.evaluate(() => document.documentElement.dataset.fgStage), undefined);
      visitor.assertNoErrors();
    });
  }

  test('a refusal that came since then: nothing of what was known is shown', async () => {
    const page = await arrive({ '/eerst/': made({ root: NOW }) });
    await wants(page, 'E-bikes');
    await shows(page, ELECTRIC);
    await page.evaluate(() => localStorage.setItem('fg:demo-fietsen:consent', 'denied'));
    await page.reload();
    await pause(500);
    await shows(page, DEFAULT);
    visitor.assertNoErrors();
  });
});

test('a search engine sees what everybody sees, also one that keeps things', async () => {
  const userAgent = 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/140.0.0.0 Safari/537.36';
  const page = await arrive({ '/proef/': made({ root: NOW }) }, '/proef/', { userAgent });
  await wants(page, 'E-bikes');
  await pause(500);
  await shows(page, DEFAULT);
  assert.equal(await page.evaluate(() => document.documentElement.dataset.fgSegments), undefined);
  visitor.assertNoErrors();
});

test('seen and clicked: once a view, and of whom is held out as well', async () => {
  const page = await arrive({ '/proef/': made({ root: NOW }) });
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  const expected = ['card electric', 'hero e-bikes-not-klant'];
  await until('they are seen', async () => (await told(page, 'Content Viewed')).length >= expected.length);
  await pause(300);
  const views = await told(page, 'Content Viewed');
  const held = views.filter((view) => view.startsWith('held '));
  assert.deepEqual(views.filter((view) => !held.includes(view)).sort(), expected);
  // Nine in ten are held out; whoever is not sees it.
  const [visible] = [await page.locator('#held').textContent()];
  assert.deepEqual(held, [visible === 'Standaard' ? 'held never true' : 'held never']);
  await page.getByRole('button', { name: 'Probeer' }).click();
  await page.getByRole('heading', { name: 'Proef' }).click();
  assert.deepEqual(await told(page, 'Content Clicked'), ['hero e-bikes-not-klant']);
  // What is not in sight was not seen; and once it is, it counts.
  await page.locator('#below').scrollIntoViewIfNeeded();
  await until('it is seen', async () => (await told(page, 'Content Viewed')).includes('below e-bikes'));
  visitor.assertNoErrors();
});

test('code of the page: interest, stage, decisions and events', async () => {
  const page = await arrive({ '/proef/': made({ root: NOW }) });
  await page.evaluate(() => {
    window.said = [];
    for (const kind of ['interest', 'stage', 'content']) {
      document.addEventListener(`firstglance:${kind}`, ({ detail }) => window.said.push([kind, detail?.id ?? detail?.slot ?? detail]));
    }
    // The page's own path is one as well, though a weak one.
    window.firstglance('onInterest', (interest) => interest?.id === 'proef' || window.said.push(['onInterest', interest?.id ?? null]));
    window.firstglance('onStage', (stage) => window.said.push(['onStage', stage]));
    for (const slot of ['hero', 'card', 'banner']) {
      window.firstglance('decide', slot, ({ kind, variant, fields }) => window.said.push([slot, kind, variant, fields.title ?? null]));
    }
    window.firstglance('decide', 'hero', () => { throw new Error('of the page itself'); });
    window.firstglance('decide', 'hero');
  });
  const said = () => page.evaluate(() => window.said.map((each) => each.join(' ')));
  await until('all is answered', async () => (await said()).length >= 4);
  assert.deepEqual((await said()).sort(), ['banner default  ', 'card default  ', 'hero default  ', 'onStage cold']);
  await page.evaluate(() => { window.said = []; });
  await wants(page, 'E-bikes');
  await until('all is told', async () => (await said()).length >= 9);
  assert.deepEqual((await said()).sort(), [
    'card variant electric <b>Elektrisch</b>', 'content below', 'content card', 'content held', 'content hero',
    'hero variant e-bikes-not-klant ', 'interest e-bikes', 'onInterest e-bikes', 'onStage warm', 'stage warm',
  ].sort());
  visitor.assertNoErrors(/of the page itself/);
});

test('a page that renders again, and one that fights for a slot', async () => {
  const page = await arrive({ '/proef/': made({ root: NOW }) });
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  // Another default, as a framework writes it: it is the default from then on.
  await page.evaluate(() => document.querySelector('#hero').replaceChildren('Nieuw'));
  await shows(page, ELECTRIC);
  await page.evaluate(() => window.firstglance('forget'));
  await until('the new one comes back', async () => (await page.locator('#hero').textContent()) === 'Nieuw');
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  const writes = await page.evaluate(() => new Promise((resolve) => {
    const hero = document.querySelector('#hero');
    let count = 0;
    new MutationObserver(() => {
      if (hero.textContent !== 'Van mij') {
        count += 1;
        hero.replaceChildren('Van mij');
      }
    }).observe(hero, { childList: true });
    hero.replaceChildren('Van mij');
    setTimeout(() => resolve(count), 2_000);
  }));
  assert.ok(writes < 20, `${writes} times`);
  assert.equal(await page.locator('#hero').textContent(), 'Van mij');
  // What comes late is adapted as it comes.
  await page.evaluate(() => document.querySelector('#end').insertAdjacentHTML('afterend',
    '<p id="late" data-fg-show="e-bikes" hidden>Laat</p><p id="other" data-fg-show="bakfietsen">Anders</p>'));
  await until('they are adapted', () => page.evaluate(() => !document.querySelector('#late').hidden && document.querySelector('#other').hidden));
  visitor.assertNoErrors();
});

test('what the author got wrong is said, with the element and what would be right', async () => {
  const body = `<h1>Proef</h1>
    <p data-fg-show="bestaat-niet">a</p><p data-fg-hide="">b</p><div data-fg-slot="leeg"></div>
    <div data-fg-slot="dubbel">c</div><template data-fg-slot="dubbel" data-fg-when="e-bikes">d</template><template data-fg-slot="dubbel" data-fg-when="e-bikes">e</template>
    <div data-fg-slot="naam">f</div><template data-fg-slot="naam" data-fg-when="e-bikes" data-fg-variant="x">g</template><template data-fg-slot="naam" data-fg-when="racefietsen" data-fg-variant="x">h</template>
    <template data-fg-when="e-bikes">i</template><template data-fg-slot="nergens" data-fg-when="e-bikes">j</template>
    <p data-fg-adapt="straks">k</p><ul data-fg-sort="price"><li>l</li></ul><b data-fg-text="campaign.name">m</b><i data-fg-field="title">n</i>`;
  visitor = await shop.visitor({ pages: { '/proef/': made({ body }) } });
  const page = await visitor.open();
  const said = [];
  page.on('console', (message) => message.type() === 'warning' && said.push(message.text()));
  await page.goto(`${visitor.origin}/proef/?fg_debug`);
  const wanted = [
    /"bestaat-niet", which is neither/, /data-fg-hide is empty/, /"leeg" has no default/, /"dubbel" are for the same visitors/, /both called "x"/,
    /says no slot/, /no element with data-fg-slot="nergens"/, /"straks" means nothing.*"now", "offscreen", "next", "fade"/, /"price" means nothing/,
    /nothing to order/, /"campaign.name" is no field.*top_interest.label/, /data-fg-field is inside no slot/,
  ];
  await until('all is said', () => wanted.every((each) => said.some((line) => each.test(line))))
    .catch(() => assert.deepEqual(wanted.filter((each) => !said.some((line) => each.test(line))), [], said.join('\n')));
});

test('a preview: in this tab, until it is ended, and nothing of it is counted', async () => {
  const admin = async (path, body) => {
    const answer = await fetch(`${shop.collector.origin}/admin/v1/content${path}`, {
      method: 'POST', headers: { authorization: `Bearer ${shop.admin.token}`, 'content-type': 'application/json' }, body,
    });
    assert.ok(answer.ok, `${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
  const content = { slot: [{ id: 'banner' }], variant: [{ slot: 'banner', id: 'new', html: '<p>Nog niet te zien</p>' }] };
  const { version } = await admin('?draft=true', JSON.stringify(content));
  const { token } = await admin(`/versions/${version}/preview`);
  const page = await arrive({ '/proef/': made({ root: NOW }) }, `/proef/?fg_preview=${token}`);
  const banner = page.locator('#banner');
  const bar = page.locator('#fg-preview');
  await until('it is shown', async () => (await banner.textContent()) === 'Nog niet te zien');
  assert.match(await bar.textContent(), /niets geteld/);
  if (process.env.SCREENSHOT_DIR) await page.screenshot({ path: `${process.env.SCREENSHOT_DIR}/personal-preview.png` });
  // On the next page of this tab as well, and in no other.
  await page.goto(`${visitor.origin}/proef/`);
  await until('it is shown', async () => (await banner.textContent()) === 'Nog niet te zien');
  const other = await visitor.open(`${visitor.origin}/proef/`);
  await stateOf(other);
  await pause(500);
  assert.equal(await other.locator('#banner').textContent(), 'Welkom');
  await other.close();
  await page.evaluate(() => window.firstglance('track', 'Plan Chosen', {}));
  await pause(1_500);
  assert.deepEqual(visitor.proxy.messages.filter(({ event, type }) => event === 'Plan Chosen'), []);
  await bar.getByRole('button').click();
  await until('it is ended', async () => (await bar.count()) === 0 && (await banner.textContent()) === 'Welkom');
  visitor.assertNoErrors();
});

test('accessible in each state: axe finds nothing', async () => {
  const pages = { '/proef/': made({ root: NOW }), '/dan/': made() };
  const page = await arrive(pages);
  const states = [[], ['E-bikes'], ['Racefietsen', 'Racefietsen']];
  for (const [number, topics] of states.entries()) {
    await wants(page, ...topics);
    await pause(200);
    assert.deepEqual(await violations(page), [], topics.join());
    if (process.env.SCREENSHOT_DIR) await page.screenshot({ path: `${process.env.SCREENSHOT_DIR}/personal-${number}.png` });
  }
});

test('a broken storage, and content that somebody has written into it', async () => {
  const page = await arrive({ '/proef/': made({ root: NOW }) });
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  for (const content of ['{', 'null', '[]', '{"decisions":7}', '{"decisions":{"hero":{"kind":"variant","variant":"x","html":"<img src=x onerror=window.broken=1><script>window.broken=1</script><a href=\\"javascript:window.broken=1\\">x</a><svg onload=window.broken=1></svg>"}}}']) {
    await page.evaluate((text) => {
      localStorage.setItem('fg:demo-fietsen:content', text);
    }, content);
    await page.reload();
    await stateOf(page);
    await pause(200);
    assert.equal(await page.evaluate(() => window.broken), undefined, content);
    assert.equal(await page.locator('[onerror],[onload],a[href^=javascript],#hero script').count(), 0);
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).visibility), 'visible');
  }
});

test('a part that does not come leaves the page as it was written, and seen', async () => {
  const page = await arrive({ '/proef/': made({ root: NOW }) });
  await wants(page, 'E-bikes');
  await shows(page, ELECTRIC);
  visitor.proxy.fail = (request) => /\/fg-.*\.js/.test(request.path) && 'silence';
  await page.context().clearCookies();
  const other = await visitor.context.newPage();
  await other.route?.('**/fg-*.js', (route) => route.abort()).catch(() => {});
  await other.goto(`${visitor.origin}/proef/`);
  await until('it is seen', () => other.evaluate(() => getComputedStyle(document.documentElement).visibility === 'visible'));
  assert.equal((await seen(other)).hero, null);
});

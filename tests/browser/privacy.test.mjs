/*
 * Personal data at every place that the page's script or the loader reads: none of it leaves in any
 * request, and none stays in the browser. What each change of consent ends. Forgetting.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { pause, stateOf, until } from './lib/browser.mjs';
import { captured, html, properties, tag } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

/** A secret of each kind, told apart by a number, for one place. */
const secret = (place) => `p${place}@example.nl 06-${String(23450000 + place)} NL91 ABNA 0417 1643 00 4111 1111 1111 1111`;
const IN_ADDRESS = (place) => encodeURIComponent(secret(place));
/** What is left of a secret somewhere. */
const TRACES = /p\d+(@|%40)example|23450\d{3}|0417\W*(%20)?1643|ABNA|4111\W*(%20)?1111|geheim/gi;
const traces = (text) => [...new Set(text.match(TRACES))];

/** Everything that left this visitor's browser for the collector, and everything that stays in it. */
async function everything(page) {
  const sent = visitor.proxy.api.map((each) => `${each.url}\n${each.body}\n${each.headers.referer ?? ''}`);
  const kept = page ? await page.evaluate(() => JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie])) : '';
  return [...sent, kept].join('\n');
}

const OPTIONS = { title: secret(1), root: ` lang="${secret(2)}"`, attributes: { 'data-errors': '1', 'data-hash-routes': '1' } };
const BODY = `<main data-fg-topic="${secret(4)}"><h1>${secret(5)}</h1>
  <a id="link" href="/x/${IN_ADDRESS(6)}?y=${IN_ADDRESS(7)}">${secret(8)}</a> <a id="aria" href="/y/" aria-label="${secret(9)}"><img width="9" height="9"></a>
  <section data-fg-topic="${secret(10)}"><a id="kaart" href="/z/">z</a></section> <a id="bestand" href="/${IN_ADDRESS(30)}.pdf">${secret(31)}</a>
  <button id="${secret(11).split(' ').slice(0, 2).join()}" class="knop" name="${secret(12)}">${secret(13)}</button>
  <div id="doel" data-fg-track="Ding ${secret(14)}" data-fg-prop-x="${secret(15)}">x</div>
  <form id="${secret(16)}" class="a"><input name="${secret(17)}" value="geheim"></form> <form class="b" action="/f/${IN_ADDRESS(18)}"><input id="${secret(19)}"></form>
  <form role="search" class="s"><input type="search" name="q"></form><video title="${secret(20)}"></video>
  <a id="met" href="/m/">zichtbaar <input value="geheim"><textarea>geheim</textarea><span contenteditable>geheim</span><b data-fg-private>geheim</b></a>
  <div data-fg-private><a class="p" href="/geheim/">geheim</a><button class="p">geheim</button><form class="p" id="geheim"><input name="geheim"></form><div role="search"><input class="pz" type="search"></div><div class="p" data-fg-track="Geheim">geheim</div></div>
  <div contenteditable><a class="p" href="/geheim/">geheim</a></div>
  <script>for (const event of ['click', 'submit']) addEventListener(event, (each) => each.preventDefault())</script></main>`;
const HEAD = `<meta name="keywords" content="${secret(21)}, ${secret(22)}"><meta property="article:tag" content="${secret(23)}"><meta property="article:section" content="${secret(24)}">
  <script type="application/ld+json">${JSON.stringify([{ '@type': 'BreadcrumbList', itemListElement: [{ name: 'a' }, { name: secret(25) }, { name: 'b' }] }, { category: secret(26), articleSection: [secret(27)] }])}</script>`;

test('personal data at every place that is read does not leave and does not stay', async () => {
  const page = BODY;
  const address = `/p/${IN_ADDRESS(3)}`;
  visitor = await shop.visitor();
  // Without topics of its own the second page is asked for those in its head.
  visitor.proxy.pages[address] = html(page, { ...OPTIONS, head: HEAD });
  visitor.proxy.pages['/q/'] = html(page.replace(/ data-fg-topic="[^"]*"/g, ''), { ...OPTIONS, head: HEAD });
  const tab = await visitor.open();
  for (const path of [address, '/q/']) {
    await tab.goto(`${visitor.origin}${path}?a=${IN_ADDRESS(28)}&gclid=Ab1#/r/${IN_ADDRESS(29)}`, { referer: `${visitor.origin}/van/?x=${IN_ADDRESS(32)}` });
    await stateOf(tab);
    await tab.waitForFunction((forms) => document.forms && performance.getEntriesByType('resource').filter((each) => /\/fg-[\w-]+\.js/.test(each.name)).length > forms, 3);
    await pause(200);
    for (const selector of ['#link', '#aria', '#kaart', '#bestand', '.knop', '#doel', '#met', '.p']) {
      for (const element of await tab.locator(selector).all()) await element.dispatchEvent('click', { detail: 1 });
    }
    for (const selector of ['.a input', '.b input', 'form.p input']) await tab.locator(selector).fill(`${secret(33)} geheim`);
    await tab.locator('.s input').fill(secret(34));
    for (const selector of ['.s', '.a', '.b', 'form.p']) await tab.locator(selector).dispatchEvent('submit');
    await tab.locator('.pz').fill('geheim');
    await tab.locator('.s input').focus();
    await tab.evaluate((text) => {
      const film = document.querySelector('video');
      Object.defineProperties(film, { duration: { value: 10 }, currentTime: { value: 6 }, currentSrc: { value: `https://films.example/${encodeURIComponent(text)}.webm?x=${encodeURIComponent(text)}` } });
      for (const name of ['play', 'timeupdate']) film.dispatchEvent(new Event(name));
      // What counts how much was played is brought by the first sign of it.
      setTimeout(() => film.dispatchEvent(new Event('timeupdate')), 1_000);
      document.body.append(Object.assign(document.createElement('p'), { textContent: text }));
      dispatchEvent(new ErrorEvent('error', { message: text, filename: `https://a.example/${encodeURIComponent(text)}.js?${encodeURIComponent(text)}`, lineno: 1 }));
      Promise.reject(new Error(text));
      history.pushState(null, '', `?b=${encodeURIComponent(text)}#/s/${encodeURIComponent(text)}`);
    }, secret(35));
    await until('the film counts', async () => (await captured(visitor, tab)).some((message) => message.event === 'Video Progressed'));
    // It was all seen: what it was about is there, what must not is not.
    const seen = new Set((await captured(visitor, tab)).map((message) => (message.event || message.type).split(' p')[0]));
    for (const name of ['page', 'Link Clicked', 'Button Clicked', 'Form Started', 'Form Submitted', 'Site Searched', 'Video Progressed']) assert.ok(seen.has(name), `${name} among ${[...seen]}`);
    assert.deepEqual(traces(await everything(tab)), []);
  }
  await until('an error was told', async () => (await properties(visitor, tab, 'Error Occurred')).length > 0);
  assert.ok(JSON.stringify(await captured(visitor, tab)).includes('gclid=Ab1'));
  assert.deepEqual((await properties(visitor, tab, 'Link Clicked')).filter((each) => each.text?.startsWith('zichtbaar')).map((each) => each.text), ['zichtbaar', 'zichtbaar']);
  await tab.goto('about:blank');
  await until('it is sent', () => visitor.proxy.batches.length > 0);
  await pause(300);
  assert.deepEqual(traces(await everything()), []);
});

test('nor with the page view that the loader sends when somebody is gone at once', async () => {
  const twice = encodeURIComponent(IN_ADDRESS(3));
  const path = `/p/${IN_ADDRESS(1)}`;
  visitor = await shop.visitor({ pages: { '/een/': html('een'), [path]: html('weg') } });
  const page = await visitor.open(`${visitor.origin}/een/`);
  await stateOf(page);
  await until('the visitor is known', async () => (await visitor.kept(page)).cookies.length > 0);
  const before = visitor.proxy.messages.length;
  visitor.proxy.fail = (request) => /fg-\w+\.js/.test(request.path) && 'silence';
  for (const query of [`?x=${IN_ADDRESS(2)}`, `?next=${twice}`, '?m=p4%2540example.nl', '?t=%2B31623450005', '?t=+31%206%202345%200006', '?i=NL91ABNA0417164300', '?c=4111111111111111',
    '?gclid=Cj0KCQjw1OmoBhDXARIsAAAYGSEb0123987654-0Zk_wcB&msclkid=1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d']) {
    await page.evaluate(() => performance.clearResourceTimings());
    await page.goto(`${visitor.origin}${path}${query}`, { waitUntil: 'commit', referer: `${visitor.origin}/van/${IN_ADDRESS(7)}` });
    await page.waitForFunction(() => window.firstglance?.q?.fg);
    await pause(150);
  }
  await page.goto('about:blank');
  const sent = await until('the page views leave', () => {
    const views = visitor.proxy.messages.slice(before).filter((message) => /p[/]|redacted/.test(message.properties.path ?? ''));
    return views.length >= 8 && views;
  });
  assert.deepEqual(traces(visitor.proxy.batches.map((each) => each.body).join('\n')), []);
  assert.ok(sent.some((message) => message.properties.url.endsWith('?gclid=Cj0KCQjw1OmoBhDXARIsAAAYGSEb0123987654-0Zk_wcB&msclkid=1a2b3c4d5e6f1a2b3c4d5e6f1a2b3c4d')), JSON.stringify(sent.at(-1)));
});

describe('consent', () => {
  const CHOICE = 'fg:demo-fietsen:consent';
  const choose = (page, choice) => page.evaluate((name) => window.firstglance('consent', name), choice);
  const keys = (page) => page.evaluate(() => Object.keys(localStorage).map((key) => key.split(':').slice(2).join(':')).sort());
  const STATES = ['granted', 'segments', 'session', 'denied'];

  for (const from of STATES) {
    for (const to of STATES.filter((state) => state !== from)) {
      test(`from ${from} to ${to}: what waited, and what would if the page crashed, is gone; what follows is as ${to} has it`, async () => {
        visitor = await shop.visitor({ clock: true, pages: { '/een/': html('<div style="height:3000px">Lang</div>', { attributes: { 'data-consent': from } }) } });
        visitor.proxy.fail = (request) => request.path === '/v1/batch' && { status: 503 };
        const page = await visitor.open(`${visitor.origin}/een/`);
        await stateOf(page);
        await page.mouse.move(50, 50);
        await page.evaluate(() => window.firstglance('track', 'Former', { a: 1 }));
        await page.clock.runFor(7_000);
        const before = await keys(page);
        if (from === 'granted') assert.ok(before.some((key) => key.startsWith('e:')) && before.some((key) => key.startsWith('q:')), before.join());
        if (from !== 'granted') assert.deepEqual(before.filter((key) => key.startsWith('e:')), []);
        if (from === 'session' || from === 'denied') assert.deepEqual(before, []);
        await choose(page, to);
        const after_ = await keys(page);
        if (to === 'session' || to === 'denied') assert.deepEqual(after_, ['consent']);
        assert.deepEqual(after_.filter((key) => key.startsWith('e:')), []);
        visitor.proxy.fail = null;
        const mark = visitor.proxy.batches.length;
        await page.evaluate(() => window.firstglance('track', 'Later'));
        await page.mouse.move(70, 50);
        for (let time = 0; time < 3; time++) {
          await page.clock.runFor(5_000);
          await page.mouse.move(70 + time, 60);
          await page.clock.fastForward(10_000);
        }
        if (to !== 'denied' && to !== 'segments') await until('what follows leaves', () => visitor.proxy.batches.length > mark);
        await page.goto('about:blank');
        await pause(150);
        const sent = visitor.proxy.batches.slice(mark).flatMap((request) => JSON.parse(request.body).batch).map((message) => message.event || message.type);
        const former = from === 'session' && to === 'granted';
        assert.equal(sent.includes('Former'), former, `the former, among ${sent}`);
        assert.equal(sent.includes('Later'), to === 'granted' || to === 'session', `the later, among ${sent}`);
        if (to === 'denied') assert.deepEqual(sent, []);
        if (to === 'segments') assert.deepEqual(sent.filter((event) => event !== 'Segments Derived'), []);
        if (to === 'granted') assert.ok(sent.includes('page'), 'the page is heard of');
        for (const request of visitor.proxy.batches.slice(mark)) assert.equal(JSON.parse(request.body).consent, to);
      });
    }
  }

  test('not known yet: not a byte leaves, and not a name is kept', async () => {
    visitor = await shop.visitor({ pages: { '/een/': html('<button>x</button>', { attributes: { 'data-consent': 'google' } }) } });
    const page = await visitor.open(`${visitor.origin}/een/?utm_source=x`);
    await stateOf(page).catch(() => {});
    await page.getByRole('button').click();
    await page.evaluate(() => window.firstglance('track', 'Early'));
    await pause(1_000);
    assert.deepEqual(await visitor.kept(page), { local: [], session: [], databases: [], caches: [], cookies: [] });
    assert.deepEqual(visitor.proxy.batches, []);
    await choose(page, 'granted');
    await until('it was only kept back', async () => (await captured(visitor, page)).some((message) => message.event === 'Early'));
    assert.deepEqual((await captured(visitor, page)).map((message) => message.event || message.type).filter((name) => name !== 'Page Engaged').sort(), ['Button Clicked', 'Early', 'page']);
    assert.ok((await page.evaluate((name) => localStorage.getItem(name), CHOICE)) === 'granted');
  });

  const GTAG = 'window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments) }';
  for (const [when, early] of [['before', true], ['after', false]]) {
    test(`Google Consent Mode, said ${when} the script is there: denied, then granted, then denied`, async () => {
      const head = `<script>${GTAG}; gtag('js', new Date()); gtag('consent', 'default', { ad_storage: 'granted', analytics_storage: 'denied' });</script>`;
      visitor = await shop.visitor({ pages: { '/een/': html('een', { head: early ? head : '', attributes: { 'data-consent': 'google' } }) } });
      const page = await visitor.open(`${visitor.origin}/een/`);
      if (!early) {
        await pause(1_500);
        await page.addScriptTag({ content: `${GTAG}; gtag('consent', 'default', { analytics_storage: 'denied' });` });
      }
      await until('it is denied', async () => (await stateOf(page)).consent === 'denied');
      assert.deepEqual((await visitor.kept(page)).local, []);
      await page.evaluate(() => gtag('consent', 'update', { ad_storage: 'granted' }));
      await page.evaluate(() => gtag('consent', 'update', { analytics_storage: 'granted' }));
      await until('it is granted', async () => (await stateOf(page)).consent === 'granted');
      assert.deepEqual((await captured(visitor, page)).map((message) => message.event || message.type), ['page']);
      assert.ok(await page.evaluate(() => dataLayer.length) >= 3, 'the layer keeps what it is given');
      await page.evaluate(() => gtag('consent', 'update', { analytics_storage: 'denied' }));
      await until('it is denied again', async () => (await stateOf(page)).consent === 'denied');
      assert.deepEqual((await visitor.kept(page)).local, []);
      visitor.assertNoErrors();
    });
  }

  test('the IAB’s framework, from a platform that comes late', async () => {
    visitor = await shop.visitor({ pages: { '/een/': html('een', { attributes: { 'data-consent': 'tcf' } }) } });
    const page = await visitor.open(`${visitor.origin}/een/`);
    await pause(1_200);
    await page.evaluate(() => {
      let listener;
      window.__tcfapi = (command, version, callback) => {
        if (command === 'addEventListener' && version === 2) (listener = callback)({ eventStatus: 'cmpuishown', purpose: { consents: { 1: true, 8: true } } }, true);
      };
      window.say = (consents, legitimateInterests, more) => listener({ eventStatus: 'useractioncomplete', gdprApplies: true, purpose: { consents, legitimateInterests }, ...more }, true);
    });
    await page.waitForFunction(() => { try { window.say({}, {}, { eventStatus: 'cmpuishown' }); return true; } catch { return false; } });
    assert.deepEqual([visitor.proxy.batches.length, (await visitor.kept(page)).local], [0, []]);
    for (const [consents, interests, more, wanted] of [
      [{ 1: true, 8: true }, {}, {}, 'granted'],
      [{ 1: true, 5: true }, {}, {}, 'segments'],
      [{ 8: true }, {}, {}, 'session'],
      [{}, { 8: true }, {}, 'session'],
      [{ 5: true }, { 1: true }, {}, 'denied'],
      [{ 1: true }, { 8: true }, {}, 'granted'],
      [{}, {}, {}, 'denied'],
      [{}, {}, { gdprApplies: false }, 'granted'],
    ]) {
      await page.evaluate((given) => window.say(...given), [consents, interests, more]);
      await until(`${JSON.stringify([consents, interests, more])} is ${wanted}`, async () => (await stateOf(page)).consent === wanted);
    }
    visitor.assertNoErrors();
  });

  test('without cookies: events are sent, and nothing is kept', async () => {
    visitor = await shop.visitor({ pages: { '/een/': html('een', { attributes: { 'data-consent': 'granted', 'data-cookieless': '1' } }) } });
    const page = await visitor.open(`${visitor.origin}/een/`);
    await stateOf(page);
    await page.evaluate(() => window.firstglance('track', 'Seen'));
    await page.goto('about:blank');
    await until('it is sent', () => visitor.proxy.messages.some((message) => message.event === 'Seen'));
    for (const request of visitor.proxy.batches) assert.equal(JSON.parse(request.body).cookieless, true);
    await page.goto(`${visitor.origin}/een/`);
    await stateOf(page);
    assert.deepEqual(await visitor.kept(page), { local: [], session: [], databases: [], caches: [], cookies: [] });
  });
});

describe('forget', () => {
  test('erases here, and at the collector; asked again where it did not answer, also by the next page', async () => {
    visitor = await shop.visitor({ pages: { '/een/': html('een'), '/twee/': html('twee') } });
    const page = await visitor.open(`${visitor.origin}/een/`);
    const { visitor: id } = await stateOf(page);
    await until('the visitor is stored', async () => (await shop.admin.profile(id))?.pageViews === 1);
    visitor.proxy.fail = (request) => request.path === '/v1/forget' && { status: 503 };
    await page.evaluate(() => window.firstglance('forget'));
    await until('the collector is asked', () => visitor.proxy.api.some((each) => each.path === '/v1/forget'));
    const kept = await page.evaluate(() => Object.entries(localStorage).filter(([, value]) => value).map(([key, value]) => [key.split(':')[2], value]));
    assert.deepEqual(kept.filter(([name, value]) => value.includes(id) && name !== 'erase'), []);
    assert.ok(await shop.admin.profile(id), 'it is not erased yet');
    visitor.proxy.fail = null;
    await page.goto(`${visitor.origin}/twee/`);
    await until('it is erased', async () => !(await shop.admin.profile(id)));
    await until('the name is gone here as well', () => page.evaluate((former) => !JSON.stringify(Object.entries(localStorage)).includes(former), id));
    const { visitor: other } = await stateOf(page);
    assert.notEqual(other, id);
    await until('somebody new goes on', async () => (await shop.admin.profile(other))?.pageViews >= 1).catch((error) => {
      throw new Error(`${error.message}: ${other} ${JSON.stringify(visitor.proxy.api.slice(-6))}`);
    });
  });
});

test('the tag is written once', () => assert.match(tag({ 'data-x': '1' }), /^<script async="" src="\/fg.js" data-site="[\w-]+" data-x="1"><\/script>$/));

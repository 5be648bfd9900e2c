/*
 * Clicks of every kind, searches, forms and media, on one small page each.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { stateOf, until } from './lib/browser.mjs';
import { captured, html, properties } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

async function open(body, options) {
  visitor = await shop.visitor({ pages: { '/proef/': html(body, options) }, ...options });
  const page = await visitor.open(`${visitor.origin}/proef/${options?.query ?? ''}`);
  await stateOf(page);
  return page;
}
const plain = (all) => all.map((each) => Object.fromEntries(Object.entries(each).filter(([, value]) => value != null && !(value.length === 0))));

describe('clicks', () => {
  const BODY = `<main data-fg-topic="Pagina">
    <a id="intern" href="/e-bikes/?kleur=rood#deel">  Alle   e-bikes </a> <a id="leeg" href="/x/" aria-label="Naar x"><img alt="" width="9" height="9"></a>
    <a id="buiten" href="https://elders.example/pad">Elders</a> <a id="bestand" href="/gids.PDF?v=1">Gids</a>
    <a id="ophalen" href="/lijst" download>Lijst</a> <a id="post" href="mailto:iemand@example.nl">Mail ons</a> <a id="bel" href="tel:+31201234567">020-1234567</a>
    <a id="naam" href="javascript:void 0">Niets</a> <svg width="40" height="20"><a id="vector" href="/vector/"><text y="15">Vector</text></a></svg>
    <button id="knop" name="actie">Bestel <b>nu</b></button> <input id="verstuur" type="submit" value="geheime waarde" aria-label="Verstuur">
    <div id="rol" role="button" tabindex="0">Open</div> <div id="rol2" role="button" tabindex="0" onkeydown="if (event.key == 'Enter') this.click()">Zelf</div>
    <section data-fg-topic="Helmen"><a id="kaart" href="/helm/">Helm</a></section>
    <div id="doel" data-fg-track="Plan Chosen" data-fg-prop-plan="basis" data-fg-prop-price-level="3" data-fg-topic="Prijzen" tabindex="0"><span>Kies</span></div>
    <a id="lang" href="/lang/">${'heel lang '.repeat(30)}</a> <p id="tekst">Alleen tekst</p>
    <details><summary id="meer">Meer</summary>x</details><div id="gastheer"></div></main>
    <script>
      const root = document.querySelector('#gastheer').attachShadow({ mode: 'open' });
      root.innerHTML = '<div></div>'; const inner = root.firstChild.attachShadow({ mode: 'open' });
      inner.innerHTML = '<button id="binnen">Diep binnen</button>';
      addEventListener('click', (event) => { if (event.composedPath().some((node) => node.localName == 'a')) event.preventDefault(); });
    </script>`;

  test('what kind, where to, which text, about what', async () => {
    const page = await open(BODY);
    for (const id of ['intern', 'leeg', 'buiten', 'bestand', 'ophalen', 'post', 'bel', 'naam', 'vector', 'kaart', 'lang', 'tekst']) await page.locator(`#${id}`).click();
    await page.locator('#intern').click({ button: 'middle' });
    await page.locator('#intern').click({ button: 'right' });
    const { origin } = visitor;
    assert.deepEqual(plain(await properties(visitor, page, 'Link Clicked')), [
      { text: 'Alle e-bikes', kind: 'internal', href: `${origin}/e-bikes/?kleur=rood#deel` },
      { text: 'Naar x', kind: 'internal', href: `${origin}/x/` },
      { text: 'Elders', kind: 'outbound', href: 'https://elders.example/pad' },
      { text: 'Gids', kind: 'download', href: `${origin}/gids.PDF?v=1`, extension: 'pdf' },
      { text: 'Lijst', kind: 'download', href: `${origin}/lijst` },
      { text: 'Mail ons', kind: 'mailto' },
      { text: '[redacted]', kind: 'tel' },
      { text: 'Vector', kind: 'internal', href: `${origin}/vector/` },
      { text: 'Helm', topics: ['Helmen'], kind: 'internal', href: `${origin}/helm/` },
      { text: 'heel lang '.repeat(8), kind: 'internal', href: `${origin}/lang/` },
      { text: 'Alle e-bikes', kind: 'internal', href: `${origin}/e-bikes/?kleur=rood#deel` },
    ]);
    visitor.assertNoErrors();
  });

  test('buttons, by the mouse and the keyboard, also deep in shadow trees', async () => {
    const page = await open(BODY);
    for (const id of ['knop', 'verstuur', 'meer', 'binnen']) await page.locator(`#${id}`).click();
    for (const id of ['rol', 'rol2', 'knop', 'binnen', 'rol', 'knop']) {
      await page.locator(`#${id}`).press('Enter');
      await page.waitForTimeout(20);
    }
    await page.locator('#rol').press('a');
    await page.waitForTimeout(50);
    const clicks = plain(await properties(visitor, page, 'Button Clicked')).map(({ dead, ...rest }) => rest);
    assert.deepEqual(clicks, [
      { text: 'Bestel nu', id: 'knop', name: 'actie' },
      { text: 'Verstuur', id: 'verstuur' },
      { text: 'Meer', id: 'meer' },
      { text: 'Diep binnen', id: 'binnen' },
      { text: 'Open', id: 'rol', keyboard: true },
      { text: 'Zelf', id: 'rol2' },
      { text: 'Bestel nu', id: 'knop', name: 'actie', keyboard: true },
      { text: 'Diep binnen', id: 'binnen', keyboard: true },
      { text: 'Open', id: 'rol', keyboard: true },
      { text: 'Bestel nu', id: 'knop', name: 'actie', keyboard: true },
    ]);
    assert.ok(!JSON.stringify(await captured(visitor, page)).includes('geheime waarde'));
  });

  test('what the page names itself has its properties and topics, and is no other click', async () => {
    const page = await open(BODY);
    await page.locator('#doel span').click();
    await page.locator('#doel').press('Enter');
    await page.waitForTimeout(50);
    const wanted = { plan: 'basis', 'price-level': '3', topics: ['Prijzen'] };
    assert.deepEqual(await properties(visitor, page, 'Plan Chosen'), [wanted, wanted]);
    assert.deepEqual(await properties(visitor, page, 'Button Clicked'), []);
  });

  test('three at one place in a second are angry; one that the page does not answer is dead', async () => {
    const page = await open(`<button id="dood">Niets</button><button id="levend" onclick="this.textContent = 'Dank'">Iets</button>
      <button id="laat" onclick="fetch('/readyz').then(() => document.body.append('klaar'))">Laat</button><button id="weg" onclick="history.pushState(null, '', '#x/y'); scrollTo(0, 9)">Weg</button>
      <div style="height:3000px"></div>`);
    for (const id of ['levend', 'laat', 'weg']) await page.locator(`#${id}`).click();
    await page.locator('#dood').click({ clickCount: 3 });
    await page.waitForTimeout(1_300);
    const clicks = await properties(visitor, page, 'Button Clicked');
    assert.deepEqual([...new Set(clicks.filter((each) => each.dead).map((each) => each.id))], ['dood']);
    assert.deepEqual(clicks.filter((each) => each.rage).map((each) => each.id), ['dood']);
    assert.equal(clicks.filter((each) => each.id === 'dood').length, 3);
  });
});

describe('searches', () => {
  const queries = async (page) => (await properties(visitor, page, 'Site Searched')).map(({ query, source, results }) => [query, source, ...(results == null ? [] : [results])]);

  test('by the address, by the names that the site has, once for all pages of results', async () => {
    const page = await open('', { attributes: { 'data-search': 'trefwoord,zoek%5Bterm%5D' } });
    visitor.proxy.pages['/proef/'] = html('<main data-fg-results="12">x</main>', { attributes: { 'data-search': 'trefwoord,zoek%5Bterm%5D' } });
    for (const query of ['?trefwoord=Speed+Pedelec', '?trefwoord=speed%20pedelec&page=2', '?q=iets', '?zoek%5Bterm%5D=accu', '?trefwoord=']) {
      await page.goto(`${visitor.origin}/proef/${query}`);
      await stateOf(page);
    }
    assert.deepEqual(await queries(page), [['Speed Pedelec', 'url', 12], ['accu', 'url', 12]]);
  });

  test('by a form, once with the page that it leads to', async () => {
    const page = await open('<form action="/proef/"><input type="search" name="q"><button>Zoek</button></form>');
    await page.locator('input').fill('bakfiets');
    await page.locator('input').press('Enter');
    await page.waitForURL('**q=bakfiets');
    await stateOf(page);
    assert.deepEqual(await queries(page), [['bakfiets', 'form']]);
    assert.deepEqual(await properties(visitor, page, 'Form Submitted'), []);
  });

  for (const [what, box] of [
    ['role="search"', '<div role="search"><input type="text" name="zomaar"></div>'],
    ['data-fg-search', '<div data-fg-search><input name="zomaar"></div>'],
    ['a form without an address', '<form role="search" onsubmit="return false"><input type="search" name="zomaar"></form>'],
  ]) {
    test(`by typing, in ${what}: what one ends with is the search, and its refinement the same`, async () => {
      const page = await open(`${box}<input id="naam" name="naam"><p data-fg-results="3">3</p>`, { clock: true });
      const input = page.locator('[name=zomaar]');
      await input.pressSequentially('fiet');
      await page.clock.runFor(12_000);
      await input.pressSequentially('stas');
      await page.locator('#naam').pressSequentially('Jan Geheim');
      await input.fill('he');
      await page.locator('#naam').focus();
      await input.fill('helm');
      await page.evaluate(() => history.pushState(null, '', '/proef/helm'));
      await page.clock.runFor(2_000);
      assert.deepEqual(await queries(page), [['fiet', 'typed', 3], ['helm', 'typed', 3]]);
      assert.ok(!JSON.stringify(await captured(visitor, page)).includes('Geheim'));
    });
  }
});

describe('forms', () => {
  const BODY = `<form id="contact" action="/verstuur"><input name="naam"><input name="email"><textarea name="bericht"></textarea><select name="keuze"><option>een<option>twee</select><button>Ga</button></form>
    <form name="tweede"><input id="veld"></form><div style="height:3000px"></div><form action="/onder/?x=1"><input type="checkbox" name="ja"></form><form data-fg-private id="geheimformulier"><input name="p"></form>
    <script>addEventListener('submit', (event) => event.preventDefault())</script>`;
  const forms = async (page) => (await captured(visitor, page)).filter((message) => /^Form/.test(message.event))
    .map(({ event, properties: { form, field, fields } }) => [event, form, ...(field ? [field] : []), ...(fields ? [fields] : [])]);

  test('seen, begun, submitted, given up: by name, and no value', async () => {
    const page = await open(BODY, { clock: true });
    await page.clock.runFor(1_500);
    await page.waitForTimeout(100);
    await page.locator('#contact [name=naam]').pressSequentially('Jan Geheim');
    await page.locator('#contact [name=email]').fill('geheim@example.nl');
    await page.locator('#contact [name=keuze]').selectOption('twee');
    await page.locator('#contact button').click();
    await page.locator('#geheimformulier input').fill('geheim');
    await page.locator('#veld').fill('geheim');
    await page.mouse.move(5, 5);
    await page.evaluate(() => scrollTo(0, 5000));
    await page.clock.runFor(1_500);
    await page.waitForTimeout(100);
    await page.locator('[name=ja]').check();
    await page.evaluate(() => history.pushState(null, '', '/verder/'));
    await page.clock.runFor(1_500);
    const all = await forms(page);
    const viewed = all.filter(([event]) => event === 'Form Viewed').map(([, form]) => form);
    assert.deepEqual(viewed.filter((form, place) => viewed.indexOf(form) === place).sort(), ['/onder/', 'contact', 'tweede']);
    // What happens in the same millisecond has no order.
    assert.deepEqual(all.filter(([event]) => event !== 'Form Viewed').sort(), [
      ['Form Abandoned', '/onder/', 'ja', 1],
      ['Form Abandoned', 'tweede', 'veld', 1],
      ['Form Started', '/onder/', 'ja'],
      ['Form Started', 'contact', 'naam'],
      ['Form Started', 'tweede', 'veld'],
      ['Form Submitted', 'contact'],
    ]);
    assert.ok(!/geheim/i.test(JSON.stringify(await captured(visitor, page)).replaceAll('geheimformulier', '!')));
    assert.ok(!JSON.stringify(await captured(visitor, page)).includes('geheimformulier'));
  });

  test('given up with the page, and not at all where the site does not want it', async () => {
    const page = await open(BODY);
    await until('forms are watched', async () => (await forms(page)).length > 0);
    await page.locator('#contact [name=naam]').fill('x');
    await page.locator('#contact [name=email]').fill('y');
    await page.goto('about:blank');
    const [given] = await until('it leaves', () => {
      const found = visitor.proxy.messages.filter((message) => message.event === 'Form Abandoned');
      return found.length && found;
    });
    assert.deepEqual([given.properties.form, given.properties.field, given.properties.fields], ['contact', 'email', 2]);
    await visitor.leave();
    const other = await open(BODY, { attributes: { 'data-forms': '0' } });
    await other.locator('#contact [name=naam]').fill('x');
    await other.locator('#contact button').click();
    assert.deepEqual(await forms(other), []);
  });
});

describe('media', () => {
  /** A second of silence as a WAV file: 8000 samples of a byte. */
  const wave = () => {
    const header = Buffer.alloc(44);
    header.write('RIFF');
    header.writeUInt32LE(8036, 4);
    header.write('WAVEfmt ', 8);
    [16, 0x10001, 8000, 8000, 0x80001].forEach((value, place) => header.writeUInt32LE(value, 16 + 4 * place));
    header.write('data', 36);
    header.writeUInt32LE(8000, 40);
    return Buffer.concat([header, Buffer.alloc(8000, 128)]);
  };
  test('sound and pictures by quarters, each once; decoration never', async () => {
    const page = await open('<audio id="a" title="Stilte" src="/stilte.wav?token=geheim"></audio><video id="v" aria-label="Film"></video><video id="d" muted loop></video>');
    visitor.proxy.pages['/stilte.wav'] = { headers: { 'content-type': 'audio/wav' }, body: wave() };
    await page.evaluate(() => new Promise((resolve, reject) => {
      const sound = document.querySelector('#a');
      sound.muted = true;
      sound.load();
      sound.onended = () => setTimeout(resolve, 50);
      sound.onerror = () => reject(new Error('not played'));
      sound.play().catch(reject);
    }));
    // No encoder is here: the element says what a film would.
    await page.evaluate(() => {
      for (const [id, times] of [['v', [1, 30, 20, 55, 100, 100]], ['d', [60]]]) {
        const film = document.querySelector(`#${id}`);
        let at = 0;
        Object.defineProperties(film, { duration: { value: 100 }, currentSrc: { value: 'https://films.example/een.webm#t=1' }, currentTime: { get: () => at } });
        for (at of times) film.dispatchEvent(new Event('timeupdate'));
      }
    });
    const audio = await properties(visitor, page, 'Audio Progressed');
    assert.equal(audio.at(-1).percent, 100);
    assert.deepEqual(audio.map((each) => each.percent), [...new Set(audio.map((each) => each.percent))].sort((left, right) => left - right));
    assert.deepEqual({ ...audio.at(-1) }, { percent: 100, title: 'Stilte', seconds: 1, src: `${new URL(visitor.origin).host}/stilte.wav` });
    assert.deepEqual((await properties(visitor, page, 'Video Progressed')).map(({ percent, title, src }) => [percent, title, src]).sort((left, right) => left[0] - right[0]),
      [25, 50, 100].map((percent) => [percent, 'Film', 'films.example/een.webm']));
  });
});

test('the collector takes all of it', async () => {
  const page = await open('<form id="f"><input name="a"></form><button id="b">B</button><audio></audio>');
  const { visitor: id } = await stateOf(page);
  await page.locator('[name=a]').fill('x');
  await page.locator('#b').click();
  const before = (await captured(visitor, page)).length;
  await page.goto('about:blank');
  await until('all is stored', async () => (await shop.admin.timeline(id)).length > before);
});

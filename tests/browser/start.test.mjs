/*
 * What the tracker asks of the browser where every page pays for it: each of these is a message to
 * another process, a frame or a write, and costs a start more than most of its code.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { pause, stateOf, until } from './lib/browser.mjs';
import { html } from './lib/pages.mjs';
import { Shop } from './lib/shop.mjs';

let shop;
let visitor;
before(async () => {
  shop = await Shop.open();
});
afterEach(() => visitor?.leave());
after(() => shop?.close());

/** For the page: counts, and takes down what is written. */
const counting = () => {
  const counts = window.counts = { cookies: 0, frames: 0, sessions: 0, written: [] };
  const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(Document.prototype, 'cookie', {
    get() {
      counts.cookies++;
      return get.call(this);
    },
    set,
  });
  const { get: session } = Object.getOwnPropertyDescriptor(window, 'sessionStorage');
  Object.defineProperty(window, 'sessionStorage', {
    get() {
      counts.sessions++;
      return session.call(window);
    },
  });
  const { requestAnimationFrame } = window;
  window.requestAnimationFrame = (action) => {
    counts.frames++;
    return requestAnimationFrame(action);
  };
  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (name, value) {
    counts.written.push(name.split(':')[2]);
    return setItem.call(this, name, value);
  };
};

const PLAIN = '<main><h1>Een fiets</h1><p id="more">Van de zaak</p></main>';

async function arrive() {
  visitor = await shop.visitor({ pages: { '/een/': html(PLAIN), '/twee/': html(PLAIN) }, init: counting });
  const page = await visitor.open(`${visitor.origin}/een/`);
  await stateOf(page);
  const counts = () => page.evaluate(() => window.counts);
  return { page, counts };
}

test('a start reads the cookies once, opens no second storage, and waits for one frame', async () => {
  const { page, counts } = await arrive();
  await until('its page view has left', () => visitor.proxy.messages.some(({ type }) => type === 'page'));
  const { cookies, frames, sessions } = await counts();
  assert.deepEqual({ cookies, frames, sessions }, { cookies: 1, frames: 1, sessions: 0 });
  // The visitor's name is known on the next one, and so are the site's model and options.
  await page.goto(`${visitor.origin}/twee/`);
  await stateOf(page);
  const next = await counts();
  assert.equal(next.cookies, 0);
  assert.equal(next.sessions, 0);
  assert.deepEqual(next.written.filter((name) => /^(model|options|default)$/.test(name)), []);
  visitor.assertNoErrors();
});

test('what a page adds is worked out again only where it asks to be adapted', async () => {
  const { page, counts } = await arrive();
  await pause(500);
  const before = (await counts()).frames;
  const add = (markup) => page.evaluate((text) => document.querySelector('#more').insertAdjacentHTML('beforeend', text), markup);
  await add('<b>en meer</b>');
  await pause(600);
  assert.equal((await counts()).frames, before);
  await add('<i id="stage" data-fg-adapt="now" data-fg-text="stage">?</i>');
  await until('it is adapted', async () => (await page.locator('#stage').textContent()) !== '?');
  visitor.assertNoErrors();
});

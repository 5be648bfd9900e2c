/*
 * The published libraries against the real collector. What is compared is what each library put on
 * the wire, as a proxy saw it, with what the admin API shows: the collector must keep all of it.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { launch, until, Visitor } from '../browser/lib/browser.mjs';
import { Collector, WRITE_KEY } from '../browser/lib/collector.mjs';
import { Proxy } from '../browser/lib/proxy.mjs';

const SDKS = process.env.FIRSTGLANCE_SDKS;
const require = createRequire(join(SDKS, 'package.json'));
const TYPES = ['alias', 'group', 'identify', 'page', 'screen', 'track'];
const COMMON = {
  context: { app: { name: 'ours' }, Ünïcode: [1, 2.5, { deep: null }], traits: { plan: 'gold' } },
  integrations: { All: false, Amplitude: { sessionId: 7 } },
};

let collector;
let pages;
let browser;

before(async () => {
  const umd = join(SDKS, 'node_modules/@segment/analytics-next/dist/umd');
  pages = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://host').pathname;
    const script = path.endsWith('.js') && await readFile(join(umd, path.split('/').at(-1))).catch(() => null);
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
    response.end(script || '<!doctype html><title>Shop</title><link rel="icon" href="data:,"><script src="/index.js"></script>');
  }).listen(0, '127.0.0.1');
  await once(pages, 'listening');
  // Another port is another origin, as it is for everybody who moves from Segment.
  pages.origin = `http://127.0.0.1:${pages.address().port}`;
  [collector, browser] = await Promise.all([Collector.start({ origins: [pages.origin] }), launch()]);
});

after(async () => {
  await browser?.close();
  await collector?.remove();
  pages?.close();
});

/** Runs a sender through a proxy that answers the first requests with messages by 503. */
async function through(failures, send) {
  const proxy = await Proxy.start(collector.origin);
  let left = failures;
  proxy.fail = (request) => (request.method === 'POST' && left > 0 && left-- && { status: 503, headers: {
    // What a browser must see for the script to see the status.
    'access-control-allow-origin': request.headers.origin ?? '*', 'access-control-allow-credentials': 'true',
  } });
  try {
    await send(proxy);
    assert.equal(left, 0, 'the library never met the failures');
    return proxy.requests.filter((request) => request.method === 'POST');
  } finally {
    await proxy.stop();
  }
}

/** Messages of requests, by their id; each as it was sent last. */
function sent(requests) {
  const messages = new Map();
  for (const { body } of requests) {
    const read = JSON.parse(body);
    for (const message of read.batch ?? [read]) messages.set(message.messageId, message);
  }
  return messages;
}

/** What is stored of the messages that somebody sent, all visitors together. */
async function stored(messages) {
  return (await collector.admin.everything()).filter((event) => messages.has(event.messageId));
}

/** Holds what is stored against what was sent. */
async function compare(requests, count) {
  const messages = sent(requests);
  assert.equal(messages.size, count, 'messages on the wire');
  assert.deepEqual([...new Set([...messages.values()].map((message) => message.type))].sort(), TYPES);
  const events = await stored(messages);
  assert.deepEqual(events.map((event) => event.messageId).sort(), [...messages.keys()].sort(), 'each exactly once');
  for (const event of events) assert.deepEqual(event.message, messages.get(event.messageId));
  const answers = requests.filter((request) => request.status !== 503).map((request) => request.status);
  assert.ok(answers.length > 0 && answers.every((status) => status === 200), `answers ${answers}`);
  return messages;
}

for (const failures of [0, 2]) {
  test(`@segment/analytics-node, ${failures} failures`, async () => {
    const { Analytics } = require('@segment/analytics-node');
    const requests = await through(failures, async (proxy) => {
      const analytics = new Analytics({ writeKey: WRITE_KEY, host: proxy.origin, flushAt: 4, flushInterval: 100 });
      const lost = [];
      analytics.on('error', (error) => lost.push(error));
      const who = { anonymousId: `node-${failures}`, ...COMMON };
      analytics.identify({ ...who, userId: `node-user-${failures}`, traits: { name: 'Jo', height: 1.8 } });
      analytics.track({ ...who, event: 'Order Completed', properties: { total: 9.5, items: [{ id: 'a' }] } });
      analytics.page({ ...who, category: 'Shop', name: 'Home', properties: { path: '/' } });
      analytics.screen({ ...who, name: 'Start', properties: { width: 3 } });
      analytics.group({ ...who, groupId: 'company-1', traits: { size: 12 } });
      analytics.alias({ userId: `node-user-${failures}`, previousId: `node-${failures}`, ...COMMON });
      analytics.track({ userId: `node-only-${failures}`, event: 'Long Ago', timestamp: new Date('2024-02-29T12:00:00.123Z') });
      analytics.track({ ...who, event: 'Named', messageId: `node-given-${failures}` });
      await analytics.closeAndFlush({ timeout: 30_000 });
      assert.deepEqual(lost, []);
    });
    const messages = await compare(requests, 8);
    assert.ok(messages.has(`node-given-${failures}`));
  });

  test(`@rudderstack/rudder-sdk-node, ${failures} failures`, async () => {
    const Rudder = require('@rudderstack/rudder-sdk-node');
    const requests = await through(failures, async (proxy) => {
      const analytics = new Rudder(WRITE_KEY, {
        dataPlaneUrl: proxy.origin, gzip: failures === 0, flushAt: 4, flushInterval: 100, logLevel: 'none',
      });
      const who = { anonymousId: `rudder-${failures}`, ...COMMON };
      const user = `rudder-user-${failures}`;
      const calls = [
        ['identify', { ...who, userId: user, traits: { name: 'Jo', height: 1.8 } }],
        ['track', { ...who, event: 'Order Completed', properties: { total: 9.5, items: [{ id: 'a' }] } }],
        ['page', { ...who, category: 'Shop', name: 'Home', properties: { path: '/' } }],
        ['screen', { ...who, name: 'Start', properties: { width: 3 } }],
        ['group', { ...who, groupId: 'company-1', traits: { size: 12 } }],
        ['alias', { userId: user, previousId: `rudder-${failures}`, ...COMMON }],
        ['track', { userId: user, event: 'Long Ago', timestamp: new Date('2024-02-29T12:00:00.123Z') }],
      ];
      await Promise.all(calls.map(([type, message]) => new Promise((resolve, reject) => {
        analytics[type](message, (error) => (error ? reject(error) : resolve()));
      })));
      await analytics.flush();
    });
    await compare(requests, 7);
    assert.equal(requests[0].headers['content-encoding'], failures === 0 ? 'gzip' : undefined);
  });

  test(`segment-analytics-python, ${failures} failures`, async () => {
    const packing = failures === 0 ? 'plain' : 'gzip';
    const program = join(SDKS, process.platform === 'win32' ? 'python/Scripts/python.exe' : 'python/bin/python');
    const script = fileURLToPath(new URL('send.py', import.meta.url));
    const requests = await through(failures, (proxy) => promisify(execFile)(
      program, [script, proxy.origin, WRITE_KEY, `python-${failures}`, packing], { timeout: 60_000 },
    ));
    const messages = await compare(requests, 12);
    assert.ok(messages.has(`given-python-${failures}`));
    assert.equal(requests[0].headers['content-encoding'], failures === 0 ? undefined : 'gzip');
  });

  for (const strategy of ['standard', 'batching']) {
    test(`@segment/analytics-next, ${strategy}, ${failures} failures`, async () => {
      const visitor = await Visitor.arrive(browser);
      const requests = await through(failures, async (proxy) => {
        const page = await visitor.open(`${pages.origin}/?utm_source=letter`);
        await page.evaluate(async ({ writeKey, cdnURL, strategy, common }) => {
          const config = strategy === 'batching' ? { size: 3, timeout: 200 } : {};
          const deliveryStrategy = { strategy, config };
          const [analytics] = await window.AnalyticsNext.AnalyticsBrowser.load(
            { writeKey, cdnURL }, { integrations: { 'Segment.io': { deliveryStrategy } } },
          );
          // A failure is met by one message first, so that the others do not wait for its pause.
          await analytics.track('Order Completed', { total: 9.5, items: [{ id: 'a' }] }, common);
          await Promise.all([
            analytics.identify('next-user', { name: 'Jo', height: 1.8 }, common),
            analytics.page('Shop', 'Home', { colour: 'red' }, common),
            analytics.screen('App', 'Start', { width: 3 }, common),
            analytics.group('company-1', { size: 12 }, common),
            analytics.alias('next-other', 'next-user', common),
          ]);
        }, { writeKey: WRITE_KEY, cdnURL: proxy.origin, strategy, common: COMMON });
        await until('all six are taken', async () => {
          const done = proxy.requests.filter((request) => request.method === 'POST' && request.status === 200);
          return sent(done).size === 6;
        }, 30_000);
      });
      const paths = new Set(requests.map((request) => request.path));
      assert.deepEqual([...paths].sort(), strategy === 'batching' ? ['/v1/b'] : TYPES.map((type) => `/v1/${type[0]}`));
      // The last request of a message is the one that was taken.
      const messages = await compare(requests, 6);
      const order = [...messages.values()].find((message) => message.event === 'Order Completed');
      assert.equal(order.context.campaign.source, 'letter');
      assert.deepEqual(visitor.outside, [], 'nothing goes to Segment');
      await visitor.leave();
    });
  }
}

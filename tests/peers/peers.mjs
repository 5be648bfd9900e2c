/*
 * The other trackers: what of their packages a page loads, how a page starts them against an
 * endpoint on this machine, and what they send. Each runs as its package ships it and with the
 * settings it has by itself, but for its endpoint and for what would keep it from a loopback
 * address or a driven browser. Never fetches anything: `cargo xtask` has installed the packages.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { build, transform } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The folder with `node_modules` of `package-lock.json` here. */
export const FOLDER = process.env.FIRSTGLANCE_PEERS || join(process.env.CARGO_TARGET_DIR || join(ROOT, 'target'), 'peers');

/** Resolves a module as the packages of the peers do. */
export const peerRequire = createRequire(join(FOLDER, 'package.json'));

const packaged = (path) => readFile(join(FOLDER, 'node_modules', path), 'utf8');

/** What a package offers to bundlers, as one classic script that makes it a global. */
async function bundled(name, globalName) {
  const { outputFiles } = await build({
    stdin: { contents: `export * from '${name}'`, resolveDir: FOLDER },
    bundle: true, minify: true, write: false, format: 'iife', globalName, target: 'es2020', logLevel: 'error',
  });
  return outputFiles[0].text;
}

const minified = async (text) => (await transform(text, { minify: true, target: 'es2020' })).code;

/** A script that is fetched as its makers advise, and what starts it once it is there. Calls made
 * before wait in `peerQueue`. */
const asynchronous = (src, start, before = '') => `<script>
window.peerQueue = [];
window.peerTrack = function (name) { window.peerQueue.push(name); };
window.peerStarted = function (track) {
  window.peerTrack = track;
  window.peerReady = true;
  window.peerQueue.splice(0).forEach(function (name) { track(name); });
};
${before}
window.peerStart = function () { ${start} };
</script>
<script async src="${src}" onload="peerStart()"></script>`;

const text = (value) => JSON.stringify(value);

/** What PostHog sends: JSON, compressed or not, or in base 64 as a form's field. */
function postHogBody({ body }) {
  if (body[0] === 0x1f && body[1] === 0x8b) return JSON.parse(gunzipSync(body).toString());
  const data = body.toString();
  return JSON.parse(data.startsWith('data=') ? Buffer.from(new URLSearchParams(data).get('data'), 'base64').toString() : data);
}

const json = (value) => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });

/**
 * One entry a peer:
 *
 * - `id`, `name`, `packageName`;
 * - `files()`: what is served, name → text; the first is what the page loads;
 * - `snippet({base, endpoint})`: HTML that loads it from the folder `base` (an address that ends in
 *   a slash) and starts it against `endpoint` (an origin). It sets `window.peerReady` once calls go
 *   to the tracker itself;
 * - `answer(request)`: what its server would answer, where "200 {}" is not enough;
 * - `routes`: whether it sees by itself that a page in the browser's history was entered;
 * - `decode(request)`, for the four of the loss suite: the events in a request, as
 *   `{name, url, id}`; `name` is `page` for a page view; `id` is by what its server knows a
 *   repeated event again, absent where it does not.
 *
 * `window.peerTrack(name)` sends an event, and is there from the snippet on. A request is
 * `{method, path, query, headers, body}`, with `body` as a Buffer.
 */
export const PEERS = [
  {
    id: 'plausible',
    name: 'Plausible',
    packageName: '@plausible-analytics/tracker',
    routes: true,
    files: async () => ({ 'plausible.js': await bundled('@plausible-analytics/tracker', 'plausibleTracker') }),
    snippet: ({ base, endpoint }) => asynchronous(`${base}plausible.js`, `
      plausibleTracker.init({ domain: 'shop.example', endpoint: ${text(`${endpoint}/api/event`)}, captureOnLocalhost: true });
      peerStarted(function (name) { plausibleTracker.track(name, {}); });`),
    answer: () => ({ status: 202, headers: { 'content-type': 'text/plain' }, body: 'ok' }),
    decode(request) {
      if (request.path !== '/api/event' || request.method !== 'POST') return [];
      const event = JSON.parse(request.body.toString());
      return [{ name: event.n === 'pageview' ? 'page' : event.n, url: event.u }];
    },
  },
  {
    id: 'snowplow',
    name: 'Snowplow',
    packageName: '@snowplow/browser-tracker',
    routes: false,
    files: async () => ({ 'snowplow.js': await packaged('@snowplow/browser-tracker/dist/index.umd.min.js') }),
    snippet: ({ base, endpoint }) => asynchronous(`${base}snowplow.js`, `
      snowplowBrowserTracking.newTracker('sp', ${text(endpoint)}, { appId: 'shop' });
      snowplowBrowserTracking.trackPageView();
      peerStarted(function (name) { snowplowBrowserTracking.trackStructEvent({ category: 'visitor', action: name }); });`),
    answer: () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }),
    decode(request) {
      if (request.path !== '/com.snowplowanalytics.snowplow/tp2' || request.method !== 'POST') return [];
      return JSON.parse(request.body.toString()).data.map((event) => ({
        name: event.e === 'pv' ? 'page' : event.se_ac, url: event.url, id: event.eid,
      }));
    },
  },
  {
    id: 'posthog',
    name: 'PostHog',
    packageName: 'posthog-js',
    routes: true,
    files: async () => ({ 'array.js': await packaged('posthog-js/dist/array.js') }),
    // Its script looks for what a page has left in `posthog._i`. It keeps away from driven browsers
    // unless told not to, and would fetch parts of itself that no package has.
    snippet: ({ base, endpoint }) => asynchronous(`${base}array.js`, `
      peerStarted(function (name) { posthog.capture(name); });`, `
window.posthog = [];
posthog.__SV = 1;
posthog._i = [['phc_shop', { api_host: ${text(endpoint)}, defaults: '2026-01-30', opt_out_useragent_filter: true, advanced_disable_flags: true, disable_external_dependency_loading: true }, 'posthog']];`),
    answer: () => json({ status: 1 }),
    decode(request) {
      if (!/^\/(e|i\/v0\/e)\/$/.test(request.path) || request.method !== 'POST') return [];
      const body = postHogBody(request);
      return (Array.isArray(body) ? body : body.batch ?? [body]).map((event) => ({
        name: event.event === '$pageview' ? 'page' : event.event, url: event.properties.$current_url, id: event.uuid,
      }));
    },
  },
  {
    id: 'rudderstack',
    name: 'RudderStack',
    packageName: '@rudderstack/analytics-js',
    routes: false,
    files: async () => ({
      'rudderstack.js': await minified(await packaged('@rudderstack/analytics-js/dist/npm/modern/bundled/umd/index.js')),
    }),
    snippet: ({ base, endpoint }) => asynchronous(`${base}rudderstack.js`, `
      var analytics = new rudderanalytics.RudderAnalytics();
      analytics.load('2AbCdEfGhIjKlMnOpQrStUvWxYz', ${text(endpoint)}, { configUrl: ${text(endpoint)}, sendAdblockPage: false });
      analytics.page();
      peerStarted(function (name) { analytics.track(name); });`),
    answer: (request) => (request.path.includes('/sourceConfig') ? json({
      source: {
        id: 'shop', name: 'shop', writeKey: '2AbCdEfGhIjKlMnOpQrStUvWxYz', workspaceId: 'shop', enabled: true, destinations: [],
        updatedAt: '2026-01-01T00:00:00.000Z', config: {}, dataplanes: {},
      },
      updatedAt: '2026-01-01T00:00:00.000Z',
    }) : json({ status: 'OK' })),
    decode(request) {
      if (!/^\/v1\/(track|page|batch|identify)$/.test(request.path) || request.method !== 'POST') return [];
      const body = JSON.parse(request.body.toString());
      return (body.batch ?? [body]).map((event) => ({
        name: event.type === 'page' ? 'page' : event.event, url: event.context?.page?.url, id: event.messageId,
      }));
    },
  },
  {
    id: 'segment',
    name: 'Segment',
    packageName: '@segment/analytics-next',
    routes: false,
    files: async () => ({ 'segment.js': await packaged('@segment/analytics-next/dist/umd/index.js') }),
    snippet: ({ base, endpoint }) => asynchronous(`${base}segment.js`, `
      var analytics = AnalyticsNext.AnalyticsBrowser.load({ writeKey: 'shop', cdnURL: ${text(endpoint)} }, {
        integrations: { 'Segment.io': { apiHost: ${text(`${new URL(endpoint).host}/v1`)}, protocol: 'http' } },
      });
      analytics.page();
      peerStarted(function (name) { analytics.track(name); });`),
    answer: (request) => (request.path.endsWith('/settings') ? json({
      integrations: { 'Segment.io': { apiKey: 'shop', bundlingStatus: 'bundled' } }, plan: { track: {} },
    }) : json({ success: true })),
  },
  {
    id: 'jitsu',
    name: 'Jitsu',
    packageName: '@jitsu/js',
    routes: false,
    files: async () => ({ 'jitsu.js': await minified(await packaged('@jitsu/js/dist/web/p.js.txt')) }),
    // Its script sends to where it came from, which its own setting cannot change.
    snippet: ({ base }) => asynchronous(`${base}jitsu.js" data-write-key="shop:secret" data-privacy-dont-send="false`, `
      peerStarted(function (name) { jitsu.track(name); });`),
    answer: () => json({ ok: true }),
  },
  {
    id: 'mixpanel',
    name: 'Mixpanel',
    packageName: 'mixpanel-browser',
    routes: false,
    files: async () => ({ 'mixpanel.js': await packaged('mixpanel-browser/dist/mixpanel.min.js') }),
    // Like PostHog's, its script looks for what a page has left.
    snippet: ({ base, endpoint }) => asynchronous(`${base}mixpanel.js`, `
      peerStarted(function (name) { mixpanel.track(name); });`, `
window.mixpanel = [];
mixpanel.__SV = 1.2;
mixpanel._i = [['shop', { api_host: ${text(endpoint)}, track_pageview: true }, 'mixpanel']];`),
    answer: () => json({ status: 1 }),
  },
];

/** The peers of the loss suite: those whose requests are read. */
export const DECODED = PEERS.filter((peer) => peer.decode);

/** The version that is installed. */
export async function versionOf(peer) {
  return JSON.parse(await packaged(`${peer.packageName}/package.json`)).version;
}

/** An answer of a peer's server that any page may read. */
export function answerOf(peer, request) {
  const allowed = {
    'access-control-allow-origin': request.headers.origin ?? '*',
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
  };
  if (request.method === 'OPTIONS') return { status: 204, headers: allowed, body: '' };
  const { status, headers, body } = peer.answer(request);
  return { status, headers: { ...headers, ...allowed }, body };
}

/*
 * The recipe for Next.js: what was built, and in development, where StrictMode is at work and a
 * page that hydrates into another one says so. Both under a Content-Security-Policy with a nonce.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';

import { Next } from './lib/next.mjs';
import { Site } from './lib/site.mjs';
import { countsRoutes, survivesRendering } from './lib/suite.mjs';

/** In development Next.js says this of itself. */
const ITSELF = /React DevTools|\[HMR\]|\[Fast Refresh\]|_next\/webpack-hmr/;

for (const command of ['start', 'dev']) {
  describe(`Next.js, ${command}`, () => {
    let next;
    let site;
    let visitor;
    const expected = command == 'dev' ? ITSELF : /^$/;
    before(async () => {
      next = await Next.run(command);
      site = await Site.open();
      site.front.upstream = next.origin;
    });
    afterEach(() => visitor?.leave());
    after(async () => {
      await site?.close();
      await next?.stop();
    });

    test('one page view for each route', async () => {
      visitor = await site.visitor();
      await countsRoutes(site, visitor, { expected });
    });

    test('rendering again leaves what Firstglance shows', async () => {
      visitor = await site.visitor();
      await survivesRendering(site, visitor, { expected });
    });

    test('the script comes in by the page’s nonce', async () => {
      visitor = await site.visitor();
      const page = await visitor.open();
      const answer = await page.goto(`${visitor.origin}/`);
      const [, nonce] = /'nonce-([^']+)'/.exec(answer.headers()['content-security-policy']);
      const tag = page.locator('script[data-site]');
      await tag.waitFor({ state: 'attached' });
      assert.equal(await tag.evaluate((script) => script.nonce), nonce);
      assert.equal(await tag.count(), 1);
      visitor.assertNoErrors(expected);
    });
  });
}

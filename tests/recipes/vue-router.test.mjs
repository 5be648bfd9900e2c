/*
 * The recipe for Vue Router, as built for production and as built for development, where
 * Vue tells of what it does not like.
 */
import { after, afterEach, before, describe, test } from 'node:test';

import { built, Site } from './lib/site.mjs';
import { countsRoutes, survivesRendering } from './lib/suite.mjs';

for (const mode of ['production', 'development']) {
  describe(`Vue Router, ${mode}`, () => {
    let site;
    let visitor;
    before(async () => {
      site = await Site.open({ folders: [built('vue-router/built', mode), built('vue-router')], fallback: true });
    });
    afterEach(() => visitor?.leave());
    after(() => site?.close());

    test('one page view for each route', async () => {
      visitor = await site.visitor();
      await countsRoutes(site, visitor);
    });

    test('rendering again leaves what Firstglance shows', async () => {
      visitor = await site.visitor();
      await survivesRendering(site, visitor, { decides: true });
    });
  });
}

/*
 * What axe-core finds wrong with a page. Asks nothing else of it, and leaves nothing but itself there.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Letters of a piece of markup that are told. */
const TOLD = 160;

/** What is wrong with a page as it is now, one line each: by all rules, or by those with one of these tags. */
export async function violations(page, tags) {
  if (!await page.evaluate(() => Boolean(window.axe))) await page.evaluate(AXE);
  return page.evaluate(async ({ tags: values, told }) => {
    const runOnly = values && { type: 'tag', values };
    const found = await window.axe.run(document, { ...(runOnly && { runOnly }), resultTypes: ['violations'] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, told)).join(' | ')}`);
  }, { tags, told: TOLD });
}

/*
 * The documents hold against the sites: a snippet below a comment that names a file stands in that
 * file, word for word, and links lead somewhere.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RECIPES = join(ROOT, 'docs/recipes');

const SNIPPET = /^<!-- (\S+) -->\n```\w*\n([^]*?)^```$/gm;
const LINK = /\]\(([^)\s]+)\)/g;

/** Lines without what indents them; the first may be the name under which a reader keeps the file. */
const lines = (text) => text.split('\n').map((line) => line.trim()).join('\n').trim();
const withoutName = (text) => text.replace(/^\/\/ \S+\.jsx?\n/, '');

/** As a heading becomes an anchor. */
const anchors = (text) => [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
  heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));

const recipes = (await readdir(RECIPES)).filter((name) => name.endsWith('.md'));
const pages = [...recipes.map((name) => join(RECIPES, name)), join(ROOT, 'docs/tracker.md'), join(ROOT, 'tracker-wasm/package/README.md')];

for (const name of recipes.filter((each) => each != 'README.md')) {
  test(`the snippets of ${name} are those that were tried`, async () => {
    const text = await readFile(join(RECIPES, name), 'utf8');
    const found = [...text.matchAll(SNIPPET)];
    assert.ok(found.length, 'there is a snippet');
    for (const [, file, snippet] of found) {
      const tried = lines(await readFile(join(ROOT, file), 'utf8'));
      assert.ok(tried.includes(lines(withoutName(snippet))), `not in ${file}:\n${snippet}`);
    }
  });
}

for (const page of pages) {
  test(`the links of ${relative(ROOT, page)} lead somewhere`, async () => {
    const text = await readFile(page, 'utf8');
    for (const [, link] of text.matchAll(LINK)) {
      if (/^https?:/.test(link)) continue;
      const [path, anchor] = link.split('#');
      const target = path ? resolve(dirname(page), path) : page;
      assert.ok(existsSync(target), `there is no ${link}`);
      if (anchor) assert.ok(anchors(await readFile(target, 'utf8')).includes(anchor), `there is no heading for ${link}`);
    }
  });
}

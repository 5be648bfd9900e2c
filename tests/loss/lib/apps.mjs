/*
 * Minimal apps with the routers that most sites have, bundled when they are needed.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const SOURCES = fileURLToPath(new URL('../apps/', import.meta.url));

const bundles = new Map();

async function bundle(name) {
  // Only now: a run without apps needs none of the packages.
  const { FOLDER } = await import('../../peers/peers.mjs');
  const folder = join(FOLDER, 'apps');
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `${name}.js`);
  await build({
    entryPoints: [join(SOURCES, `${name}.mjs`)],
    bundle: true, minify: true, format: 'iife', outfile, logLevel: 'error',
    nodePaths: [join(FOLDER, 'node_modules')],
    define: { 'process.env.NODE_ENV': '"production"', __VUE_OPTIONS_API__: 'false', __VUE_PROD_DEVTOOLS__: 'false', __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false' },
  });
  return { path: `/assets/app/${name}.js`, text: await readFile(outfile, 'utf8') };
}

/** The script of an app, and the path at which a site has it. */
export function apps(name) {
  if (!bundles.has(name)) bundles.set(name, bundle(name));
  return bundles.get(name);
}

import { fileURLToPath } from 'node:url';

export default {
  reactStrictMode: true,
  // Here, and not as `redirect` in a page, which shows the old address for a moment first.
  redirects: async () => [{ source: '/old', destination: '/e-bikes', permanent: false }],
  // Next would take a folder above for the project, for that has a lock file of its own.
  turbopack: { root: fileURLToPath(new URL('.', import.meta.url)) },
  // Its own mark in development lies over the page.
  devIndicators: false,
};

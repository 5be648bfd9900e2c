import { init } from './firstglance/index.js';

const given = Object.fromEntries(new URLSearchParams(location.search));
const told = window.told = { before: [], after: [], ended: [], failing: 0 };
const firstglance = window.calls = init({ src: 'https://data.example.nl/fg.js', site: 'my-shop', ...given });
window.init = init;

// All of this before the script is there.
firstglance.track('Before', { plan: 'Basis', list: [1, { deep: true }] });
firstglance.identify('customer-7', { type: 'customer' });
const stop = firstglance.onSegments((state) => told.ended.push(state));
stop();
firstglance.onSegments(() => {
  told.failing += 1;
  throw new Error('of the page itself');
});
firstglance.onSegments((state) => told.before.push(state));

/*
 * What a page may do, in TypeScript. Compiled, never run.
 */
import { init } from 'firstglance';
import type {
  Calls, Campaign, Consent, ContentChange, DataLayerEntry, Decision, ElementHooks, Firstglance, Interest, RootHooks, ScriptAttributes, SlotHooks, State,
  TemplateHooks,
} from 'firstglance';

const firstglance: Calls = init({ src: 'https://data.example.nl/fg.js', site: 'my-shop' });
init({
  src: '/metrics/m.js',
  site: 'my-shop',
  consent: 'google',
  name: 'second',
  nonce: undefined,
  search: ['q', 'zoek'],
  hashRoutes: true,
  scrollContainer: '#app',
  forms: false,
  media: false,
  errors: true,
  webVitals: true,
  cookieless: false,
});

firstglance.track('Plan Chosen');
firstglance.track('Plan Chosen', {
  plan: 'Basis', price: 9.95, yearly: true, coupon: null, left: undefined, tags: ['a', 'b'], address: { city: 'Utrecht', lines: [1, 2] },
});
type Order = { total: number; lines: { sku: string; count: number }[] };
const order: Order = { total: 20, lines: [{ sku: 'kade-5', count: 1 }] };
firstglance.track('Order Completed', order);
firstglance.identify('customer-7');
firstglance.identify(7, { type: 'customer' });
firstglance.identify({ newsletter: true });
firstglance.page();
firstglance.forget();
const chosen: Consent = 'session';
firstglance.consent(chosen);

const stop = firstglance.onSegments((state: State) => {
  const [first]: readonly Interest[] = state.interests;
  const strength: number = first ? first.score - first.margin : state.confidence;
  const words: string[] = [...state.segments, ...state.searches, ...state.entered, ...state.left, state.stage, strength.toFixed(2)];
  const sums: number = state.score + state.visits + state.pageViews + state.activeSeconds;
  const from: string | null = state.referrer;
  const campaign: Campaign | null = state.campaign;
  const words2: (string | undefined)[] = [campaign?.source, campaign?.name, campaign?.source_platform];
  const consent: Consent | null = state.consent;
  const visitor: string | null = state.visitor;
  return void [words, words2, sums, from, consent, visitor];
});
stop();
const stopInterest: () => void = firstglance.onInterest((interest, state) => interest?.label ?? state.stage);
const stopStage: () => void = firstglance.onStage((stage) => stage.toUpperCase());
const seen: Promise<Decision> = firstglance.decide('hero');
void seen.then(({ kind, variant, html, fields }) => (kind == 'variant' ? html ?? fields['title'] ?? variant : null));
const stopDecision: () => void = firstglance.decide('hero', (decision) => void decision.slot);
[stopInterest, stopStage, stopDecision].forEach((end) => end());

window.firstglance?.('track', 'Plan Chosen', { plan: 'Basis' });
window.firstglance?.('identify', 'customer-7', { type: 'customer' });
window.firstglance?.('identify', { newsletter: true });
window.firstglance?.('page');
window.firstglance?.('consent', 'denied');
window.firstglance?.('forget');
window.firstglance?.('onSegments', (state) => state.segments.includes('e-bikes'));
window.firstglance?.('onInterest', (interest) => interest?.score);
window.firstglance?.('onStage', (stage, state) => [stage, state.score]);
window.firstglance?.('decide', 'hero', ({ fields }) => fields);

const waiting: Firstglance = function () {
  (waiting.q = waiting.q || []).push(arguments);
};
window.firstglance = window.firstglance || waiting;

document.addEventListener('firstglance:segments', ({ detail }) => {
  const entered: readonly string[] = detail.entered;
  document.title = entered.join(' ');
});

document.addEventListener('firstglance:interest', ({ detail }) => detail?.label);
document.addEventListener('firstglance:stage', ({ detail }) => detail.trim());
document.addEventListener('firstglance:content', ({ detail }) => {
  const change: ContentChange = detail;
  change.element.focus();
});

const link: ElementHooks = {
  'data-fg-track': 'Test Ride Requested', 'data-fg-prop-category': 'e-bikes', 'data-fg-prop-position': 2,
  'data-fg-topic': 'Bikes;E-bikes', 'data-fg-show': 'e-bikes race-bikes',
};
const field: ElementHooks = { 'data-fg-search': '', 'data-fg-results': 12, 'data-fg-private': true };
const personal: ElementHooks = {
  'data-fg-hide': 'customer', 'data-fg-text': 'top_interest.label', 'data-fg-sort': 'interest', 'data-fg-adapt': 'fade',
  'data-fg-viewed': 'hero', 'data-fg-field': 'title link@href',
};
const slot: SlotHooks = { 'data-fg-slot': 'hero' };
const template: TemplateHooks = { 'data-fg-slot': 'hero', 'data-fg-when': 'e-bikes !customer', 'data-fg-variant': 'e-bikes' };
const root: RootHooks = {};
const tag: ScriptAttributes = { 'data-site': 'my-shop', 'data-consent': 'tcf', 'data-hash-routes': '1', 'data-scroll-container': '#app' };
const pushed = (entry: DataLayerEntry) => entry.firstglance.stage;
export { field, link, personal, pushed, root, slot, tag, template };

/*
 * What a page may not do, in TypeScript: each line below a directive must be refused. Compiled,
 * never run.
 */
import { init } from 'firstglance';
import type { ElementHooks, RootHooks, ScriptAttributes, SlotHooks, TemplateHooks } from 'firstglance';

const src = 'https://data.example.nl/fg.js';
const site = 'my-shop';

// @ts-expect-error: nothing says where the script is
init({ site });
// @ts-expect-error: nothing says which site it is
init({ src });
// @ts-expect-error: not without options
init();
// @ts-expect-error: no such consent
init({ src, site, consent: 'yes' });
// @ts-expect-error: options are in camel case
init({ src, site, hash_routes: true });
// @ts-expect-error: a switch is true or false
init({ src, site, webVitals: 'on' });
// @ts-expect-error: a selector, not an element
init({ src, site, scrollContainer: document.body });
// @ts-expect-error: no such option
init({ src, site, debug: true });

const firstglance = init({ src, site });
// @ts-expect-error: an event has a name
firstglance.track();
// @ts-expect-error: a name is a text
firstglance.track(5);
// @ts-expect-error: a date is not plain data
firstglance.track('Plan Chosen', { at: new Date() });
// @ts-expect-error: nor is a function
firstglance.track('Plan Chosen', { plan: () => 'Basis' });
// @ts-expect-error: nor an element, however deep
firstglance.track('Plan Chosen', { where: { element: document.body } });
// @ts-expect-error: nor a symbol
firstglance.track('Plan Chosen', { plan: Symbol('Basis') });
// @ts-expect-error: nor a bigint, which JSON does not know
firstglance.track('Plan Chosen', { price: 10n });
// @ts-expect-error: properties are an object
firstglance.track('Plan Chosen', 'Basis');
// @ts-expect-error: nor a list
firstglance.track('Plan Chosen', ['Basis']);
// @ts-expect-error: somebody, or something of them
firstglance.identify();
// @ts-expect-error: true is nobody
firstglance.identify(true);
// @ts-expect-error: a date is not plain data
firstglance.identify('customer-7', { since: new Date() });
// @ts-expect-error: the page is read, not told
firstglance.page('/prices/');
// @ts-expect-error: no such consent
firstglance.consent('accepted');
// @ts-expect-error: who knows the consent is said to init; a visitor chooses one of four
firstglance.consent('google');
// @ts-expect-error: a function
firstglance.onSegments('e-bikes');
// @ts-expect-error: a decision is about a slot
firstglance.decide();
// @ts-expect-error: a promise, or a subscription
firstglance.decide('hero', () => {}).then();
// @ts-expect-error: a function
firstglance.onStage('hot');
// @ts-expect-error: what is returned ends the subscription, and takes nothing
firstglance.onSegments(() => {})('now');
// @ts-expect-error: the calls stay as they are
firstglance.track = () => {};
// @ts-expect-error: no such call
firstglance.segments();

firstglance.onSegments((state) => {
  // @ts-expect-error: no such field
  state.segment;
  // @ts-expect-error: the state is everybody's
  state.segments.push('e-bikes');
  // @ts-expect-error: nobody but Firstglance scores
  state.score = 100;
  // @ts-expect-error: there may be no campaign
  state.campaign.source;
  // @ts-expect-error: there may be no interest
  state.interests[0].id;
  // @ts-expect-error: a number
  state.score.trim();
});

// @ts-expect-error: the script may not be there, nor the function
window.firstglance('page');
// @ts-expect-error: no such call
window.firstglance?.('segments');
// @ts-expect-error: an event has a name
window.firstglance?.('track');
// @ts-expect-error: plain data only
window.firstglance?.('track', 'Plan Chosen', { at: new Date() });
// @ts-expect-error: somebody, or something of them
window.firstglance?.('identify');
// @ts-expect-error: no such consent
window.firstglance?.('consent', 'yes');
// @ts-expect-error: a function
window.firstglance?.('onSegments', 'e-bikes');
// @ts-expect-error: who decides is told whom
window.firstglance?.('decide', 'hero');
// @ts-expect-error: nothing ends this subscription
window.firstglance?.('onSegments', () => {})();

// @ts-expect-error: the state is in the event's detail
document.addEventListener('firstglance:segments', (event) => event.segments);
// @ts-expect-error: no such field
document.addEventListener('firstglance:segments', (event) => event.detail.segment);

// @ts-expect-error: segments are separated by spaces, not a list
export const show: ElementHooks = { 'data-fg-show': ['e-bikes'] };
// @ts-expect-error: an attribute is there or is not: "false" is there
export const secret: ElementHooks = { 'data-fg-private': false };
// @ts-expect-error: an attribute's property is a text or a number
export const property: ElementHooks = { 'data-fg-prop-plan': { name: 'Basis' } };
// @ts-expect-error: no such hook
export const unknown: ElementHooks = { 'data-fg-hidden': 'e-bikes' };
// @ts-expect-error: no such field
export const text: ElementHooks = { 'data-fg-text': 'campaign.name' };
// @ts-expect-error: nothing else is known to order by
export const sort: ElementHooks = { 'data-fg-sort': 'price' };
// @ts-expect-error: no such moment
export const moment: ElementHooks = { 'data-fg-adapt': 'later' };
// @ts-expect-error: whatever has the name of a slot
export const slot: SlotHooks = { 'data-fg-slot': 1 };
// @ts-expect-error: a template says when
export const template: TemplateHooks = { 'data-fg-slot': 'hero' };
// @ts-expect-error: Firstglance alone sets these
export const root = (hooks: RootHooks) => { hooks['data-fg-stage'] = 'hot'; };
// @ts-expect-error: yes or no
export const tag: ScriptAttributes = { 'data-hash-routes': 'sometimes' };
// @ts-expect-error: no such consent
export const consent: ScriptAttributes = { 'data-consent': 'all' };

/*
 * What a page may do, in JSX. Compiled, never run.
 */
import type { ElementHooks } from 'firstglance';
import type {} from 'firstglance/react';

const tracked: ElementHooks = { 'data-fg-track': 'Plan Chosen', 'data-fg-prop-plan': 'Basis' };

export const page = (
  <main data-fg-topic="Bikes;E-bikes">
    <script async src="https://data.example.nl/fg.js" data-site="my-shop" data-consent="google" data-hash-routes data-forms={false} />
    <div data-fg-show="e-bikes" hidden>Book a test ride</div>
    <div data-fg-hide="customer" data-fg-adapt="fade"><b data-fg-text="top_interest.label">Bikes</b></div>
    <section data-fg-viewed="hero">What is decided</section>
    <section data-fg-slot="hero"><h2 data-fg-field="title">What everybody sees</h2></section>
    <template data-fg-slot="hero" data-fg-when="e-bikes" dangerouslySetInnerHTML={{ __html: '<p>An e-bike</p>' }} />
    <button data-fg-track="Plan Chosen" data-fg-prop-plan="Basis" data-fg-prop-price={9}>Choose</button>
    <button {...tracked}>Choose</button>
    <div data-fg-private><input data-fg-search="" /></div>
    <p data-fg-results={12}>12 bikes</p>
  </main>
);

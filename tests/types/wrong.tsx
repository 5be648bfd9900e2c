/*
 * What a page may not do, in JSX: each line below a directive must be refused. Compiled, never run.
 */
import type {} from 'firstglance/react';

// @ts-expect-error: segments are separated by spaces, not a list
export const show = <div data-fg-show={['e-bikes']} />;
// @ts-expect-error: topics are a text
export const topic = <main data-fg-topic={5} />;
// @ts-expect-error: an attribute is there or is not: "false" is there
export const secret = <div data-fg-private={false} />;
// @ts-expect-error: the event's name is a text
export const track = <button data-fg-track={() => 'Plan Chosen'} />;
// @ts-expect-error: ids of segments are a text
export const when = <template data-fg-slot="hero" data-fg-when={true} />;
// @ts-expect-error: a number, or one as text
export const results = <p data-fg-results={{ count: 12 }} />;
// @ts-expect-error: no such consent
export const consent = <script data-site="my-shop" data-consent="yes" />;
// @ts-expect-error: yes or no
export const routes = <script data-site="my-shop" data-hash-routes="sometimes" />;

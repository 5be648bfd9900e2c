/*
 * What the console's pages do beyond what the server made: parts that change in place (htmx), plots of
 * the tables that stand below them, and signing in again without losing what stands in a page. Every
 * page can be read without this.
 */
import 'htmx.org/dist/htmx.esm.js';
import { editors } from './editor.js';
import { signedOut } from './session.js';
import { plots } from './plots.js';
import { live } from './live.js';
import { refresh } from './refresh.js';

signedOut();
plots(document);
live();
refresh();
editors(document);
document.addEventListener('htmx:load', (event) => {
  plots(event.detail.elt);
  editors(event.detail.elt);
});

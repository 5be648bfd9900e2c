/*
 * A preview: the page with a version of the content that is not in force, for somebody with a link to
 * it, in one tab, until they end it. A bar says so. Never sends an event, and never shows anything of
 * it to anybody else.
 */
import { ask } from '../page/pristine.js';
import * as kit from './kit.js';

const KEY = 'fg:preview';

/** Words of the bar, by the page's language. */
const WORDS = {
  en: ['Preview: nobody else sees this, and nothing is counted.', 'End preview', 'This preview is not valid any more.', 'The preview cannot be fetched now.'],
  nl: ['Voorbeeld: niemand anders ziet dit, en er wordt niets geteld.', 'Voorbeeld sluiten', 'Dit voorbeeld is niet meer geldig.', 'Het voorbeeld kan nu niet worden opgehaald.'],
  de: ['Vorschau: Niemand sonst sieht das, und nichts wird gezählt.', 'Vorschau beenden', 'Diese Vorschau ist nicht mehr gültig.', 'Die Vorschau kann gerade nicht geholt werden.'],
  fr: ['Aperçu : personne d’autre ne voit ceci, et rien n’est compté.', 'Fermer l’aperçu', 'Cet aperçu n’est plus valable.', 'L’aperçu ne peut pas être chargé.'],
};
const words = WORDS[document.documentElement.lang.slice(0, 2).toLowerCase()] || WORDS.en;

const STYLE = 'position:fixed;inset:auto 0 0;z-index:2147483647;display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;justify-content:center;'
  + 'padding:8px 16px;background:#1d2433;color:#fff;font:16px/1.4 system-ui,sans-serif';
const BUTTON = 'min-height:32px;padding:4px 12px;border:1px solid #fff;border-radius:4px;background:transparent;color:inherit;font:inherit;cursor:pointer';

/** The page as everybody sees it again. */
function end() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {}
  const address = new URL(location.href);
  address.searchParams.delete('fg_preview');
  location.replace(address.href);
}

const text = document.createElement('span');
text.setAttribute('role', 'status');

function show() {
  const bar = document.createElement('aside');
  const button = document.createElement('button');
  bar.style.cssText = STYLE;
  button.style.cssText = BUTTON;
  bar.setAttribute('aria-label', words[0]);
  bar.setAttribute('data-fg-private', '');
  bar.id = 'fg-preview';
  button.type = 'button';
  button.textContent = words[1];
  button.addEventListener('click', end);
  bar.append(text, button);
  document.body.append(bar);
  text.textContent = words[0];
}

/** What the collector has answered to the token of the link. */
async function fetchModel() {
  const answer = await ask(kit.given.collector + 'preview?token=' + encodeURIComponent(kit.given.preview));
  if (answer.ok) return answer.text();
  // Not one that the next page would ask for once more.
  if (answer.status < 500) sessionStorage.removeItem(KEY);
  throw answer.status;
}

function take(model) {
  sessionStorage.setItem(KEY, kit.given.preview);
  // By this the loader knows that it has to look there.
  localStorage.setItem(KEY, 1);
  kit.preview(model);
}

show();
fetchModel().then(
  (model) => kit.run(take, model, 1),
  (status) => {
    text.textContent = words[status < 500 ? 2 : 3];
  },
);

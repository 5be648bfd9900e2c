/*
 * Pages that adapt to their visitor, and what is measured of that: which content shows, at which
 * moment it was drawn, and what moved. The demo's configuration gets slots of its own for it.
 */
import { html } from './pages.mjs';

/** Slots of the site's owner: markup, fields, a control group of nearly all, and a schedule that is over. */
export const SLOTS = `
[[slot]]
id = "banner"

[[variant]]
slot = "banner"
id = "racers"
when = 'interest("racefietsen") >= 0.5'
html = '<h2>Voor wie hard rijdt</h2><p><a href="/racefietsen/">Alle racefietsen</a></p>'

[[slot]]
id = "card"

[[variant]]
slot = "card"
id = "electric"
when = 'interest("e-bikes") >= 0.5'
fields = { title = "<b>Elektrisch</b>", link = "/e-bikes/" }

[[slot]]
id = "held"
control = 90

[[variant]]
slot = "held"
id = "never"
when = 'interest("e-bikes") >= 0.5'
html = "<p>Alleen voor wie niet in de controlegroep zit</p>"
`;

/** A page with every hook. What is under the fold is so in each browser's window. */
export const PAGE = `
<main>
<h1>Proef met <span data-fg-text="top_interest.label">fietsen</span></h1>
<section id="hero" data-fg-slot="hero"><p>Voor iedereen</p><button>Bekijk</button></section>
<template data-fg-slot="hero" data-fg-when="e-bikes !klant"><p>Voor wie stroom wil</p><button>Probeer</button><p>En nog een regel.</p></template>
<template data-fg-slot="hero" data-fg-when="racefietsen" data-fg-variant="snel"><p>Voor wie hard rijdt</p></template>
<p id="shown" data-fg-show="e-bikes bakfietsen" hidden>Alleen voor e-bikes of bakfietsen</p>
<p id="negated" data-fg-show="!e-bikes">Niet voor e-bikes</p>
<p id="both" data-fg-show="e-bikes !racefietsen" hidden>E-bikes, en geen racefietsen</p>
<p id="hiding" data-fg-hide="e-bikes">Verdwijnt bij e-bikes</p>
<ul id="list" data-fg-sort="interest"><li data-fg-topic="Kinderfietsen">Kinderfietsen</li><li id="fixed">Reclame</li>
<li data-fg-topic="Fietsen;E-bikes"><a href="#">E-bikes</a></li><li data-fg-topic="Racefietsen">Racefietsen</li></ul>
<div id="banner" data-fg-slot="banner"><p>Welkom</p></div>
<article id="card" data-fg-slot="card"><h2 data-fg-field="title">Onze fietsen</h2><a href="/alles/" data-fg-field="link@href">Verder</a></article>
<div id="held" data-fg-slot="held"><p>Standaard</p></div>
<p id="end">Einde</p>
<div style="height:3000px"></div>
<section id="below" data-fg-slot="below"><p>Onderaan</p></section>
<template data-fg-slot="below" data-fg-when="e-bikes"><p>Onderaan, elektrisch</p><p>Twee regels</p></template>
<p>Slot</p>
</main>`;

/** The same page; attributes of the root and of the script tag. */
export const page = ({ root = '', body = PAGE, attributes = { async: null }, head = '' } = {}) =>
  html(body, { title: 'Persoonlijk', attributes, head, root: ` lang="nl"${root}` });

/** Notes what moves, before anything is parsed. */
export const OBSERVE = () => {
  window.shifts = [];
  if (window.PerformanceObserver?.supportedEntryTypes?.includes('layout-shift')) {
    // The shop's own panel moves what is in it.
    const others = ({ sources }) => !sources.length || sources.some(({ node }) => !(node?.closest ? node : node?.parentElement)?.closest('#fg-panel'));
    new PerformanceObserver((list) => window.shifts.push(...list.getEntries().filter(others).map(({ value, sources }) =>
      ({ value, what: sources.map(({ node }) => node?.id || node?.nodeName) })))).observe({ type: 'layout-shift', buffered: true });
  }
  // What was on the screen each time something was drawn.
  window.frames_ = [];
  const look = () => {
    const hero = document.querySelector('#hero');
    if (hero) {
      window.frames_.push({
        hero: getComputedStyle(hero).visibility == 'visible' ? hero.querySelector('p')?.textContent : null,
        shown: document.querySelector('#shown')?.checkVisibility?.({ visibilityProperty: true, checkVisibilityCSS: true }),
        root: document.documentElement.dataset.fgSegments,
      });
    }
    if (window.frames_.length < 300) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
};

/** What a visitor sees of each hook. */
export const SEEN = () => {
  const text = (selector) => document.querySelector(selector).innerText.replace(/\s+/g, ' ').trim();
  const visible = (selector) => !document.querySelector(selector).hidden;
  return {
    title: text('h1'),
    hero: document.querySelector('#hero').dataset.fgVariant ?? null,
    shown: visible('#shown'), negated: visible('#negated'), both: visible('#both'), hiding: visible('#hiding'),
    list: [...document.querySelectorAll('#list > li')].map((item) => item.innerText.trim()).join(),
    banner: text('#banner'), card: text('#card'), link: document.querySelector('#card a').getAttribute('href'),
    below: document.querySelector('#below').dataset.fgVariant ?? null,
  };
};

const LIST = 'Kinderfietsen,Reclame,E-bikes,Racefietsen';
/** What everybody sees. */
export const DEFAULT = {
  title: 'Proef met fietsen', hero: null, shown: false, negated: true, both: false, hiding: true, list: LIST, banner: 'Welkom',
  card: 'Onze fietsen Verder', link: '/alles/', below: null,
};
/** What somebody sees who wants an electric bike. */
export const ELECTRIC = {
  title: 'Proef met E-bikes', hero: 'e-bikes-not-klant', shown: true, negated: false, both: true, hiding: false,
  list: 'E-bikes,Reclame,Kinderfietsen,Racefietsen', banner: 'Welkom', card: '<b>Elektrisch</b> Verder', link: '/e-bikes/',
  below: 'e-bikes',
};
/** And both kinds. */
export const BOTH = {
  ...ELECTRIC, both: false, list: 'E-bikes,Reclame,Racefietsen,Kinderfietsen', banner: 'Voor wie hard rijdt Alle racefietsen',
};

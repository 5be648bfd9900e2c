/*
 * "Wat weet Firstglance van jou?": shows the visitor, live, what Firstglance has worked out and what
 * it changed on this page. It uses only the public API, as any site owner could.
 * It never stores anything, never sends anything itself, and writes to the page as text only.
 */
'use strict';

window.firstglance = window.firstglance || function () {
  (window.firstglance.q = window.firstglance.q || []).push(arguments);
};

(function panel() {
  const wide = window.matchMedia('(min-width: 1200px)');
  const number = new Intl.NumberFormat('nl-NL', { maximumFractionDigits: 1 });
  const stages = { cold: 'koud', warm: 'warm', hot: 'heet' };
  const consents = [
    ['granted', 'Alles', 'Firstglance leert van wat je bekijkt en bewaart dat bij Wielrijk zelf.'],
    ['segments', 'Segmenten', 'Alleen de uitkomst verlaat je browser: geen adressen, geen zoekwoorden.'],
    ['session', 'Alleen nu', 'Er wordt niets bewaard: weg is weg zodra je deze pagina verlaat.'],
    ['denied', 'Niets', 'Firstglance staat uit. Er wordt niets bewaard en niets verstuurd. De winkel werkt gewoon.'],
  ];

  function make(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const name of Object.keys(properties)) {
      if (name === 'className') element.className = properties[name];
      else element.setAttribute(name, properties[name]);
    }
    element.append(...children);
    return element;
  }

  const toggle = make('button', { type: 'button', id: 'fg-panel-toggle', className: 'panel__toggle', 'aria-controls': 'fg-panel-body' }, 'Wat weet Firstglance van jou?');
  const status = make('p', { id: 'fg-panel-status', className: 'panel__status', role: 'status' }, 'Even kijken…');
  const interests = make('ul', { id: 'fg-panel-interests' });
  const segments = make('ul', { id: 'fg-panel-segments', className: 'panel__chips' });
  const changes = make('ul', { id: 'fg-panel-changes', className: 'panel__changes', 'aria-live': 'polite' });
  const facts = make('dl', { id: 'fg-panel-facts', className: 'panel__facts' });
  const forget = make('button', { type: 'button', id: 'fg-panel-forget', className: 'panel__forget' }, 'Vergeet mij');

  const factCells = {};
  for (const [key, label] of [
    ['stage', 'Fase en score'], ['visits', 'Bezoeken'], ['pageViews', 'Pagina’s bekeken'], ['activeSeconds', 'Actieve tijd'],
    ['searches', 'Gezocht naar'], ['campaign', 'Campagne'], ['referrer', 'Gekomen via'], ['consent', 'Toestemming'], ['visitor', 'Bezoekersnummer'],
  ]) {
    factCells[key] = make('dd', { 'data-fact': key }, '–');
    facts.append(make('dt', {}, label), factCells[key]);
  }

  const choices = make('div', { id: 'fg-panel-consent', className: 'panel__choices', role: 'group', 'aria-label': 'Toestemming kiezen' });
  for (const [value, label] of consents) {
    const button = make('button', { type: 'button', 'data-consent': value, 'aria-pressed': 'false' }, label);
    button.addEventListener('click', () => window.firstglance('consent', value));
    choices.append(button);
  }

  // The upper part can scroll, so it takes the focus for people who scroll by keyboard.
  const known = make('div', { className: 'panel__known', tabindex: '0', role: 'group', 'aria-label': 'Wat er bekend is' },
    status,
    make('h3', {}, 'Interesses'), interests,
    make('h3', {}, 'Segmenten'), segments,
    make('h3', {}, 'Wat is er aangepast, en waarom'), changes,
    make('p', { className: 'panel__more' }, make('a', { href: '/eigenaar/' }, 'Zo doe je dit op je eigen site')),
    make('h3', {}, 'Je bezoek'), facts);
  const control = make('div', { className: 'panel__control' }, make('h3', {}, 'Jij bepaalt'), choices, forget);
  const body = make('div', { id: 'fg-panel-body', className: 'panel__body' }, known, control);
  const root = make('aside', { id: 'fg-panel', className: 'panel', 'data-fg-private': '', 'data-state': 'waiting', 'aria-label': 'Wat weet Firstglance van jou?' }, toggle, body);

  let state = null;
  let justForgotten = false;

  function setOpen(open) {
    toggle.setAttribute('aria-expanded', String(open));
    root.classList.toggle('is-open', open);
    body.hidden = !open;
    document.documentElement.classList.toggle('panel-closed', !open);
  }

  function plain(text) {
    return make('li', { className: 'panel__none' }, text);
  }

  function labelOf(id) {
    const interest = state && state.interests.find((each) => each.id === id);
    // A segment of the configuration has only its id in the page: "kooprijp".
    if (id === 'kent-wielrijk') return 'Kent Wielrijk';
    return interest ? interest.label : id[0].toUpperCase() + id.slice(1).replaceAll('-', ' ');
  }

  // Rows stay in place between updates, so that a bar grows instead of being drawn anew.
  const rows = new Map();
  function showInterests() {
    const shown = state ? state.interests.filter((each) => each.score > 0.005).slice(0, 6) : [];
    const items = shown.map((interest) => {
      let row = rows.get(interest.id);
      if (!row) {
        const name = make('span', {});
        const percent = make('span', { className: 'panel__percent' });
        const fill = make('span', {});
        row = { name, percent, fill, item: make('li', { className: 'panel__interest', 'data-interest': interest.id }, name, percent, make('div', { className: 'panel__bar', 'aria-hidden': 'true' }, fill)) };
        rows.set(interest.id, row);
      }
      const share = Math.round(Math.min(1, interest.score) * 100);
      row.name.textContent = interest.label;
      row.percent.textContent = share + '%';
      row.fill.style.width = share + '%';
      return row.item;
    });
    const next = items.length ? items : [plain('Nog geen. Kijk gerust even rond.')];
    const same = next.length === interests.children.length && next.every((item, i) => item === interests.children[i]);
    if (!same) interests.replaceChildren(...next);
  }

  function duration(seconds) {
    const whole = Math.floor(seconds);
    return whole < 60 ? whole + ' s' : Math.floor(whole / 60) + ' min ' + (whole % 60) + ' s';
  }

  function consentOf(value) {
    return consents.find((each) => each[0] === value);
  }

  function campaignText(campaign) {
    if (!campaign) return 'geen';
    return [campaign.source, campaign.medium, campaign.name, campaign.term].filter(Boolean).join(' / ') || 'geen';
  }

  function showFacts() {
    const known = {
      stage: (stages[state.stage] || state.stage) + ', ' + number.format(state.score),
      visits: number.format(state.visits),
      pageViews: number.format(state.pageViews),
      activeSeconds: duration(state.activeSeconds),
      searches: (state.searches || []).slice(0, 3).join(', ') || 'nog niets',
      campaign: campaignText(state.campaign),
      referrer: state.referrer || 'rechtstreeks',
      consent: (consentOf(state.consent) || ['', state.consent])[1],
      visitor: state.visitor ? String(state.visitor).slice(0, 8) : 'geen',
    };
    for (const key of Object.keys(known)) factCells[key].textContent = known[key];
    for (const button of choices.children) button.setAttribute('aria-pressed', String(button.dataset.consent === state.consent));
  }

  /** Why somebody is in a segment of the configuration; in those of interests they are by what they read. */
  const reasons = {
    kooprijp: 'je weet wat je wilt en keek naar prijzen',
    'kent-wielrijk': 'je zocht ons op naam',
    lezer: 'je leest ons magazine',
    'terug-na-advertentie': 'je kwam terug na een advertentie',
  };

  function reasonOf(id) {
    const interest = state && state.interests.find((each) => each.id === id);
    if (interest) return ['je interesse in ', whole(id), ' is ' + Math.round(Math.min(1, interest.score) * 100) + '%'];
    return reasons[id] ? [reasons[id]] : ['je bent in ', whole(id)];
  }

  const whole = (id) => make('span', { className: 'panel__whole' }, labelOf(id));

  /** The plain segments of a list that hold. */
  const hits = (list) => (list || '').split(/\s+/).filter((id) => id && state && state.segments.includes(id));

  // What the visitor sees in each slot of this page: a variant, the default, or that they are held out.
  const decisions = {};
  for (const id of new Set([...document.querySelectorAll('[data-fg-slot]')].map((slot) => slot.dataset.fgSlot))) {
    window.firstglance('decide', id, (decision) => {
      decisions[id] = decision;
      planChanges();
    });
  }

  function slotLine(slot) {
    const decision = decisions[slot.dataset.fgSlot];
    const name = slot.dataset.blockName || slot.dataset.fgSlot;
    if (slot.dataset.fgVariant) {
      const variant = slot.dataset.fgVariant;
      const why = slot.getAttribute('data-why-' + variant);
      return [name, variant, why ? [why] : reasonOf(variant)];
    }
    if (decision && decision.kind === 'control') {
      return [name, '', ['je hoort bij de kleine groep die ziet wat iedereen ziet, om te meten of het helpt']];
    }
    if (decision && decision.kind === 'variant') return [name, decision.variant, ['dit verandert op de volgende pagina, zodat nu niets verspringt']];
    return null;
  }

  /** What differs from what everybody sees: the block, the segment or variant, and why. */
  function lineOf(element) {
    const { dataset } = element;
    const name = dataset.blockName || 'Een blok';
    if (dataset.fgSlot) return slotLine(element);
    if (dataset.fgShow) {
      if (element.hidden || getComputedStyle(element).visibility === 'hidden') return null;
      const ids = hits(dataset.fgShow);
      return ids.length ? [name, ids.join(' '), reasonOf(ids[0])] : null;
    }
    if (dataset.fgHide) {
      const ids = hits(dataset.fgHide);
      return element.hidden && ids.length ? [name + ' is weggelaten', ids.join(' '), reasonOf(ids[0])] : null;
    }
    if (dataset.fgSort) {
      const places = [...element.children].map((item) => Number(item.dataset.place));
      const first = element.children[0];
      const moved = places.some((place, at) => at && place < places[at - 1]);
      return moved ? [name, '', ['wat jou het meest interesseert staat voorop: ' + first.dataset.fgTopic]] : null;
    }
    if (dataset.fgText) {
      return element.textContent !== dataset.default ? [name, '', ['dit onderwerp bekijk je het meest']] : null;
    }
    return null;
  }

  // Reads from the page itself which blocks differ from what everybody sees.
  function showChanges() {
    const lines = [];
    for (const element of document.querySelectorAll('[data-fg-slot]:not(template), [data-fg-show], [data-fg-hide], [data-fg-sort], [data-fg-text]')) {
      const line = lineOf(element);
      if (!line) continue;
      const [block, segment, why] = line;
      lines.push(make('li', { 'data-block': block, 'data-segment': segment }, make('strong', {}, block), ': ', ...why, '.'));
    }
    if (!lines.length) lines.push(plain('Op deze pagina niets: je ziet wat iedereen ziet.'));
    const text = (items) => [...items].map((item) => item.textContent).join('\n');
    // Only a real change is written, or a screen reader would hear the list again and again.
    if (text(lines) !== text(changes.children)) changes.replaceChildren(...lines);
  }

  let planned = false;
  function planChanges() {
    if (planned) return;
    planned = true;
    setTimeout(() => {
      planned = false;
      showChanges();
    }, 30);
  }

  function showStatus() {
    let text;
    if (!state) text = 'Firstglance is hier niet geladen. Er wordt niets bijgehouden en de winkel werkt gewoon.';
    else if (justForgotten) text = 'Je bent vergeten. Wat we van je wisten, is gewist.';
    else text = (consentOf(state.consent) || ['', '', ''])[2];
    if (status.textContent !== text) status.textContent = text;
  }

  function update(next) {
    // A state with something in it again ends the message that everything is gone.
    if (justForgotten && state && next.pageViews > state.pageViews) justForgotten = false;
    state = next;
    root.dataset.state = state.consent === 'denied' ? 'denied' : 'live';
    showStatus();
    showInterests();
    const chips = state.segments.map((id) => make('li', { 'data-segment': id }, labelOf(id)));
    segments.replaceChildren(...(chips.length ? chips : [plain('Nog in geen enkel segment.')]));
    showFacts();
    showChanges();
  }

  toggle.addEventListener('click', () => setOpen(!root.classList.contains('is-open')));
  forget.addEventListener('click', () => {
    window.firstglance('forget');
    justForgotten = Boolean(state);
    showStatus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !root.classList.contains('is-open')) return;
    const inside = root.contains(document.activeElement);
    setOpen(false);
    if (inside) toggle.focus();
  });
  wide.addEventListener('change', () => setOpen(wide.matches));

  setOpen(wide.matches);
  showInterests();
  segments.replaceChildren(plain('Nog in geen enkel segment.'));
  document.body.append(root);
  showChanges();

  new MutationObserver(planChanges).observe(document.documentElement, {
    subtree: true, attributes: true, attributeFilter: ['data-fg-variant', 'hidden', 'data-fg-segments'], childList: true,
  });
  window.firstglance('onSegments', update);

  // Blocked, offline or switched off: after a fair wait the panel says so.
  function sayAbsent() {
    if (state) return;
    root.dataset.state = 'absent';
    showStatus();
  }
  const tag = document.querySelector('script[data-site]');
  if (tag) tag.addEventListener('error', sayAbsent);
  if (document.readyState === 'complete') setTimeout(sayAbsent, 4000);
  else window.addEventListener('load', () => setTimeout(sayAbsent, 4000));
})();

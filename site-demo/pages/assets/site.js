/*
 * Behaviour of the shop itself: menu, current page in the navigation, contact form, plan choice.
 * It never needs Firstglance, stores nothing and sends nothing.
 */
'use strict';

// Calls made before the Firstglance script has arrived wait in this queue.
window.firstglance = window.firstglance || function () {
  (window.firstglance.q = window.firstglance.q || []).push(arguments);
};

(function navigation() {
  const button = document.getElementById('menu-knop');
  const nav = document.getElementById('hoofdmenu');
  if (!button || !nav) return;

  function setOpen(open) {
    button.setAttribute('aria-expanded', String(open));
    nav.classList.toggle('is-open', open);
  }
  button.addEventListener('click', () => setOpen(button.getAttribute('aria-expanded') !== 'true'));
  nav.parentElement.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && nav.classList.contains('is-open')) {
      setOpen(false);
      button.focus();
      event.stopPropagation();
    }
  });

  // The header is the same in every file, so the current entry is marked here.
  for (const link of nav.querySelectorAll('a')) {
    const path = new URL(link.href).pathname;
    if (path === location.pathname) link.setAttribute('aria-current', 'page');
    else if (location.pathname.startsWith(path)) link.setAttribute('aria-current', 'true');
  }
})();

(function contactForm() {
  const form = document.getElementById('contactformulier');
  if (!form) return;
  const thanks = document.getElementById('contact-dank');
  const submit = form.querySelector('button[type="submit"]');
  // Without this script the form could not answer, so the button starts out disabled.
  submit.disabled = false;

  const wanted = new URLSearchParams(location.search).get('onderwerp');
  const subject = form.elements.namedItem('onderwerp');
  if (wanted && [...subject.options].some((option) => option.value === wanted)) subject.value = wanted;

  const missing = {
    naam: 'Vul je naam in.',
    email: 'Vul je e-mailadres in, dan kunnen we antwoorden.',
    onderwerp: 'Kies waar je vraag over gaat.',
    bericht: 'Schrijf kort waarmee we je kunnen helpen.',
    akkoord: 'Vink dit aan, anders mogen we je niet antwoorden.',
  };

  function message(field) {
    const state = field.validity;
    if (state.valid) return '';
    if (state.valueMissing) return missing[field.name] || 'Vul dit veld in.';
    if (state.typeMismatch) return 'Dit lijkt geen e-mailadres. Bedoel je iets als naam@voorbeeld.nl?';
    if (state.tooShort) return 'Dit is wat kort. Vertel iets meer, dan helpen we je sneller.';
    if (state.patternMismatch) return 'Gebruik alleen cijfers, spaties, + en -.';
    return 'Kijk dit veld nog eens na.';
  }

  function show(field) {
    const text = message(field);
    document.getElementById(field.id + '-fout').textContent = text;
    if (text) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
  }

  // The browser fires "invalid" instead of "submit" while something is wrong: the messages are shown
  // in the page, in Dutch, in place of the browser's own bubbles.
  let first = null;
  form.addEventListener('invalid', (event) => {
    event.preventDefault();
    show(event.target);
    if (!first) {
      first = event.target;
      first.focus();
      setTimeout(() => { first = null; });
    }
  }, true);
  form.addEventListener('focusout', (event) => {
    if (event.target.name && event.target.value) show(event.target);
  });
  form.addEventListener('input', (event) => {
    if (event.target.hasAttribute('aria-invalid')) show(event.target);
  });
  form.addEventListener('change', (event) => {
    if (event.target.hasAttribute('aria-invalid')) show(event.target);
  });

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    form.hidden = true;
    thanks.hidden = false;
    thanks.focus();
  });
})();

(function planChoice() {
  const status = document.getElementById('plan-gekozen');
  if (!status) return;
  for (const button of document.querySelectorAll('button[data-fg-prop-plan]')) {
    button.addEventListener('click', () => {
      const line = document.createElement('p');
      const link = document.createElement('a');
      link.href = '/contact/?onderwerp=onderhoud';
      link.textContent = 'Laat je gegevens achter';
      line.append('Goede keuze: ' + button.dataset.fgPropPlan + '. ', link, ', dan plannen we de eerste beurt.');
      status.replaceChildren(line);
    });
  }
})();

/*
 * The shop's own search: reads ?q= from the address, ranks the entries of zoekindex.json and shows them.
 * What the visitor typed only ever reaches the page as text, never as markup, and never leaves the browser.
 */
'use strict';

(function search() {
  const list = document.getElementById('zoekresultaten');
  const count = document.getElementById('zoek-aantal');
  const empty = document.getElementById('zoek-leeg');
  const meant = document.getElementById('zoek-bedoelde');
  const input = document.getElementById('zoek-pagina');
  const query = (new URLSearchParams(location.search).get('q') || '').slice(0, 200);

  // Words that say nothing about what somebody is looking for.
  const stopWords = new Set(['de', 'het', 'een', 'en', 'of', 'voor', 'met', 'van', 'in', 'op', 'naar', 'ik', 'mijn', 'je', 'te', 'is', 'wat', 'welke', 'hoe']);

  // Lower case without accents; a hyphen inside a word vanishes, so that "e-bike" and "ebike" meet.
  // map[i] is the place in the original text where folded character i came from.
  function fold(text) {
    let folded = '';
    const map = [];
    for (let i = 0; i < text.length; i++) {
      const plain = text[i].normalize('NFD').replace(/[\u0300-\u036f]/g, '').toLowerCase();
      const inWord = /[-\u2010\u2011'\u2019]/.test(text[i]) && /[\p{L}\p{N}]/u.test(text[i - 1] || '') && /[\p{L}\p{N}]/u.test(text[i + 1] || '');
      if (inWord) continue;
      for (const letter of plain) {
        folded += letter;
        map.push(i);
      }
    }
    return { folded, map };
  }

  function words(text) {
    return fold(text).folded.match(/[\p{L}\p{N}]+/gu) || [];
  }

  // A light Dutch stem: kinderfietsen, kinderfiets; accu's, accu. Long words only.
  function stem(word) {
    if (word.length > 5 && word.endsWith('en')) return word.slice(0, -2);
    if (word.length > 4 && word.endsWith('s')) return word.slice(0, -1);
    return word;
  }

  // How well one field answers one term: whole word, start of a word, or inside a compound.
  function fieldScore(fieldWords, term) {
    let best = 0;
    const root = stem(term);
    for (const word of fieldWords) {
      if (word === term) return 1;
      if (stem(word) === root) best = Math.max(best, 0.9);
      else if (root.length > 1 && word.startsWith(root)) best = Math.max(best, 0.7);
      else if (root.length > 3 && word.includes(root)) best = Math.max(best, 0.4);
    }
    return best;
  }

  const weights = { title: 10, category: 6, keywords: 5, text: 2 };

  function rank(index, terms) {
    const found = [];
    for (const entry of index) {
      let total = 0;
      let hits = 0;
      for (const term of terms) {
        let score = 0;
        for (const field of Object.keys(weights)) score += weights[field] * fieldScore(entry.words[field], term);
        if (score > 0) hits++;
        total += score;
      }
      if (hits) found.push({ entry, hits, total });
    }
    // Entries that answer every term come first; those with a part of them only when nothing has all.
    const most = Math.max(0, ...found.map((hit) => hit.hits));
    return found.filter((hit) => hit.hits === most)
      .sort((a, b) => b.total - a.total || a.entry.title.localeCompare(b.entry.title, 'nl'));
  }

  // Puts text into element with the terms marked, by text nodes only.
  function highlight(element, text, terms) {
    const { folded, map } = fold(text);
    const marks = new Array(text.length).fill(false);
    for (const match of folded.matchAll(/[\p{L}\p{N}]+/gu)) {
      for (const term of terms) {
        const part = match[0].includes(term) ? term : stem(term);
        const at = match[0].indexOf(part);
        if (at < 0 || part.length < 2 || (at > 0 && part.length < 4)) continue;
        const from = map[match.index + at];
        const to = map[match.index + at + part.length - 1];
        marks.fill(true, from, to + 1);
      }
    }
    let start = 0;
    for (let i = 1; i <= text.length; i++) {
      if (i < text.length && marks[i] === marks[start]) continue;
      const piece = text.slice(start, i);
      if (marks[start]) {
        const mark = document.createElement('mark');
        mark.textContent = piece;
        element.append(mark);
      } else {
        element.append(piece);
      }
      start = i;
    }
  }

  function resultItem(entry, terms) {
    const item = document.createElement('li');
    item.className = 'result tint-' + entry.slug;
    const picture = document.createElement('img');
    picture.src = entry.image;
    picture.alt = '';
    picture.width = 104;
    picture.height = 78;
    const body = document.createElement('div');
    const title = document.createElement('h2');
    const link = document.createElement('a');
    link.href = entry.url;
    highlight(link, entry.title, terms);
    title.append(link);
    const meta = document.createElement('p');
    meta.className = 'result__meta';
    meta.textContent = [entry.kind, entry.category, entry.price].filter(Boolean).join(' · ');
    const text = document.createElement('p');
    highlight(text, entry.text, terms);
    body.append(title, meta, text);
    item.append(picture, body);
    return item;
  }

  // Edit distance between two words, for "did you mean".
  function distance(a, b) {
    let row = Array.from({ length: b.length + 1 }, (_, i) => i);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
      }
      row = next;
    }
    return row[b.length];
  }

  function didYouMean(index, terms) {
    const vocabulary = new Set(index.flatMap((entry) => [...entry.words.title, ...entry.words.category, ...entry.words.keywords]));
    let changed = false;
    const better = terms.map((term) => {
      let best = term;
      let least = Math.min(3, Math.ceil(term.length / 3));
      for (const word of vocabulary) {
        if (word.length < 4) continue;
        const d = distance(term, word);
        if (d > 0 && d < least) {
          least = d;
          best = word;
        }
      }
      changed = changed || best !== term;
      return best;
    });
    return changed ? better.join(' ') : '';
  }

  function showEmpty(index, terms) {
    empty.hidden = false;
    const guess = didYouMean(index, terms);
    if (!guess) return;
    const link = document.createElement('a');
    link.href = '/zoeken/?q=' + encodeURIComponent(guess);
    link.textContent = guess;
    meant.append('Bedoelde je ', link, '?');
    meant.hidden = false;
  }

  // The page starts out busy: what stands below the results waits until they have pushed it to its place.
  const area = document.getElementById('zoekresultaten-vak');

  input.value = query;
  if (!query.trim()) {
    area.classList.remove('is-busy');
    count.textContent = 'Typ een zoekwoord, dan zoeken we in alle fietsen en artikelen.';
    return;
  }
  document.title = 'Zoeken: ' + query + ' | Wielrijk';
  count.textContent = 'Bezig met zoeken…';

  fetch('/assets/zoekindex.json')
    .then((response) => {
      if (!response.ok) throw new Error('index ' + response.status);
      return response.json();
    })
    .then((index) => {
      for (const entry of index) {
        entry.words = {
          title: words(entry.title),
          category: words(entry.category),
          keywords: words(entry.keywords),
          text: words(entry.text),
        };
      }
      const all = words(query);
      const useful = all.filter((word) => !stopWords.has(word));
      const terms = useful.length ? useful : all;
      const hits = terms.length ? rank(index, terms) : [];
      const amount = hits.length === 0 ? 'Geen resultaten' : hits.length === 1 ? '1 resultaat' : hits.length + ' resultaten';
      count.textContent = amount + ' voor “' + query + '”';
      for (const hit of hits) list.append(resultItem(hit.entry, terms));
      if (!hits.length) showEmpty(index, terms);
    })
    .catch(() => {
      count.textContent = 'Zoeken lukt nu even niet. Probeer het zo nog eens.';
    })
    .finally(() => area.classList.remove('is-busy'));
})();

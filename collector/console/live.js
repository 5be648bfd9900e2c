/*
 * Live: puts what the stream tells at the top of the table, as texts and never as markup. Keeps to so many
 * rows, stops while somebody reads, and is silent to screen readers unless it is asked to speak. Without
 * this the page shows the latest events as they were when it was made. And takes along what stands in a
 * frame for copying.
 */
import { within } from './within.js';

/** A cell with content: elements, or a text. */
function cell(content, className = '') {
  const made = document.createElement('td');
  if (className) made.className = className;
  made.append(content);
  return made;
}

function isolated(text, className = '') {
  const made = document.createElement('bdi');
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

/** The row of an event. */
function row({ id, visitor, href, at, time, kind, path, pieces }) {
  const made = document.createElement('tr');
  made.dataset.id = id;
  if (/^[a-z]+$/.test(kind)) made.className = `event-${kind}`;
  const moment = document.createElement('time');
  moment.dateTime = at;
  moment.textContent = time;
  const link = document.createElement('a');
  // The server's own addresses alone: whatever else it said would be an error.
  if (href.startsWith('/console/')) link.href = href;
  link.append(isolated(visitor));
  const sentence = cell('', 'sentence');
  for (const { ours, theirs } of pieces) sentence.append(ours ?? isolated(theirs, 'theirs'));
  made.append(cell(moment), cell(link, 'short'), sentence, cell(isolated(path), 'path'));
  return made;
}

function follow(section) {
  const { most, connected, lost, refused, paused, pause, resume, leftOut, unknown } = section.dataset;
  const rows = section.querySelector('[data-rows]');
  const state = section.querySelector('[data-state]');
  const aloud = section.querySelector('[data-aloud]');
  const button = section.querySelector('[data-pause]');
  let waiting = [];
  let missed = 0;
  let isPaused = false;
  let text = state.textContent;
  section.querySelector('.live-controls').hidden = false;

  const tell = () => {
    state.textContent = isPaused ? paused + (waiting.length + missed) : text;
  };
  const say = (next) => {
    text = next;
    tell();
  };
  const show = (made) => {
    rows.prepend(made);
    while (rows.rows.length > Number(most)) rows.lastElementChild.remove();
    section.querySelector('[data-empty]')?.remove();
    if (aloud.getAttribute('aria-live') === 'polite') aloud.textContent = made.querySelector('.sentence').textContent;
  };
  const take = (made) => {
    if (!isPaused) return show(made);
    waiting.push(made);
    if (waiting.length > Number(most)) {
      waiting.shift();
      missed++;
    }
    tell();
  };
  const without = ({ data }) => {
    const { count } = JSON.parse(data);
    const made = document.createElement('tr');
    const only = cell(leftOut + (count ?? unknown), 'sentence quiet');
    only.colSpan = 4;
    made.append(only);
    take(made);
  };

  const source = new EventSource(section.dataset.live);
  source.addEventListener('open', () => say(connected));
  source.addEventListener('message', ({ data }) => {
    const event = JSON.parse(data);
    if (!rows.querySelector(`[data-id="${CSS.escape(event.id)}"]`)) take(row(event));
  });
  source.addEventListener('dropped', without);
  source.addEventListener('gap', without);
  source.addEventListener('end', () => say(lost));
  source.addEventListener('error', () => say(source.readyState === EventSource.CLOSED ? refused : lost));
  // A page that was left does not hold a place among those who listen.
  addEventListener('pagehide', () => source.close());

  button.addEventListener('click', () => {
    isPaused = !isPaused;
    button.textContent = isPaused ? resume : pause;
    if (!isPaused) {
      waiting.forEach(show);
      waiting = [];
      missed = 0;
    }
    tell();
  });
  section.querySelector('[data-announce]').addEventListener('change', ({ target }) => {
    aloud.setAttribute('aria-live', target.checked ? 'polite' : 'off');
  });
}

/** Offers to copy, where the browser lets a page do so. */
function offer(part) {
  if (!navigator.clipboard) return;
  for (const button of within(part, '[data-copy]')) button.hidden = false;
}

export function live() {
  const section = document.querySelector('[data-live]');
  if (section) follow(section);
  offer(document);
  document.addEventListener('htmx:load', (event) => offer(event.detail.elt));
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('[data-copy]');
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.done;
    document.getElementById('announcements').textContent = button.dataset.done;
  });
}

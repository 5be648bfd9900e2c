/*
 * The editor of conditions: a list of what can stand at the cursor, by keyboard or pointer; marks what is
 * wrong; and makes an id of a label. What there is to complete stands in the page. Without this the editor
 * is a text field whose mistakes are told when it is saved.
 */
import { within } from './within.js';

const MOST = 12;

/** What stands before the cursor: the word that is being written, and in whose quotes it stands. */
export function place(text, at) {
  const before = text.slice(0, at);
  const quoted = before.match(/([A-Za-z_]+)\s*(?:\(|[=!]=|\.\w+\()\s*"([^"\\]*)$/);
  if (quoted) return { within: quoted[1], word: quoted[2], from: at - quoted[2].length };
  // Within other quotes there is nothing to complete: an odd number of them is open.
  if ((before.match(/"/g) ?? []).length % 2) return null;
  const word = before.match(/[A-Za-z_.][\w.]*$/)?.[0] ?? '';
  const point = word.lastIndexOf(').');
  return { within: '', word: point < 0 ? word : word.slice(point + 1), from: at - word.length };
}

/** The ones that fit: those that begin with the word first, then those that have it somewhere. */
export function fitting(all, { within, word }) {
  const wanted = word.toLowerCase();
  const ranked = [];
  for (const one of all) {
    if (one.within !== within) continue;
    const found = one.text.toLowerCase().indexOf(wanted);
    const told = wanted.length > 1 && found < 0 ? one.what.toLowerCase().indexOf(wanted) : -1;
    if (found >= 0) ranked.push([found === 0 ? 0 : 1, one]);
    else if (told >= 0) ranked.push([2, one]);
  }
  ranked.sort(([first], [second]) => first - second);
  return ranked.slice(0, MOST).map(([, one]) => one);
}

class Completion {
  constructor(field) {
    this.field = field;
    this.list = document.createElement('ul');
    this.list.id = `${field.id}-completions`;
    this.list.className = 'completions';
    this.list.setAttribute('role', 'listbox');
    this.list.hidden = true;
    field.after(this.list);
    // It stays a text field of several lines, which a combobox is not.
    field.setAttribute('aria-autocomplete', 'list');
    field.setAttribute('aria-haspopup', 'listbox');
    field.setAttribute('aria-controls', this.list.id);
    this.said = document.getElementById('announcements');
    this.list.setAttribute('aria-label', field.labels?.[0]?.textContent.trim() || field.name);
    const options = document.getElementById(field.dataset.words)?.options ?? [];
    this.all = [...options].map((option) => ({
      text: option.value,
      what: option.textContent,
      within: option.dataset.within,
    }));
    field.addEventListener('keydown', (event) => this.key(event));
    field.addEventListener('input', () => this.look(false));
    field.addEventListener('blur', () => this.close());
    this.list.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      const item = event.target.closest('li');
      if (item) this.take(Number(item.dataset.number));
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Shows what fits; unasked only where something is being written. */
  look(asked) {
    this.at = place(this.field.value, this.field.selectionStart);
    this.found = this.at && (asked || this.at.word || this.at.within) ? fitting(this.all, this.at) : [];
    // What is written out already needs no list.
    if (!asked && this.found.length === 1 && this.found[0].text === this.at.word) this.found = [];
    if (!this.found.length) return this.close();
    this.list.replaceChildren(
      ...this.found.map((one, number) => {
        const item = document.createElement('li');
        item.id = `${this.list.id}-${number}`;
        item.setAttribute('role', 'option');
        item.dataset.number = number;
        const [text, what] = [document.createElement('code'), document.createElement('span')];
        text.textContent = one.text;
        what.textContent = one.what;
        item.append(text, what);
        return item;
      }),
    );
    this.list.hidden = false;
    // A text field cannot say that its list is open.
    if (asked && this.said) this.said.textContent = `${this.found.length}: ${this.found[0].text}`;
    // Unasked, nothing is chosen, so that Enter is a line break.
    this.choose(asked ? 0 : -1);
  }

  choose(number) {
    this.chosen = number;
    [...this.list.children].forEach((item, place) => {
      item.setAttribute('aria-selected', String(place === number));
    });
    const item = this.list.children[number];
    if (item) {
      this.field.setAttribute('aria-activedescendant', item.id);
      item.scrollIntoView({ block: 'nearest' });
    } else this.field.removeAttribute('aria-activedescendant');
  }

  close() {
    this.list.hidden = true;
    this.chosen = -1;
    this.field.removeAttribute('aria-activedescendant');
  }

  take(number) {
    const one = this.found[number];
    if (!one) return;
    this.field.setRangeText(one.text, this.at.from, this.field.selectionStart, 'end');
    this.close();
    this.field.dispatchEvent(new Event('input', { bubbles: true }));
    this.close();
  }

  key(event) {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      return this.look(true);
    }
    if (!this.isOpen) return;
    const last = this.found.length - 1;
    switch (event.key) {
      case 'ArrowDown':
        this.choose(this.chosen >= last ? 0 : this.chosen + 1);
        break;
      case 'ArrowUp':
        this.choose(this.chosen <= 0 ? last : this.chosen - 1);
        break;
      case 'Enter':
        if (this.chosen < 0) return this.close();
        this.take(this.chosen);
        break;
      case 'Escape':
        this.close();
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Puts the cursor where something is wrong. */
function lead(form, { line, column }) {
  const field = form.querySelector('textarea[name=when]');
  const lines = field.value.split('\n');
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  // Columns are of characters, of which some take two places here.
  const at = before + [...(lines[line - 1] ?? '')].slice(0, column - 1).join('').length;
  field.focus();
  field.setSelectionRange(at, at);
}

const slug = (text) =>
  text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');

function edit(form) {
  if (form.dataset.ready) return;
  form.dataset.ready = 'true';
  for (const field of form.querySelectorAll('textarea[data-words]')) new Completion(field);
  const id = form.querySelector('input[data-slug-of]');
  const label = id && form.elements[id.dataset.slugOf];
  let made = id?.value;
  label?.addEventListener('input', () => {
    if (id.value && id.value !== made) return;
    made = slug(label.value);
    id.value = made;
  });
  form.addEventListener('click', (event) => {
    const place = event.target.closest('button.place');
    if (place) lead(form, { line: Number(place.dataset.line), column: Number(place.dataset.column) });
  });
  form.addEventListener('htmx:afterSwap', (event) => {
    const told = event.target.id === 'problems' && event.target.querySelector('[data-problems]');
    if (!told) return;
    const field = form.querySelector('textarea[name=when]');
    if (told.dataset.problems === '0') field.removeAttribute('aria-invalid');
    else field.setAttribute('aria-invalid', 'true');
  });
}

export function editors(part) {
  for (const form of within(part, 'form[data-editor]')) edit(form);
}

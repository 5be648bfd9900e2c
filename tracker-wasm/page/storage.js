/*
 * What the browser keeps for this site: names under `fg:<write key>:`. On the disk where consent
 * allows it and the browser can, else in the memory of the page. Never keeps anything on the disk
 * before it is told to.
 *
 * In `localStorage`, not in IndexedDB: it answers at once, also to a page that is being left, where
 * IndexedDB answers later or never, and costs a quarter of the time (`cargo xtask bench page`).
 */
import { site } from './given.js';

const PREFIX = 'fg:' + site + ':';
const memory = {};
let disk;

/** Allows or ends the use of the disk. What is in memory moves there. */
export function persist(allowed) {
  disk = allowed;
  if (disk) for (const name in memory) write(name, memory[name]);
}

/** With `always`, also where the disk may not be used. */
export function read(name, always) {
  try {
    return memory[name] || ((always || disk) && localStorage.getItem(PREFIX + name)) || '';
  } catch {
    return '';
  }
}

export function write(name, value, always) {
  memory[name] = value;
  try {
    if (!always && !disk) return;
    localStorage.setItem(PREFIX + name, value);
    delete memory[name];
  } catch {}
}

export function remove(name) {
  delete memory[name];
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {}
}

/** The names that start so, in order: in memory and, whatever is allowed now, on the disk. */
export function names(start) {
  const all = [];
  const add = (name) => name.startsWith(start) && all.push(name);
  for (const name in memory) add(name);
  try {
    for (const key in localStorage) if (key.startsWith(PREFIX)) add(key.slice(PREFIX.length));
  } catch {}
  return all.sort();
}

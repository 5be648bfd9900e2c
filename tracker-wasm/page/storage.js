/*
 * What the browser keeps for this site: names under `fg:<write key>:`. On the disk where consent
 * allows it and the browser can, else in the memory of the page. Never keeps anything on the disk
 * before it is told to.
 */
const memory = {};
let prefix, disk;

export const open = (site) => {
  prefix = 'fg:' + site + ':';
};

/** Allows or ends the use of the disk. What is in memory moves there. */
export function persist(allowed) {
  disk = 0;
  try {
    disk = allowed && localStorage;
  } catch {}
  if (disk) Object.keys(memory).forEach((name) => write(name, memory[name]));
}

/** With `always`, also where the disk may not be used. */
export function read(name, always) {
  try {
    return memory[name] || (always ? localStorage : disk).getItem(prefix + name) || '';
  } catch {
    return '';
  }
}

export function write(name, value, always) {
  try {
    (always ? localStorage : disk).setItem(prefix + name, value);
    delete memory[name];
  } catch {
    memory[name] = value;
  }
}

export function remove(name) {
  delete memory[name];
  try {
    localStorage.removeItem(prefix + name);
  } catch {}
}

/** The names that start so, in order: in memory and, whatever is allowed now, on the disk. */
export function names(start) {
  let all = Object.keys(memory);
  try {
    all = all.concat(Object.keys(localStorage)
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length)));
  } catch {}
  return all.filter((name) => name.startsWith(start)).sort();
}

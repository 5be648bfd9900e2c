/*
 * How the site's owner wants it: attributes of the script tag, else what comes with the model.
 * Never decides what an option means.
 */
import { tag } from './given.js';
import { read } from './storage.js';

let values;

/** There are others now. */
export const forgetOptions = () => {
  values = 0;
};

/** An option's text, by the name it has in the configuration; nothing where nobody gave one. */
export function option(name) {
  values = values || new URLSearchParams(read('options', 1));
  return tag.getAttribute('data-' + name.replace('_', '-')) ?? values.get(name);
}

/** Whether an option is on; `unless` where nobody says. */
export function on(name, unless) {
  const value = option(name);
  return value == null ? unless : !/^(0|false|off|no)$/.test(value);
}

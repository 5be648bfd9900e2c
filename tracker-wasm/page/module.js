/*
 * The engine's module as the rest of the script calls it: numbers pass as they are, texts at one
 * place in its memory, see `../src/exports.rs`. Never knows what they mean.
 */

/** Bytes in use from which the module should begin again: it never frees any by itself. */
const MOST = 2e6;

const encoder = new TextEncoder(), decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What the module exports. */
export let wasm;

/** Begins, with the module's bytes. */
export default async (bytes) => {
  wasm = (await WebAssembly.instantiate(bytes)).instance.exports;
};

const view = (address, length) => new Uint8Array(wasm.memory.buffer, address, length);

/** Gives a text, which the next call takes. */
export function give(text) {
  const bytes = encoder.encode(text);
  // Before the view: making room may replace the memory.
  const address = wasm.room(bytes.length);
  view(address, bytes.length).set(bytes);
}

/** The text that a call has answered, of so many bytes. */
export const taken = (length) => decoder.decode(view(wasm.text(), length));

/** A profile, and a model; without one, that which is there. Whether there is one then. */
export function load(profile, model) {
  if (model) {
    wasm.forget();
    give(model);
    wasm.model();
  }
  give(profile);
  return !!wasm.profile();
}

export const save = () => taken(wasm.save());

export function take_in(at, fields, ...numbers) {
  give(fields);
  wasm.take(at, ...numbers);
}

export const snapshot = (at) => taken(wasm.snapshot(at));

/** What a call answers that some modules have, given a text or nothing. */
export function query(name, text) {
  if (text) give(text);
  return wasm[name] && taken(wasm[name]());
}

/** Whether it should begin again. */
export const full = () => wasm.room(1) > MOST;

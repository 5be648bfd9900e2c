/*
 * Firstglance for pages that are built from modules: `init` adds the script tag and gives back the
 * calls that a page can make, also before the script is there. On a server, where there is no page,
 * all of it does nothing. Never captures, stores or sends anything: that is the script's.
 */

const DEFAULT_NAME = 'firstglance';

/** Instances of this page, by the name of their global function. */
const instances = new Map();

/** Where scripts may come from under the policy's name: the folders of those that `init` was called for. */
const folders = new Set();
/** The script that is brought needs a policy as well, and a page may allow only one of a name. */
const POLICY = Symbol.for('firstglance.policy');

const nothing = () => {};

/** `hashRoutes` as the script tag has it: `data-hash-routes`. */
const attributeOf = (option) => 'data-' + option.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase());

/** An option as text: an empty attribute would leave open whether it says yes or no. */
function textOf(value) {
  if (Array.isArray(value)) return value.map(encodeURIComponent).join();
  return typeof value == 'boolean' ? String(+value) : String(value);
}

/** The address as the page's policy wants it. Where nothing demands trusted types, making a policy is free. */
function trusted(address) {
  folders.add(new URL('.', address).href);
  try {
    const policy = window[POLICY] = window[POLICY] || window.trustedTypes.createPolicy('firstglance', {
      createScriptURL(wanted) {
        const { href } = new URL(wanted);
        if (folders.has(new URL('.', href).href)) return href;
        throw new TypeError('firstglance: no script of its own: ' + href);
      },
      // Of the owner's variants, which are looked through before they are shown.
      createHTML: (markup) => markup,
    });
    return policy.createScriptURL(address);
  } catch {
    // An old browser, or a policy that does not know the name; then the page's default policy decides.
    return address;
  }
}

function addScript({ src, site, consent, name, nonce, ...options }) {
  const script = document.createElement('script');
  script.async = true;
  // Whoever lets one script of the page in with a nonce lets in this one, which that script asks for.
  const known = nonce || document.querySelector('script[nonce]')?.nonce;
  if (known) script.nonce = known;
  const attributes = { site, consent, name: name == DEFAULT_NAME ? undefined : name, ...options };
  for (const [option, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) script.setAttribute(attributeOf(option), textOf(value));
  }
  script.src = trusted(new URL(src, document.baseURI).href);
  (document.head || document.documentElement).append(script);
}

/** Whether the page has the tag already: pasted into its HTML, or by another copy of this module. */
const isThere = (site, name) => [...document.scripts].some(({ dataset }) =>
  dataset.site == site && (dataset.name || DEFAULT_NAME) == name);

/** One subscription for all listeners: those of components come and go with each of their lives. */
function listened(subscribe) {
  const listeners = new Set();
  let last, subscribed;
  const tell = (entry) => {
    try {
      entry.listener(...last);
    } catch (error) {
      // A mistake of the page's: its author should see it, and the other listeners not suffer.
      console.error(error);
    }
  };
  return (listener) => {
    // The same function given twice is two subscriptions, and each is ended by itself.
    const entry = { listener };
    listeners.add(entry);
    if (last) tell(entry);
    if (!subscribed) {
      subscribed = true;
      subscribe((...next) => {
        last = next;
        [...listeners].forEach(tell);
      });
    }
    return () => void listeners.delete(entry);
  };
}

/** The calls, by a function that takes them as the global function does. */
function bind(call) {
  const decided = new Map();
  const onDecision = (slot, listener) => {
    if (!decided.has(slot)) decided.set(slot, listened((tell) => call('decide', slot, tell)));
    return decided.get(slot)(listener);
  };
  return Object.freeze({
    track: (name, properties) => call('track', name, properties),
    identify: (userId, traits) => call('identify', userId, traits),
    page: () => call('page'),
    consent: (state) => call('consent', state),
    forget: () => call('forget'),
    onSegments: listened((tell) => call('onSegments', tell)),
    onInterest: listened((tell) => call('onInterest', tell)),
    onStage: listened((tell) => call('onStage', tell)),
    decide: (slot, listener) => (listener ? onDecision(slot, listener)
      : new Promise((resolve) => {
        const stop = onDecision(slot, (decision) => {
          resolve(decision);
          // Told at once, there is nothing to stop yet.
          Promise.resolve().then(() => stop());
        });
      })),
  });
}

/** What everybody sees, which is what a server renders. */
const onServer = Object.freeze({
  ...bind(nothing),
  onSegments: () => nothing,
  onInterest: () => nothing,
  onStage: () => nothing,
  decide: (slot, listener) =>
    (listener ? nothing : Promise.resolve({ slot, kind: 'default', variant: null, html: null, fields: {} })),
});

export function init(options) {
  if (typeof window == 'undefined' || typeof document == 'undefined') return onServer;
  const { src, site, name = DEFAULT_NAME } = options || {};
  const before = instances.get(name);
  if (before) {
    if (site != before.site) {
      console.error(`firstglance: init was called for the site "${before.site}" and again for "${site}". ` +
        `A second site on one page needs a name of its own: init({ …, name: 'second' }).`);
    }
    return before.calls;
  }
  // Here, and not by the script, so that calls are kept while it is on its way.
  const queue = window[name] = window[name] || function () {
    (queue.q = queue.q || []).push(arguments);
  };
  const calls = bind((...given) => void window[name](...given));
  instances.set(name, { site, calls });
  if (!src || !site) {
    console.error(`firstglance: init needs ${src ? 'site, the write key of your site' : 'src, the address of your collector’s fg.js'}: ` +
      `init({ src: 'https://data.example.nl/fg.js', site: 'my-shop' }).`);
  } else if (!isThere(site, name)) {
    try {
      addScript({ ...options, name });
    } catch (error) {
      // A policy of the page, or an address that is none: the page goes on without.
      console.error(error);
    }
  }
  return calls;
}

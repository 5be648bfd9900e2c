/*
 * Takes consent from a tool that the site has already: Google Consent Mode, or a platform that
 * speaks the IAB's Transparency and Consent Framework. Never asks the visitor anything itself.
 */
import * as kit from './kit.js';

/** Google: what is stored for analytics decides; without a word about it nothing is known. */
function google() {
  const layer = window.dataLayer = window.dataLayer || [];
  let storage;
  const look = (entry) => {
    // `gtag` pushes its arguments.
    if (!entry || entry[0] != 'consent' || !/^(default|update)$/.test(entry[1])) return;
    const said = entry[2] && entry[2].analytics_storage;
    if (!said || said == storage) return;
    storage = said;
    kit.run(kit.signal, said == 'granted' ? 'granted' : 'denied', 1);
  };
  layer.forEach(look);
  const push = layer.push;
  layer.push = function (...entries) {
    const result = push.apply(this, entries);
    entries.forEach(look);
    return result;
  };
}

/** Purposes of the framework: to store on the device (1), to measure content (8), and to
 * personalise it (5 and 6). */
const STORE = 1, MEASURE = 8, PERSONALISE = [5, 6];
/** Milliseconds between two looks for a platform that comes late; and how often. */
const PAUSE = 200, TRIES = 150;

/** The browser's timer is a function of nothing but the window. */
const later = kit.later;

function tcf(tries = TRIES) {
  if (typeof __tcfapi != 'function') return tries && later(tcf, PAUSE, tries - 1);
  __tcfapi('addEventListener', 2, (data, success) => {
    if (!success || !/^(tcloaded|useractioncomplete)$/.test(data.eventStatus)) return;
    const { consents = {}, legitimateInterests = {} } = data.purpose || {};
    const allows = (purpose) => consents[purpose] || (purpose != STORE && legitimateInterests[purpose]);
    let state = 'denied';
    if (data.gdprApplies === false || (allows(STORE) && allows(MEASURE))) state = 'granted';
    else if (allows(STORE) && PERSONALISE.some(allows)) state = 'segments';
    else if (allows(MEASURE)) state = 'session';
    kit.run(kit.signal, state, 1);
  });
}

if (kit.told.bridge == 'google') google();
else tcf();

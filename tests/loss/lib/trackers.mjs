/*
 * The trackers that a case is played with: Firstglance with its real collector, and the others of
 * tests/peers. Each says how a page starts it and what has arrived from it.
 */
import { nameOf } from '../../browser/lib/admin.mjs';
import { Collector, WRITE_KEY } from '../../browser/lib/collector.mjs';
import { FIRSTGLANCE, SCRIPTS } from './stage.mjs';

/** Every page has `act(name)`, which sends an event, and `atWork`, a promise. */
const page = (act, atWork) => `<script>window.act = function (name) { ${act} }; window.atWork = ${atWork};</script>`;

class Firstglance {
  id = 'firstglance';
  name = 'Firstglance';
  routes = true;

  /** Starts a collector of its own, for one case. */
  async begin() {
    this.collector = await Collector.start();
  }

  async end() {
    await this.collector.remove();
  }

  /** Attributes of the tag, for one case. */
  attributes = '';

  snippet() {
    return `<script>
window.firstglance = window.firstglance || function () { (firstglance.q = firstglance.q || []).push(arguments); };
</script>
<script async src="${FIRSTGLANCE}fg.js" data-site="${WRITE_KEY}" data-consent="granted" ${this.attributes}></script>
${page("firstglance('track', name)", "new Promise(function (resolve) { firstglance('onSegments', resolve); })")}`;
  }

  /** What the collector knows: one name an event. */
  async received() {
    const events = await this.collector.admin.everything();
    return events.map((event) => (nameOf(event) === 'page' ? `page ${event.message.properties.path}` : nameOf(event)));
  }
}

class Peer {
  constructor(peer, { files, answerOf }) {
    Object.assign(this, { id: peer.id, name: peer.name, routes: peer.routes, peer, files, answerOf });
  }

  async begin() {}

  async end() {}

  snippet(origin) {
    return this.peer.snippet({ base: origin + SCRIPTS, endpoint: origin })
      + page('peerTrack(name)', 'new Promise(function (resolve) { (function look() { window.peerReady ? resolve() : (window.reallyLater || setTimeout)(look, 20); })(); })');
  }

  answer(request) {
    return this.answerOf(this.peer, request);
  }

  decode(request) {
    return this.peer.decode(request);
  }

  /** As its server would know it: a repeated id is dropped. */
  async received(stage) {
    const known = new Set();
    return stage.received
      .filter(({ id }) => !id || (!known.has(id) && known.add(id)))
      .map(({ name, url }) => (name === 'page' ? `page ${new URL(url).pathname}` : name));
  }
}

/** The trackers of these ids, in order. */
export async function trackers(ids) {
  const all = [];
  for (const id of ids) {
    if (id === 'firstglance') all.push(new Firstglance());
    else {
      // Only now: without them, a run with Firstglance alone needs none of their packages.
      const { DECODED, answerOf } = await import('../../peers/peers.mjs');
      const peer = DECODED.find((each) => each.id === id);
      all.push(new Peer(peer, { files: await peer.files(), answerOf }));
    }
  }
  return all;
}

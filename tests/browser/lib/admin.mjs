/*
 * The administrator's view of a collector: the same API that the console uses. Reads only.
 */

/** Events of a timeline that one request asks for. */
const PAGE = 1_000;

export class Admin {
  constructor(origin, token) {
    this.origin = origin;
    this.token = token;
  }

  /** The answer to a path below `/admin/v1/`; nothing where there is none. */
  async get(path) {
    const answer = await fetch(`${this.origin}/admin/v1/${path}`, { headers: { authorization: `Bearer ${this.token}` } });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`/admin/v1/${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** All visitors. */
  async profiles() {
    const profiles = [];
    for (let cursor = ''; ;) {
      const answer = await this.get(`profiles?limit=500${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      profiles.push(...answer.profiles);
      if (answer.next === null) return profiles;
      cursor = answer.next;
    }
  }

  /** One visitor; nothing where the collector has not heard of them. */
  profile(visitor) {
    return this.get(`profiles/${encodeURIComponent(visitor)}`);
  }

  /** All events of a visitor, in the order of their time, but for what the collector found by
   * itself: changes of segments and stage, whose ids begin with `fg-`. */
  async timeline(visitor) {
    const events = [];
    for (let cursor = ''; ;) {
      const path = `profiles/${encodeURIComponent(visitor)}/timeline?limit=${PAGE}`;
      const answer = await this.get(path + (cursor && `&cursor=${encodeURIComponent(cursor)}`));
      if (!answer) return events;
      events.push(...answer.events.filter((event) => !event.messageId.startsWith('fg-')));
      if (answer.next === null) return events;
      cursor = answer.next;
    }
  }

  /** All events of all visitors. */
  async everything() {
    const profiles = await this.profiles();
    return (await Promise.all(profiles.map((profile) => this.timeline(profile.id)))).flat();
  }
}

/** What an event is called: the type, or the name of what was done. */
export const nameOf = (event) => (event.type === 'track' ? event.message.event : event.type);

/** The events of a name. */
export const named = (events, name) => events.filter((event) => nameOf(event) === name);

// Tracks in which places something is new that the person has not seen, and how often they were mentioned there.

import { at } from "./times.js";
import { rootOf } from "../app/state.js";
import { sees } from "./places.js";

const KEY = "playground.mentions-seen";
const PERSON = /<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>/g;
const EVERYBODY = /<!(?:here|channel|everyone)(?:\|[^<>]*)?>/;

export class Unread extends Set {
  /** @param {import("../app/state.js").State} state */
  constructor(state) {
    super();
    this.mentions = new Mentions(state);
    let seen = 0;
    state.addEventListener("change", ({ detail }) => {
      if (detail.kind === "hello") seen = Math.max(seen, detail.now ?? 0);
      if (detail.kind !== "message" || at(detail.message) <= seen) return;
      seen = at(detail.message); // a change of an older message makes nothing unread
      if (elsewhere(state, detail.message)) this.add(detail.message.channel);
    });
    state.addEventListener("ui", ({ detail }) => {
      if (detail.includes("user")) this.clear();
      this.delete(state.ui.channel);
    });
  }
}

/**
 * The messages that mention somebody, and whom. One is seen by whoever has its place open: a reply's is its thread. What
 * was seen is kept for the tab, so that it is not counted again when the page is loaded again.
 */
class Mentions {
  constructor(state) {
    Object.assign(this, { state, all: new Map(), told: (_message) => {} });
    this.seen = new Set(JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));
    state.addEventListener("change", ({ detail }) => this.#changed(detail));
    state.addEventListener("ui", () => this.#look());
  }

  /** How many the person at this tab has not seen in a channel. */
  count(channel) {
    return [...this.all.values()].filter((message) => message.channel === channel && this.#isNew(message)).length;
  }

  #changed({ kind, message, channel, ts }) {
    if (kind === "hello") {
      this.all.clear();
      for (const messages of this.state.messages.values()) for (const one of messages.values()) this.#note(one);
    } else if (kind === "message") this.#note(message);
    else if (kind === "deleted") this.all.delete(`${channel}:${ts}`);
    else return;
    this.#look();
    if (kind === "message" && this.all.get(keyOf(message)) === message && this.#isNew(message)) this.#tell(message);
  }

  #note(message) {
    const text = message.text ?? "";
    if (!message.to && (EVERYBODY.test(text) || text.match(PERSON))) this.all.set(keyOf(message), message);
    else this.all.delete(keyOf(message));
  }

  /** A message is told of once: it may change, by a reaction for example. */
  #tell(message) {
    const key = `told:${this.#mark(message)}`;
    if (this.seen.has(key)) return;
    this.seen.add(key);
    this.told(message);
  }

  /** What the person looks at is seen. */
  #look() {
    const before = this.seen.size;
    for (const message of this.all.values()) if (this.#isOpen(message)) this.seen.add(this.#mark(message));
    if (this.seen.size > before) sessionStorage.setItem(KEY, JSON.stringify([...this.seen]));
  }

  #mark(message) {
    return `${this.state.ui.user}:${keyOf(message)}`;
  }

  #isOpen(message) {
    const { ui } = this.state;
    if (message.channel !== ui.channel || ui.tab !== "messages") return false;
    return rootOf(message) === message.ts || rootOf(message) === ui.thread;
  }

  #isNew(message) {
    return this.#concerns(message) && !this.seen.has(this.#mark(message));
  }

  #concerns({ user, channel, text }) {
    const { people, channels, ui } = this.state;
    const [person, place] = [people.get(ui.user), channels.get(channel)];
    if (!person || !place || user === person.id || !sees(person, place)) return false;
    if ([...text.matchAll(PERSON)].some(([, id]) => id === person.id)) return true;
    return EVERYBODY.test(text) && place.members.includes(person.id);
  }
}

const keyOf = ({ channel, ts }) => `${channel}:${ts}`;

function elsewhere(state, message) {
  return message.channel !== state.ui.channel && message.user !== state.ui.user && state.sees(message);
}

// Asks what Redis holds of a thread, and so which Flowise chats are of which thread; at most twice a second.

const EVERY = 500;

/** Fires "change" when something of a thread has been learned. */
export class Chats extends EventTarget {
  constructor(get) {
    super();
    this.get = get;
    this.keys = [];
    this.at = 0;
    this.problem = "";
    this.of = "";
    /** @type {Map<string, string>} chat id -> thread; an older chat of a thread is not forgotten */
    this.threads = new Map();
    this.timer = 0;
    this.asked = 0;
  }

  /** Look at a thread, at once if it is another one. */
  look(place) {
    if (nameOf(place) !== this.of) {
      clearTimeout(this.timer);
      this.of = nameOf(place);
      this.keys = [];
      this.timer = this.asked = 0;
    }
    if (this.timer) return;
    this.timer = setTimeout(() => this.#ask(place), Math.max(0, this.asked + EVERY - performance.now()));
  }

  /** Whether a chat is a place's; null: not known. */
  isOf(place, chatId) {
    const thread = this.threads.get(chatId);
    return thread === undefined ? null : thread === nameOf(place);
  }

  async #ask(place) {
    this.timer = 0;
    this.asked = performance.now();
    try {
      const found = await this.get("api/thread", { channel: place.channel, thread_ts: place.thread });
      for (const id of found.chat_ids) this.threads.set(id, nameOf(place));
      if (this.of !== nameOf(place)) return;
      this.keys = found.keys;
      this.at = performance.now();
      this.problem = "";
    } catch (error) {
      this.problem = error.message;
    }
    this.dispatchEvent(new Event("change"));
  }
}

const nameOf = (place) => `${place.channel}:${place.thread}`;

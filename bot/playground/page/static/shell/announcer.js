// Announces answers to people who use a screen reader: each once, when it is whole.

import { h } from "../app/dom.js";
import { renderMrkdwn } from "../blocks/index.js";
import { rootOf } from "../app/state.js";
import { at } from "./times.js";

const QUIET = 1500; // milliseconds without a change, after which an answer may be whole
const LONGEST = 15_000;
const MOST = 700; // characters; the rest is there to be read

/**
 * When an answer is whole cannot be seen from the message alone: it is when nothing streams, no status line stands, no
 * prediction is under way, and it has been quiet for longer than between any two of its changes.
 */
export class Announcer {
  /** @param {import("./actions.js").Actions} actions */
  constructor(actions) {
    const { state } = actions;
    Object.assign(this, { actions, state });
    this.growing = new Map();
    this.since = Infinity;
    this.element = h("div", { class: "spoken", "aria-live": "polite", "aria-atomic": "true", id: "announcer" });
    state.addEventListener("change", ({ detail }) => {
      if (detail.kind === "hello") this.since = Math.min(this.since, detail.now);
      if (detail.kind === "message") this.#changed(detail.message);
    });
  }

  #changed(message) {
    const { state } = this;
    if (message.user !== state.bot.user_id || at(message) < this.since || !state.sees(message)) return;
    const key = `${message.channel}:${message.ts}`;
    const answer = this.growing.get(key) ?? { changed: 0, gap: 0, said: false, timer: 0 };
    const now = performance.now();
    if (answer.changed) answer.gap = Math.max(answer.gap, now - answer.changed);
    answer.changed = now;
    answer.channel = message.channel;
    answer.ts = message.ts;
    this.growing.set(key, answer);
    if (!answer.said) this.#later(answer);
  }

  #later(answer) {
    clearTimeout(answer.timer);
    answer.timer = setTimeout(() => this.#settle(answer), Math.min(LONGEST, Math.max(QUIET, answer.gap * 1.5)));
  }

  #settle(answer) {
    const message = this.state.message(answer.channel, answer.ts);
    if (!message) return;
    if (this.#underWay(message)) return this.#later(answer);
    answer.said = true;
    if (this.#here(message)) this.say(`${name(this.state)} answered: ${this.#words(message)}`);
  }

  #underWay(message) {
    const { state } = this;
    if (message.streaming || state.status(message.channel, rootOf(message))) return true;
    return [...state.predictions.values()].some(
      (prediction) => prediction.ended_at === null && prediction.at <= at(message) + 1,
    );
  }

  /** Only what the person looks at is said. */
  #here({ channel, ...message }) {
    const { ui } = this.state;
    return channel === ui.channel && (!ui.thread || rootOf(message) === ui.thread || rootOf(message) === message.ts);
  }

  #words(message) {
    const box = h(
      "div",
      null,
      renderMrkdwn(
        message.text ?? "",
        this.actions.context(null, () => null),
      ),
    );
    const text = box.textContent.trim();
    return text.length > MOST ? `${text.slice(0, MOST)}… The answer goes on.` : text;
  }

  say(text) {
    this.element.textContent = text;
  }
}

const name = ({ bot }) => bot.name.charAt(0).toUpperCase() + bot.name.slice(1);

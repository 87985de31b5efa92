// Draws the line that says what an app is doing ("flowise is thinking…"), which Slack shows for two minutes at most.

import { h } from "../app/dom.js";

const LASTS = 120_000; // milliseconds (Slack's docs, assistant.threads.setStatus)

export class StatusLine {
  constructor() {
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.words = h("span");
    this.element = h("p", { class: "status", hidden: true }, dots, this.words);
  }

  /** @param {string[]} texts */
  show(texts) {
    const text = texts.join(" · ");
    if (this.words.textContent !== text) this.words.textContent = text;
    this.element.hidden = !text;
  }
}

/** How long each status has stood; the server says when one is gone, but not to a page that has lost it. */
export class StatusAges {
  constructor(state, expired) {
    this.timers = new Map();
    state.addEventListener("change", ({ detail }) => {
      if (detail.kind === "status") this.#set(state, detail, expired);
      if (detail.kind === "hello") for (const status of detail.statuses) this.#set(state, status, expired);
    });
  }

  #set(state, { channel, thread_ts: threadTs, status }, expired) {
    const key = `${channel}:${threadTs}`;
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    if (!status) return;
    const drop = () => {
      state.statuses.delete(key);
      expired();
    };
    this.timers.set(key, setTimeout(drop, LASTS));
  }
}

/** What the app says in the thread, or in all threads of a direct message that are not open. */
export function statusesIn(state, channel, thread) {
  const said = thread ? [state.status(channel, thread)] : direct(state, channel);
  return said.filter(Boolean).map((status) => `${state.bot.name} ${status}`);
}

function direct(state, channel) {
  if (state.channels.get(channel)?.kind !== "im") return [];
  const own = [...state.statuses].filter(([key]) => key.startsWith(`${channel}:`));
  return own.filter(([key]) => key !== `${channel}:${state.ui.thread}`).map(([, status]) => status);
}

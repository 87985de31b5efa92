// Draws the pane of a thread: its messages and the box to answer in, beside the channel.

import { Composer } from "./composer.js";
import { draw } from "./icons.js";
import { h } from "../app/dom.js";
import { inspectorSwitch } from "./switch.js";
import { MessageList } from "./messages.js";
import { ofThread } from "./items.js";
import { statusesIn } from "./status.js";
import { isDirect } from "./places.js";

export class ThreadPane {
  /** @param {import("./actions.js").Actions} actions @param {import("./panes.js").Panes} panes */
  constructor(actions, panes) {
    this.actions = actions;
    this.list = null;
    this.where = h("span", { class: "thread-where" });
    const shut = () => this.close();
    const close = h(
      "button",
      {
        class: "tool close",
        type: "button",
        "aria-label": "Close the thread",
        title: "Close (Escape)",
        on: { click: shut },
      },
      draw("close"),
    );
    const back = h(
      "button",
      { class: "tool back", type: "button", "aria-label": "Back to the messages", on: { click: shut } },
      draw("back"),
    );
    const head = h(
      "header",
      { class: "head" },
      back,
      h("div", { class: "head-place" }, h("h2", { class: "place-title", text: "Thread" }), this.where),
      h("div", { class: "head-tools" }, inspectorSwitch(actions.state, panes), close),
    );
    this.composer = new Composer(actions, { inThread: true });
    this.holder = h("div", { class: "holder" });
    this.element = h(
      "section",
      { class: "pane thread", "aria-label": "Thread", tabindex: -1 },
      head,
      this.holder,
      this.composer.element,
    );
    this.composer.dropsOn(this.element);
  }

  /** Show the thread of the state, or nothing. `anew`: another person looks, or another thread is meant. */
  show(anew) {
    const { state } = this.actions;
    const { channel, thread } = state.ui;
    if (anew) this.#drop();
    if (!thread || this.list) return;
    const place = state.channels.get(channel);
    this.where.textContent = `${isDirect(place) ? "" : "#"}${state.channelName(channel)}`;
    this.list = new MessageList(this.actions, {
      label: "Messages of the thread",
      items: () => ofThread(state, channel, thread),
      statuses: () => statusesIn(state, channel, thread),
      inThread: true,
    });
    this.holder.replaceChildren(this.list.element);
    this.composer.at(channel, thread);
  }

  #drop() {
    this.list?.stop();
    this.list = null;
    this.holder.replaceChildren();
  }

  close() {
    const { channel, thread } = this.actions.state.ui;
    this.actions.state.set({ thread: "" });
    document.querySelector(`.main [data-key="${CSS.escape(`${channel}:${thread}`)}"]`)?.focus({ preventScroll: true });
  }
}

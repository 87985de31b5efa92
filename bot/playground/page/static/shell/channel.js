// Draws the pane in the middle: the channel or the app that the person looks at, and the box to write in.

import { about } from "./about.js";
import { AppHome } from "./apphome.js";
import { Composer } from "./composer.js";
import { h } from "../app/dom.js";
import { greeting } from "./greeting.js";
import { header } from "./header.js";
import { isApp, isDirect, TABS } from "./places.js";
import { MessageList } from "./messages.js";
import { ofChannel } from "./items.js";
import { statusesIn } from "./status.js";
import { suggestions } from "./suggestions.js";
import { tabs } from "./tabs.js";

const TAB_WORDS = { home: "Home", messages: "Messages", about: "About" };

export class ChannelPane {
  /** @param {import("./actions.js").Actions} actions @param {import("./panes.js").Panes} panes */
  constructor(actions, panes) {
    this.actions = actions;
    this.list = null;
    this.home = null;
    this.greeting = null;
    this.hint = null;
    this.composer = new Composer(actions, { inThread: false });
    this.holder = h("div", { class: "holder", id: "place" });
    this.tabs = tabs(
      "Parts of the app",
      TABS.map((tab) => [tab, TAB_WORDS[tab]]),
      (tab) => actions.state.set({ tab, thread: "" }),
      "place",
    );
    this.foot = h("div", { class: "main-foot" }, suggestions(actions, this.composer), this.composer.element);
    this.element = h(
      "main",
      { class: "pane main", id: "main", tabindex: -1, "aria-label": "Messages" },
      header(actions, panes),
      this.tabs.element,
      this.holder,
      this.foot,
    );
    this.composer.dropsOn(this.element);
  }

  /** Show the place of the state. `anew`: it is another place than before, or another person looks at it. */
  show(anew) {
    const { state } = this.actions;
    const { channel: id, tab } = state.ui;
    const channel = state.channels.get(id);
    if (!channel || !anew) return;
    this.#drop();
    const app = isApp(state, channel);
    this.tabs.element.hidden = !app;
    this.tabs.choose(tab);
    for (const [name, value] of Object.entries(
      app ? { role: "tabpanel", "aria-label": TAB_WORDS[tab] } : { role: null, "aria-label": null },
    )) {
      if (value) this.holder.setAttribute(name, value);
      else this.holder.removeAttribute(name);
    }
    this.foot.hidden = tab !== "messages";
    this.composer.at(id);
    this.holder.replaceChildren(this.#content(id, app ? tab : "messages"));
    this.list?.toEnd();
  }

  #content(id, tab) {
    if (tab === "about") return about(this.actions.state);
    if (tab === "home") {
      this.home = new AppHome(this.actions);
      return this.home.element;
    }
    const { state } = this.actions;
    this.list = new MessageList(this.actions, {
      label: `Messages ${isDirect(state.channels.get(id)) ? "with " : "in #"}${state.channelName(id)}`,
      items: () => ofChannel(state, id),
      statuses: () => statusesIn(state, id, ""),
      inThread: false,
      empty: this.#intro(id),
    });
    return this.list.element;
  }

  /** What stands above the first message. */
  #intro(id) {
    const { state } = this.actions;
    const channel = state.channels.get(id);
    const [title, text] = beginning(state, channel, state.channelName(id));
    if (channel.name !== "general" || isDirect(channel) || !channel.members.includes(state.bot.user_id)) {
      this.hint = h("p", { text });
      return h("div", { class: "intro" }, h("h2", { text: title }), this.hint);
    }
    this.greeting = greeting(this.actions, this.composer);
    this.greeting.refresh();
    return h("div", { class: "intro" }, h("h2", { text: title }), this.greeting.element);
  }

  /** Bring what stands above the first message up to date: the app may be here by now, or a fault be on. */
  refresh() {
    const { state } = this.actions;
    this.greeting?.refresh();
    const channel = state.channels.get(state.ui.channel);
    if (this.hint && channel) [, this.hint.textContent] = beginning(state, channel, state.channelName(channel.id));
  }

  #drop() {
    this.list?.stop();
    this.list = null;
    this.home = null;
    this.greeting = null;
    this.hint = null;
  }
}

function beginning({ bot }, channel, name) {
  const between = `This is between you and ${name}`;
  if (isApp({ bot }, channel)) return [between, "Ask a question here as you would a colleague; no mention is needed."];
  if (isDirect(channel)) return [between, "Only those who are in it see what is written here."];
  const here = channel.members.includes(bot.user_id);
  const hint = here
    ? `Mention @${bot.name} to ask it something; it answers in a thread.`
    : `@${bot.name} is not in this channel, and sees nothing of it.`;
  return [`This is the beginning of #${name}`, hint];
}

// Draws one message: who, when, what, and what belongs under it. Its node is made once and then updated.

import { avatar } from "./avatar.js";
import { draw } from "./icons.js";
import { h, morph } from "../app/dom.js";
import { messageBody } from "../blocks/index.js";
import { reactionRow } from "./reactions.js";
import { holdBack } from "./tabstops.js";
import { at, clock, counted, full, machine, short } from "./times.js";

/**
 * What a list knows of a message besides the message itself.
 * @typedef {{message: any, lead: boolean, replies: {count: number, last: number, users: string[]} | null, chosen: boolean}} Shown
 */

let made = 0;

export class MessageNode {
  /** @param {import("./actions.js").Actions} actions @param {Shown} shown */
  constructor(actions, shown) {
    this.actions = actions;
    const { channel, ts } = shown.message;
    this.content = h("div", { class: "content" });
    this.gutter = h("div", { class: "gutter" });
    // A screen reader that goes from message to message reads the label, and then what it says.
    this.words = `said-${(made += 1)}`;
    const props = { tabindex: -1, "aria-describedby": this.words, dataset: { key: `${channel}:${ts}`, ts } };
    this.element = h("article", props, this.gutter, this.content);
    this.context = actions.context({ type: "message", channel, ts }, () => this.content.querySelector(".body"));
    this.#draw(shown);
  }

  get message() {
    return this.shown.message;
  }

  /** Become like what is to be shown; does nothing where that is as before. */
  update(shown) {
    if (!alike(this.shown, shown)) this.#draw(shown);
  }

  #draw(shown) {
    const { state } = this.actions;
    const { message } = shown;
    const led = this.shown?.lead;
    this.shown = shown;
    this.element.className = classes(shown);
    this.element.setAttribute("aria-label", label(state, shown));
    if (led !== shown.lead)
      this.gutter.replaceChildren(shown.lead ? avatar(state, message.user) : time(message, short));
    const fresh = h(
      "div",
      null,
      shown.lead && byline(state, message),
      only(message),
      this.#body(message),
      under(state, shown),
    );
    if (!this.#isEntered()) holdBack(fresh);
    morph(this.content, fresh);
  }

  /** Whether the focus is on something within the message. */
  #isEntered() {
    const { activeElement } = document;
    return activeElement !== this.element && this.element.contains(activeElement);
  }

  #body(message) {
    const body = messageBody(message, this.context);
    body.classList.add("body");
    body.dataset.key = "body";
    body.id = this.words;
    if (message.edited) mark(body);
    return body;
  }
}

function alike(one, other) {
  return (
    one.lead === other.lead &&
    one.chosen === other.chosen &&
    same(one.replies, other.replies) &&
    same(one.message, other.message)
  );
}

/** A new connection sends everything again: what is as it was is not drawn again. */
const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

function classes({ message, lead, chosen }) {
  const all = [
    "message",
    lead ? "leads" : "follows",
    message.to && "ephemeral",
    message.streaming && "streaming",
    chosen && "chosen",
  ];
  return all.filter(Boolean).join(" ");
}

function label(state, { message, replies }) {
  const parts = [
    state.name(message.user),
    state.people.get(message.user)?.role === "bot" && "app",
    clock(at(message)),
    message.to && "only visible to you",
    replies && counted(replies.count, "reply", "replies"),
  ];
  return parts.filter(Boolean).join(", ");
}

function byline(state, message) {
  const person = state.people.get(message.user);
  const badge = person?.role === "bot" ? h("span", { class: "badge", text: "APP" }) : outside(state, person);
  return h(
    "div",
    { class: "byline", dataset: { key: "byline" } },
    h("span", { class: "author", text: state.name(message.user) }),
    badge,
    time(message),
  );
}

function outside(state, person) {
  if (person?.role !== "outsider") return null;
  return h("span", { class: "badge badge-outsider", text: "From outside", title: `Not of ${state.team.name}` });
}

function time(message, said = clock) {
  const moment = at(message);
  return h("time", { class: "time", datetime: machine(moment), title: full(moment), text: said(moment) });
}

function only(message) {
  return !message.to ? null : h("p", { class: "only", dataset: { key: "only" }, text: "Only visible to you" });
}

/** "(edited)" stands at the end of the text, as in Slack; after a list or a table on a line of its own. */
function mark(body) {
  const edited = h("span", { class: "edited", title: "This message was changed", text: " (edited)" });
  const words = body.querySelector(":scope > .mrkdwn, :scope > .blocks");
  if (!words) return body.prepend(edited);
  const last = [...words.querySelectorAll(".rt-section, .mrkdwn")].at(-1);
  const ends = last && !last.closest("li, table, blockquote") && last === deepestLast(words, last);
  (ends ? last : words).append(edited);
}

/** `within` where it is what a block ends with. */
function deepestLast(block, within) {
  let last = block;
  while (last && last !== within) last = last.lastElementChild;
  return last;
}

function under(state, { message, replies }) {
  return [reactionRow(state, message), replies && link(state, replies)];
}

function link(state, { count, last, users }) {
  const faces = h(
    "span",
    { class: "faces" },
    users.map((id) => avatar(state, id, "small")),
  );
  const words = h("span", { class: "replies-count", text: counted(count, "reply", "replies") });
  const when = h("span", { class: "replies-last", text: `Last reply at ${clock(last)}` });
  const props = { class: "replies", type: "button", dataset: { do: "thread", key: "replies" } };
  return h("button", props, faces, words, when, h("span", { class: "replies-open" }, draw("unfold")));
}

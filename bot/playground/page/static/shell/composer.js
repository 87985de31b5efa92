// Makes the box that a person writes in: it grows, keeps drafts, completes names, and sends.

import { Completion } from "./completion.js";
import { draftOf, keepDraft } from "./drafts.js";
import { draw } from "./icons.js";
import { fromWire } from "./wire.js";
import { h } from "../app/dom.js";
import { isDirect } from "./places.js";
import { Refused } from "../app/live.js";
import { isNewcomer } from "./newcomer.js";
import { change, inviteApp, say } from "./sending.js";
import { Uploads } from "./uploads.js";

// The style sheet lets the box grow, where the browser can do that.
const GROWS = CSS.supports("field-sizing", "content");

export class Composer {
  /** @param {import("./actions.js").Actions} actions @param {{inThread: boolean}} where */
  constructor(actions, { inThread }) {
    Object.assign(this, { actions, inThread, channel: "", thread: "", place: "", edited: null });
    this.box = h("textarea", {
      rows: 1,
      class: "box",
      "aria-label": "Message",
      autocomplete: "off",
      autocapitalize: "sentences",
      enterkeyhint: "send",
    });
    this.uploads = new Uploads(() => this.#changed());
    this.completion = new Completion(actions.state, this.box, () => this.#changed());
    this.problem = h("p", { class: "problem", role: "alert" });
    this.editing = this.#editingBar();
    this.send = h(
      "button",
      { class: "send", type: "button", "aria-label": "Send", title: "Send (Enter)", on: { click: () => this.#send() } },
      draw("send"),
    );
    this.field = h("div", { class: "write" }, this.editing, this.box, this.uploads.element, this.#foot());
    this.element = h("div", { class: "composer" }, this.completion.element, this.problem, this.field);
    this.#listen();
  }

  /** Take files that are dropped anywhere on the pane that the box is in. */
  dropsOn(pane) {
    this.uploads.listen(this.field, pane);
  }

  #foot() {
    const tool = (name, says, press) =>
      h("button", { class: "tool", type: "button", "aria-label": says, title: says, on: { click: press } }, draw(name));
    const mention = () => {
      const { value, selectionStart: at } = this.box;
      this.box.setRangeText(/(^|\s)$/.test(value.slice(0, at)) ? "@" : " @", at, at, "end");
      this.box.focus();
      this.#changed();
      this.completion.look();
    };
    this.attach = tool("attach", "Attach files", () => this.uploads.choose());
    const hint = h("span", { class: "hint", "aria-hidden": "true", text: "Shift + Enter for a new line" });
    return h(
      "div",
      { class: "write-foot" },
      this.uploads.input,
      this.attach,
      tool("mention", "Mention somebody", mention),
      hint,
      this.send,
    );
  }

  #editingBar() {
    const cancel = h("button", {
      class: "text-button",
      type: "button",
      text: "Cancel",
      on: { click: () => this.#leave() },
    });
    return h(
      "p",
      { class: "editing", hidden: true },
      draw("edit"),
      h("span", { text: "Editing your message" }),
      cancel,
    );
  }

  #listen() {
    this.box.addEventListener("input", () => {
      this.problem.textContent = "";
      this.#changed();
      this.completion.look();
    });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("blur", () => this.completion.close());
    // The whole frame is the box, for whoever presses beside the text.
    this.field.addEventListener("click", ({ target }) => target === this.field && this.box.focus());
  }

  /** Write in this place from now on, with what was begun there. */
  at(channel, thread = "") {
    const { state } = this.actions;
    const place = `${state.ui.user}/${channel}/${thread}`;
    if (place === this.place) return;
    this.edited = null;
    Object.assign(this, { channel, thread, place });
    this.#label();
    this.#restore();
    this.problem.textContent = "";
    this.completion.close();
  }

  #label() {
    const { state } = this.actions;
    const channel = state.channels.get(this.channel);
    const to = this.inThread ? "Reply…" : `Message ${isDirect(channel) ? "" : "#"}${state.channelName(this.channel)}`;
    this.box.placeholder = to;
    this.box.setAttribute("aria-label", this.inThread ? "Reply in the thread" : to);
    this.box.disabled = Boolean(channel?.archived);
    if (channel?.archived) this.box.placeholder = "This channel is archived.";
  }

  #restore() {
    const { text, files } = draftOf(this.place);
    this.#fill(text);
    this.uploads.set(files);
  }

  #fill(text) {
    this.box.value = text;
    this.#changed();
  }

  /** After anything in the box is other than it was: its height, its draft, what can be pressed. */
  #changed() {
    const { box, uploads } = this;
    if (!GROWS) fit(box);
    const something = Boolean(box.value.trim() || uploads.files.length);
    this.send.disabled = !something;
    this.field.classList.toggle("filled", something);
    uploads.shut = this.attach.hidden = Boolean(this.edited) || box.disabled;
    this.editing.hidden = !this.edited;
    this.element.classList.toggle("is-editing", Boolean(this.edited));
    if (this.place && !this.edited) keepDraft(this.place, box.value, uploads.files);
  }

  #key(event) {
    if (event.isComposing || this.completion.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    } else if (event.key === "Escape" && this.edited) {
      event.stopPropagation();
      this.#leave();
    } else if (event.key === "ArrowUp" && !this.box.value && !this.edited) {
      if (this.#editLast()) event.preventDefault();
    }
  }

  #editLast() {
    const { state } = this.actions;
    const all = this.inThread ? state.thread(this.channel, this.thread) : state.top(this.channel);
    const last = all.findLast((message) => message.user === state.ui.user && !message.to);
    if (last) this.edit(last);
    return Boolean(last);
  }

  /** Take a message of the person's own into the box, to change it; what was begun there waits. */
  edit(message) {
    this.edited = message;
    this.uploads.set([]);
    this.#fill(fromWire(message.text ?? "", this.#names()));
    this.box.focus();
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
  }

  #leave() {
    this.edited = null;
    this.#restore();
    this.box.focus();
  }

  #names() {
    const { people, channels } = this.actions.state;
    return { people: people.values(), channels: [...channels.values()].filter((channel) => !isDirect(channel)) };
  }

  /** Send `text` at once, as if it had been typed; what is in the box stays. Gives its `ts`, "" if it was refused. */
  async suggest(text) {
    const sent = await this.#try(() => say(this.actions, this, text, []));
    return sent?.ts ?? "";
  }

  async #send() {
    const { value } = this.box;
    const { files } = this.uploads;
    const { edited, channel } = this;
    if (!(value.trim() || files.length)) return;
    this.completion.close();
    // The box is free at once, as in Slack; what was refused comes back into it.
    if (edited) this.#leave();
    else this.#clear();
    const { place } = this;
    const sent = await this.#try(() =>
      edited ? change(this.actions, edited, value) : say(this.actions, this, value, files),
    );
    if (sent) return this.#show(channel, sent);
    if (place !== this.place || (this.box.value && !edited)) return;
    this.edited = edited;
    this.uploads.set(files);
    this.#fill(value);
  }

  /** Open the thread that the answer comes in, for somebody who has not seen one yet. */
  async #show(channel, { ts, asks }) {
    if (asks && !this.inThread && isNewcomer()) await this.actions.openSent(channel, ts);
  }

  #clear() {
    this.#fill("");
    this.uploads.set([]);
  }

  /** What came of it; null, and a sentence above the box, if it was refused. */
  async #try(send) {
    this.problem.textContent = "";
    try {
      const { place, channel } = this;
      const sent = await send();
      if (place === this.place) this.#tell(true, sent.note, ...this.#offer(channel, sent));
      return sent;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#tell(false, error.message);
      return null;
    }
  }

  /** Say above the box what came of it. Where it `went` well, that is no warning. */
  #tell(went, ...words) {
    this.problem.classList.toggle("went-well", went);
    this.problem.replaceChildren(...words);
  }

  /** What Slack offers with its note: to invite the app. */
  #offer(channel, { ts, uninvited }) {
    if (!uninvited) return [];
    const accept = async () => {
      this.focus();
      const sent = await this.#try(() => inviteApp(this.actions, channel, ts));
      if (sent) await this.#show(channel, sent);
    };
    const text = `Invite @${this.actions.state.bot.name}`;
    return [" ", h("button", { class: "text-button", type: "button", text, on: { click: accept } })];
  }

  /** Whether one can write here now. */
  get open() {
    return this.box.checkVisibility() && !this.box.disabled;
  }

  focus() {
    this.box.focus({ preventScroll: true });
  }
}

function fit(box) {
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

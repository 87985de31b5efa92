// Draws a list of messages, the latest first, and follows what changes.

import { draw } from "./icons.js";
import { eachFrame, whenIdle } from "./scheduling.js";
import { h } from "../app/dom.js";
import { MessageNode } from "./message.js";
import { Roving } from "./roving.js";
import { Scroll } from "./scroll.js";
import { StatusLine } from "./status.js";
import { Toolbar } from "./toolbar.js";

const FIRST = 60; // messages drawn at once; what is older follows when the page is idle
const FIRST_TIME = 12; // milliseconds: on a slow machine fewer are drawn at first
const LEAST = 15;
const SLICE = 20; // messages; their layout takes longer than to make them
const LEAST_SLICE = 8; // on a machine that is never idle
const RESTS = 60; // milliseconds

export class MessageList {
  /**
   * @param {import("./actions.js").Actions} actions
   * @param {{label: string, items: () => import("./items.js").Item[], statuses: () => string[], inThread: boolean, empty?: Node}} what
   */
  constructor(actions, what) {
    this.actions = actions;
    this.what = what;
    this.nodes = new Map();
    this.begun = false;
    /** Key of the first item that is drawn: counted from the beginning, it would move when older ones are added. */
    this.oldest = undefined;
    this.toolbar = new Toolbar(actions, what);
    this.rows = h("div", { class: "rows" });
    this.status = new StatusLine();
    this.log = h(
      "div",
      { class: "log", role: "log", "aria-live": "off", "aria-label": what.label },
      h("div", { class: "filler" }, what.empty),
      this.rows,
      this.status.element,
    );
    this.scroller = h("div", { class: "scroller" }, this.log);
    this.newMessages = h(
      "button",
      { class: "new-messages", type: "button", hidden: true, on: { click: () => this.toEnd() } },
      draw("down"),
      "New messages",
    );
    this.element = h("div", { class: "messages" }, this.scroller, this.newMessages);
    this.scroll = new Scroll(this.scroller, this.log, (atEnd) => atEnd && (this.newMessages.hidden = true));
    this.roving = new Roving(this.rows, (key, element) => this.#key(key, element));
    this.ask = eachFrame(() => this.draw());
    this.#listen();
    this.draw();
  }

  #listen() {
    const at = ({ target }) => this.nodes.get(target.closest?.("article")?.dataset.key);
    this.rows.addEventListener("focusin", (event) => this.#point(at(event)));
    // Messages pass under the pointer while one scrolls: only where it comes to rest something is to be done.
    let resting = 0;
    const rest = () => {
      clearTimeout(resting);
      resting = setTimeout(() => this.#point(this.nodes.get(this.#hovered())), RESTS);
    };
    this.rows.addEventListener("pointerover", rest);
    this.scroller.addEventListener("scroll", rest, { passive: true });
    this.rows.addEventListener("click", (event) => {
      const pressed = event.target.closest("[data-do]");
      const node = pressed && at(event);
      if (node) this.toolbar.do(pressed.dataset.do, node, pressed);
    });
  }

  #hovered() {
    return this.rows.querySelector("article:hover")?.dataset.key;
  }

  #point(node) {
    if (node?.element.isConnected) this.toolbar.attach(node);
  }

  #key(act, element) {
    const node = this.nodes.get(element.dataset.key);
    if (node) this.toolbar.do(act, node, element);
  }

  /** Draw what has changed. Where the reader is at the end, they stay there; elsewhere nothing moves. */
  draw() {
    if (this.stopped) return;
    const items = this.what.items();
    const before = this.last;
    this.last = items.at(-1)?.key;
    if (this.begun) this.scroll.steadily(() => this.#place(items, this.#start(items)));
    else this.#begin(items);
    this.status.show(this.what.statuses());
    this.log.classList.toggle("whole", this.#start(items) === 0);
    this.roving.settle();
    if (before && this.last !== before) this.#arrived(items.at(-1)?.message);
  }

  /** Where in `items` begins what is drawn. */
  #start(items) {
    if (this.oldest === undefined) return 0;
    const found = items.findIndex(({ key }) => key === this.oldest);
    return found < 0 ? Math.max(0, items.length - this.nodes.size) : found;
  }

  #begin(items) {
    const until = performance.now() + FIRST_TIME;
    let start = items.length;
    while (start > 0 && items.length - start < FIRST && (items.length - start < LEAST || performance.now() < until)) {
      start -= 1;
      this.#node(items[start]);
    }
    this.begun = true;
    this.#place(items, start);
    this.scroll.toEnd();
    if (start > 0) this.#older();
  }

  /** Draw a slice of what is older, and go on until all is drawn. */
  #older() {
    whenIdle((more) => {
      if (this.stopped) return;
      const items = this.what.items();
      let start = this.#start(items);
      const end = start;
      while (start > 0 && end - start < SLICE && (more() || end - start < LEAST_SLICE)) {
        start -= 1;
        this.#node(items[start]);
      }
      this.scroll.steadily(() => this.#place(items, start));
      this.log.classList.toggle("whole", start === 0);
      if (start > 0) this.#older();
    });
  }

  /** The node of an item, made or brought up to date. */
  #node(item) {
    const known = this.nodes.get(item.key);
    if (known) {
      known.update(item);
      return known;
    }
    const made = item.kind === "message" ? new MessageNode(this.actions, item) : new Line(item);
    this.nodes.set(item.key, made);
    return made;
  }

  /** Remove what is gone, then put the nodes from `start` on into their order: those that stay are not moved. */
  #place(items, start) {
    this.oldest = items[start]?.key;
    const gone = new Set(this.nodes.keys());
    for (let index = start; index < items.length; index += 1) gone.delete(items[index].key);
    for (const key of gone) this.#remove(key);
    let next = this.rows.firstChild;
    for (let index = start; index < items.length; index += 1) {
      const { element } = this.#node(items[index]);
      if (element === next) next = next.nextSibling;
      else this.rows.insertBefore(element, next);
    }
  }

  #remove(key) {
    const { element } = this.nodes.get(key);
    this.roving.leave(element);
    element.remove();
    this.nodes.delete(key);
  }

  #arrived(message) {
    if (message?.user === this.actions.state.ui.user && !message.to) this.toEnd();
    else if (!this.scroll.atEnd) this.newMessages.hidden = false;
  }

  toEnd() {
    this.newMessages.hidden = true;
    this.scroll.toEnd();
  }

  /** Let go of everything; the element is of no use after this. */
  stop() {
    this.stopped = true;
    this.scroll.stop();
  }
}

/** A line that is no message: a day, the count of replies. */
class Line {
  constructor(item) {
    this.words = h("span", { text: item.text });
    this.element = h("div", { class: `line line-${item.kind}`, dataset: { key: item.key } }, this.words);
  }

  update({ text }) {
    if (this.words.textContent !== text) this.words.textContent = text;
  }
}

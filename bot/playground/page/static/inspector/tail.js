// Draws a long list that grows: its last rows, earlier ones in slices on request, kept at its end.

import { h } from "../app/dom.js";
import { number } from "./format.js";

const SLICE = 200;
const MOST = 400;
const NEAR = 40;

/**
 * A list whose rows are made by `row(entry)`, in the order of `at`. Rows far above the end are removed again while
 * the reader is at the end, so that the list costs the same after an hour.
 */
export class Tail {
  constructor(label, row, nothing) {
    this.row = row;
    this.entries = [];
    this.from = 0;
    this.list = h("ol", { class: "i-tail-list", "aria-label": label });
    this.earlier = h("button", {
      type: "button",
      class: "i-quiet-button i-tail-earlier",
      on: { click: () => this.#more() },
    });
    this.nothing = h("p", { class: "i-nothing", text: nothing });
    this.element = h(
      "div",
      { class: "i-tail", tabindex: 0, "aria-label": label, role: "region" },
      this.earlier,
      this.nothing,
      this.list,
    );
  }

  /** Show other entries, sorted by `at`, from their end. */
  reset(entries) {
    this.entries = entries;
    this.from = Math.max(0, entries.length - SLICE);
    this.list.replaceChildren(...entries.slice(this.from).map((entry) => this.#item(entry)));
    this.#counted();
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Add entries; one that arrives late is put where its time is. */
  add(entries) {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    for (const entry of entries) this.#put(entry);
    if (atEnd && this.list.childElementCount > MOST) {
      for (let count = this.list.childElementCount - SLICE; count > 0; count--) this.list.firstElementChild.remove();
      this.from = this.entries.length - SLICE;
    }
    this.#counted();
    if (atEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  #put(entry) {
    let place = this.entries.length;
    while (place > this.from && this.entries[place - 1].at > entry.at) place--;
    this.list.insertBefore(this.#item(entry), this.list.children[place - this.from] ?? null);
    this.entries.splice(place, 0, entry);
  }

  #more() {
    const until = this.from;
    this.from = Math.max(0, until - SLICE);
    const height = this.element.scrollHeight;
    this.list.prepend(...this.entries.slice(this.from, until).map((entry) => this.#item(entry)));
    this.#counted();
    this.element.scrollTop += this.element.scrollHeight - height;
  }

  #item(entry) {
    return h("li", null, this.row(entry));
  }

  #counted() {
    this.earlier.hidden = this.from === 0;
    this.earlier.textContent = `Show earlier (${number(this.from)})`;
    this.nothing.hidden = this.entries.length > 0;
  }
}

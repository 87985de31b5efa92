// Knows the files that wait to be sent with a message: chosen, dropped or pasted, and taken away again.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";

const UNITS = ["bytes", "kB", "MB", "GB"];

export function size(bytes) {
  let at = 0;
  let amount = bytes;
  for (; amount >= 1000 && at < UNITS.length - 1; at += 1) amount /= 1000;
  return `${at && amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[at]}`;
}

export class Uploads {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.files = [];
    this.element = h("ul", { class: "chips", "aria-label": "Files to send", hidden: true });
    this.input = h("input", {
      type: "file",
      multiple: true,
      class: "spoken",
      tabindex: -1,
      "aria-hidden": "true",
      on: { change: () => this.#chosen() },
    });
  }

  choose() {
    this.input.click();
  }

  #chosen() {
    this.add(this.input.files);
    this.input.value = "";
  }

  add(files) {
    this.set([...this.files, ...files]);
  }

  set(files) {
    this.files = files;
    this.element.replaceChildren(...files.map((file) => this.#chip(file)));
    this.element.hidden = !files.length;
    this.changed();
  }

  #chip(file) {
    const drop = () => this.set(this.files.filter((other) => other !== file));
    const remove = h(
      "button",
      { class: "tool", type: "button", "aria-label": `Remove ${file.name}`, on: { click: drop } },
      draw("close"),
    );
    const words = h(
      "span",
      { class: "chip-words" },
      h("span", { class: "chip-name", text: file.name }),
      h("span", { class: "chip-size", text: size(file.size) }),
    );
    return h("li", { class: "chip" }, draw("file"), words, remove);
  }

  /** Take what is dropped on or pasted into an element. */
  listen(element) {
    element.addEventListener("paste", (event) => this.#take(event, event.clipboardData));
    element.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      element.classList.add("dropping");
    });
    element.addEventListener(
      "dragleave",
      (event) => !element.contains(event.relatedTarget) && element.classList.remove("dropping"),
    );
    element.addEventListener("drop", (event) => {
      element.classList.remove("dropping");
      this.#take(event, event.dataTransfer);
    });
  }

  #take(event, from) {
    if (!from.files.length) return;
    event.preventDefault();
    this.add(from.files);
  }
}

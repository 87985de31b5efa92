// Collects the files to be sent with a message: chosen, dropped or pasted, and removed again.

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
    /** Whether none are taken now. */
    this.shut = false;
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
    if (!this.shut) this.set([...this.files, ...files]);
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

  /** Take what is pasted into `field`, and what is dropped anywhere on `pane` while the field is seen. */
  listen(field, pane) {
    const open = () => !this.shut && field.checkVisibility();
    field.addEventListener("paste", (event) => this.#take(event, event.clipboardData));
    pane.addEventListener("dragover", (event) => {
      if (!carriesFiles(event) || !open()) return;
      event.preventDefault();
      field.classList.add("dropping");
    });
    pane.addEventListener(
      "dragleave",
      (event) => !pane.contains(event.relatedTarget) && field.classList.remove("dropping"),
    );
    pane.addEventListener("drop", (event) => {
      field.classList.remove("dropping");
      if (open()) this.#take(event, event.dataTransfer);
    });
  }

  #take(event, from) {
    if (!from.files.length) return;
    event.preventDefault();
    this.add(from.files);
  }
}

const carriesFiles = ({ dataTransfer }) => dataTransfer.types.includes("Files");

/** Where nothing takes a file that is dropped, the browser would open it in place of the page. */
export function refuseFiles() {
  const refuse = (event) => {
    if (event.defaultPrevented || !carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  };
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, refuse);
}

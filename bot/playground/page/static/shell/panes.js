// Knows how the parts of the page lie beside each other: all of them on a wide screen, one at a time on a narrow one.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";
import { tabs } from "./tabs.js";

const KEY = "playground.inspector-width";
const LEAST = 320; // pixels, of the inspector
const STEP = 24;
const NARROW = matchMedia("(max-width: 699.98px)");

export class Panes {
  /** @param {import("../app/state.js").State} state */
  constructor(state) {
    this.state = state;
    this.inspector = inspectorPane(() => this.#shut());
    this.divider = h("div", {
      class: "divider",
      role: "separator",
      "aria-orientation": "vertical",
      "aria-label": "Width of the inspector",
      "aria-controls": "inspector",
      tabindex: 0,
      hidden: true,
    });
    this.tabs = tabs(
      "Beside the channel",
      [
        ["thread", "Thread"],
        ["inspector", "Inspector"],
      ],
      (side) => this.#side(side),
      "side-panes",
    );
    this.front = "thread";
    /** On a narrow screen: whether the channels are shown instead of one of them. */
    this.listed = false;
    this.#resizing();
    state.addEventListener("ui", ({ detail }) => this.#follow(detail));
  }

  /** Put the panes into their places. */
  build(sidebar, main, thread) {
    const panes = h("div", { class: "side-panes", id: "side-panes" }, thread, this.divider, this.inspector);
    this.side = h("div", { class: "side" }, this.tabs.element, panes);
    this.thread = thread;
    this.order = [sidebar, main, thread, this.inspector];
    this.element = h("div", { class: "workspace" }, sidebar, main, this.side);
    this.#show();
    return this.element;
  }

  #follow(changed) {
    const { ui } = this.state;
    if (changed.includes("channel") || changed.includes("tab")) this.listed = false;
    if (changed.includes("thread") && ui.thread) this.front = "thread";
    if (changed.includes("inspector") && ui.inspector) this.front = "inspector";
    if (changed.includes("message") && ui.message) this.front = "inspector";
    this.#show();
  }

  #side(side) {
    this.front = side;
    this.#show();
  }

  #show() {
    const { thread, inspector } = this.state.ui;
    if (!thread && inspector) this.front = "inspector";
    if (thread && !inspector) this.front = "thread";
    this.thread.hidden = !thread;
    this.inspector.hidden = this.divider.hidden = !inspector;
    Object.assign(this.element.dataset, {
      side: thread || inspector ? this.front : "none",
      both: String(Boolean(thread && inspector)),
      listed: String(this.listed),
    });
    this.tabs.choose(this.front);
  }

  #shut() {
    this.state.set({ inspector: false });
    this.element.querySelector(".toggle").focus({ preventScroll: true });
  }

  /** One step back on a narrow screen: from the messages to the channels. */
  back() {
    this.listed = true;
    this.#show();
    this.order[0].focus();
  }

  /** Put the focus into the next part of the page that is seen. */
  next(step) {
    const seen = this.order.filter((pane) => pane.checkVisibility());
    const here = seen.findIndex((pane) => pane.contains(document.activeElement));
    const pane = seen[(here + step + seen.length) % seen.length];
    (pane.querySelector("article[tabindex='0'], [aria-current=page]") ?? pane).focus();
  }

  get narrow() {
    return NARROW.matches;
  }

  #resizing() {
    const { divider } = this;
    this.#width(Number(localStorage.getItem(KEY)) || 420);
    divider.addEventListener("pointerdown", (event) => divider.setPointerCapture(event.pointerId));
    divider.addEventListener("pointermove", (event) => {
      if (divider.hasPointerCapture(event.pointerId)) this.#width(innerWidth - event.clientX);
    });
    divider.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
      if (!step) return;
      this.#width(this.width + step);
      event.preventDefault();
    });
  }

  #width(pixels) {
    const most = Math.max(LEAST, innerWidth - 640);
    this.width = Math.round(Math.min(most, Math.max(LEAST, pixels)));
    document.documentElement.style.setProperty("--inspector-width", `${this.width}px`);
    for (const [name, value] of Object.entries({ valuenow: this.width, valuemin: LEAST, valuemax: most }))
      this.divider.setAttribute(`aria-${name}`, value);
    localStorage.setItem(KEY, String(this.width));
  }
}

/** The frame of the inspector; what it shows is its own. */
function inspectorPane(shut) {
  const tool = (kind, drawn, says) =>
    h(
      "button",
      { class: `tool ${kind}`, type: "button", "aria-label": says, title: says, on: { click: shut } },
      draw(drawn),
    );
  const name = h("div", { class: "head-place" }, h("h2", { class: "place-title", text: "Inspector" }));
  const close = h("div", { class: "head-tools" }, tool("close", "close", "Close the inspector"));
  const head = h("header", { class: "head" }, tool("back", "back", "Back from the inspector"), name, close);
  return h(
    "aside",
    { class: "pane inspector-pane", id: "inspector", "aria-label": "Inspector", tabindex: -1, hidden: true },
    head,
  );
}

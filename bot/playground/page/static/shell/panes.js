// Arranges the parts of the page: all beside each other on a wide screen, one at a time on a narrow one.

import { divider } from "./divider.js";
import { draw } from "./icons.js";
import { h } from "../app/dom.js";
import { tabs } from "./tabs.js";

const NARROW = matchMedia("(max-width: 699.98px)");
const SIDES = [
  ["thread", "Thread"],
  ["inspector", "Inspector"],
];

export class Panes {
  /** @param {import("../app/state.js").State} state */
  constructor(state) {
    this.state = state;
    this.inspector = inspectorPane(() => this.#shut());
    this.tabs = tabs("Beside the channel", SIDES, (side) => this.#bring(side), "side-panes");
    /** What is seen where there is room for one: "list" (the channels), "main", "thread" or "inspector". */
    this.front = "main";
    /** Which of the two is seen where they share a place. */
    this.side = "thread";
    state.addEventListener("ui", ({ detail }) => this.#follow(detail));
  }

  /** Put the panes into their places. */
  build(sidebar, main, thread) {
    const panes = h("div", { class: "side-panes", id: "side-panes" }, thread, this.inspector);
    this.thread = thread;
    this.order = [sidebar, main, thread, this.inspector];
    this.element = h(
      "div",
      { class: "workspace" },
      sidebar,
      main,
      h("div", { class: "side" }, this.tabs.element, panes),
    );
    this.#show();
    return this.element;
  }

  #follow(changed) {
    const { thread, inspector, message } = this.state.ui;
    const has = (name) => changed.includes(name);
    if (has("channel") || has("tab")) this.front = "main";
    if (has("thread") && thread) this.front = this.side = "thread";
    if ((has("inspector") || (has("message") && message)) && inspector) this.front = this.side = "inspector";
    this.#show();
  }

  #bring(pane) {
    this.front = pane;
    if (pane === "thread" || pane === "inspector") this.side = pane;
    this.#show();
  }

  #show() {
    const { thread, inspector } = this.state.ui;
    const open = { thread: Boolean(thread), inspector, main: true, list: true };
    if (!open[this.side]) this.side = open.thread ? "thread" : "inspector";
    if (!open[this.front]) this.front = open[this.side] ? this.side : "main";
    this.thread.hidden = !thread;
    this.inspector.hidden = !inspector;
    const both = String(open.thread && open.inspector);
    Object.assign(this.element.dataset, { front: this.front, both, side: open[this.side] ? this.side : "none" });
    this.tabs.choose(this.side);
  }

  /** Open the inspector, or bring it to the front where something stands before it; else close it. */
  toggleInspector() {
    const seen = this.inspector.checkVisibility();
    this.state.set({ inspector: !seen });
    if (!seen) this.#bring("inspector");
  }

  #shut() {
    this.state.set({ inspector: false });
    const seen = [...this.element.querySelectorAll(".toggle")].find((toggle) => toggle.checkVisibility());
    seen?.focus({ preventScroll: true });
  }

  /** On a narrow screen: the messages, from the channels. */
  toMain() {
    this.#bring("main");
  }

  /** On a narrow screen: from the messages back to the channels. */
  back() {
    this.#bring("list");
    this.order[0].focus();
  }

  /** Put the focus into the next part of the page that is seen, a box for messages too; `step` -1 goes the other way. */
  next(step) {
    const stops = this.order.filter((pane) => pane.checkVisibility()).flatMap(stopsOf);
    const { activeElement: focused } = document;
    // What stands in a box's frame belongs to the box, all else of a pane to the pane.
    const box = focused.closest(".composer")?.querySelector(".box");
    const here = stops.findIndex(({ pane, target }) => (box ? target === box : pane.contains(focused)));
    const from = here < 0 && step < 0 ? 0 : here;
    stops[(from + step + stops.length) % stops.length].target.focus();
  }

  get narrow() {
    return NARROW.matches;
  }
}

function stopsOf(pane) {
  const content = pane.querySelector("article[tabindex='0'], [aria-current=page]") ?? pane;
  const box = pane.querySelector(".box");
  const targets = box?.checkVisibility() && !box.disabled ? [content, box] : [content];
  return targets.map((target) => ({ pane, target }));
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
  const props = {
    class: "pane inspector-pane",
    id: "inspector",
    "aria-label": "Inspector",
    tabindex: -1,
    hidden: true,
  };
  return h("aside", props, divider(), head);
}

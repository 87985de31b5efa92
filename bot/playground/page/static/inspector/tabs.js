// Chooses one of several panels: tabs by the ARIA pattern, with arrow keys.

import { h } from "../app/dom.js";

/**
 * @typedef {object} Panel
 * @property {string} id
 * @property {string} label
 * @property {HTMLElement} element
 * @property {() => void} show it is seen from now on: draw everything
 * @property {() => void} [hide] it is no longer seen
 * @property {(changes: any[]) => void} update it is seen, and this has happened
 */

/** Tabs over panels. `chosen(panel, before)` is called when another one is chosen. */
export class Tabs {
  /** @param {Panel[]} panels @param {(panel: Panel, before: Panel | null) => void} chosen */
  constructor(label, panels, chosen) {
    this.panels = panels;
    this.chosen = chosen;
    /** @type {Panel | null} */
    this.current = null;
    this.buttons = panels.map((panel) => this.#tab(panel));
    this.list = h("div", { role: "tablist", class: "i-tabs", "aria-label": label }, this.buttons);
    this.list.addEventListener("keydown", (event) => this.#moved(event));
    this.bodies = panels.map((panel) => body(panel));
  }

  choose(id) {
    const before = this.current;
    this.current = this.panels.find((panel) => panel.id === id) ?? this.panels[0];
    if (before === this.current) return;
    this.panels.forEach((panel, index) => {
      const on = panel === this.current;
      this.buttons[index].setAttribute("aria-selected", String(on));
      this.buttons[index].tabIndex = on ? 0 : -1;
      this.bodies[index].hidden = !on;
    });
    this.chosen(this.current, before);
  }

  #tab({ id, label }) {
    return h("button", {
      type: "button",
      role: "tab",
      id: `inspector-tab-${id}`,
      "aria-controls": `inspector-${id}`,
      "aria-selected": "false",
      tabindex: -1,
      text: label,
      on: { click: () => this.choose(id) },
    });
  }

  #moved(event) {
    const last = this.buttons.length - 1;
    const at = this.panels.indexOf(this.current);
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    this.choose(this.panels[to].id);
    this.buttons[to].focus();
    this.buttons[to].scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

function body(panel) {
  const props = {
    role: "tabpanel",
    id: `inspector-${panel.id}`,
    class: "i-panel",
    "aria-labelledby": `inspector-tab-${panel.id}`,
  };
  return h("div", { ...props, hidden: true }, panel.element);
}

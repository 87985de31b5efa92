// Makes a row of tabs: the arrow keys move along it, and one of them is chosen.

import { h } from "../app/dom.js";

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * @param {string} label
 * @param {[string, string][]} all name and words of each
 * @param {(name: string) => void} chosen
 * @param {string} panel the id of what the tabs show
 */
export function tabs(label, all, chosen, panel) {
  const buttons = all.map(([name, text]) =>
    h("button", {
      class: "tab",
      type: "button",
      role: "tab",
      "aria-controls": panel,
      "aria-selected": "false",
      tabindex: -1,
      dataset: { tab: name },
      text,
      on: { click: () => chosen(name) },
    }),
  );
  const element = h("div", { class: "tab-row", role: "tablist", "aria-label": label }, buttons);
  element.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step) return;
    const at = (buttons.indexOf(event.target) + step + buttons.length) % buttons.length;
    buttons[at].focus();
    chosen(buttons[at].dataset.tab);
    event.preventDefault();
  });
  const choose = (name) => {
    for (const button of buttons) {
      const here = button.dataset.tab === name;
      button.setAttribute("aria-selected", String(here));
      button.tabIndex = here ? 0 : -1;
    }
  };
  return { element, choose };
}

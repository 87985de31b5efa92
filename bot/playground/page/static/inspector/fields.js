// Makes the small parts of a form: a group, a choice among few, a switch, a line that says what went wrong.

import { h } from "../app/dom.js";

let made = 0;

/** An id that no other element of the page has. */
export const fresh = (name) => `inspector-${name}-${++made}`;

/** Controls that belong together, under a heading. */
export function group(title, ...children) {
  return h("fieldset", { class: "i-group" }, h("legend", { text: title }), children);
}

/**
 * A choice among few, side by side. `options` are [value, label, explanation?].
 * @returns {{element: HTMLElement, show: (value: string) => void}}
 */
export function choices(title, options, chosen) {
  const name = fresh("choice");
  const about = h("p", { class: "i-note" });
  const inputs = options.map(([value]) => h("input", { type: "radio", name, value }));
  const labels = options.map(([, label], index) => h("label", null, inputs[index], h("span", { text: label })));
  const buttons = h("div", { class: "i-choices", role: "radiogroup", "aria-label": title }, labels);
  buttons.addEventListener("change", (event) => chosen(event.target.value));
  return {
    element: h("div", { class: "i-field" }, h("span", { class: "i-field-name", text: title }), buttons, about),
    show(value) {
      for (const input of inputs) input.checked = input.value === value;
      about.textContent = options.find((option) => option[0] === value)?.[2] ?? "";
      about.hidden = !about.textContent;
    },
  };
}

/** Something that is on or off. */
export function toggle(label, changed) {
  const input = h("input", { type: "checkbox", role: "switch" });
  input.addEventListener("change", () => changed(input.checked));
  return { element: h("label", { class: "i-check" }, input, label), show: (on) => (input.checked = on) };
}

/**
 * A line for the sentence of what was refused; `during(work)` shows it, and clears it when the next work is done.
 */
export function complaint() {
  const element = h("p", { class: "i-complaint", role: "alert" });
  return {
    element,
    async during(work) {
      try {
        const result = await work();
        element.textContent = "";
        return result;
      } catch (error) {
        element.textContent = error.message;
        return null;
      }
    },
  };
}

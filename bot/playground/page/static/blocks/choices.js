// Draws radio buttons, checkboxes, and selects in which several things are chosen.

import { h } from "../app/dom.js";
import { control } from "./controls.js";
import { atFirst, known, offered } from "./options.js";
import { list, object } from "./shapes.js";
import { textObject, words } from "./text.js";

export function radioButtons(part, ref, ctx) {
  return boxes("radio", part, ref, ctx);
}

export function checkboxes(part, ref, ctx) {
  return boxes("checkbox", part, ref, ctx);
}

// A form of its own keeps the same buttons apart where a message is shown twice, in its channel and in its thread.
function boxes(kind, part, ref, ctx) {
  const chosen = atFirst(part);
  const made = list(part.options)
    .map(object)
    .map((option) => {
      const shown = [h("span", { class: "mrkdwn" }, textObject(option.text, ctx))];
      if (option.description) shown.push(h("span", { class: "choice-more" }, textObject(option.description, ctx)));
      return box(kind, option, chosen.includes(option.value), h("span", null, shown));
    });
  const stay = { submit: (event) => event.preventDefault() };
  const group = {
    class: "choices",
    role: kind === "radio" ? "radiogroup" : "group",
    "aria-label": ctx.label || "Options",
  };
  return h("form", { class: "choice-form", on: stay }, control("div", part, ref, ctx, group, made));
}

function box(kind, choice, checked, shown) {
  const props = { type: kind, name: "choice", checked, dataset: { choice: JSON.stringify(choice) } };
  return h("label", { class: "choice" }, h("input", props), shown);
}

/** A list that folds out, since a native one that takes several is hard to use by keyboard. */
export function multiSelect(part, ref, ctx) {
  const chosen = atFirst(part);
  /** @type {[string, import("./options.js").Offer[]][]} */
  const groups = ref.type === "multi_static_select" ? offered(part, ctx) : [["", known(ref.type, chosen, ctx, part.filter)]];
  const inside = groups.map(([name, offers]) => [
    name ? h("div", { class: "choice-group" }, name) : null,
    offers.map(({ choice, key, name: shown, more }) => {
      const words = [h("span", null, shown), more ? h("span", { class: "choice-more" }, more) : null];
      return box("checkbox", choice, chosen.includes(key), h("span", null, words));
    }),
  ]);
  const hint = words(part.placeholder, ctx) || "Choose";
  const most = Number.isInteger(part.max_selected_items) ? part.max_selected_items : Infinity;
  const label = ctx.label || hint;
  const made = control("div", part, ref, ctx, { class: "choices", role: "group", "aria-label": label }, inside);
  const count = h("span", { class: "multi-count" }, counted(chosen.length));
  made.addEventListener("input", (event) => limit(event, made, most));
  return h(
    "details",
    { class: "multi", "aria-label": label },
    h("summary", null, h("span", null, hint), " ", count),
    made,
  );
}

function limit(event, made, most) {
  const checked = made.querySelectorAll("input:checked");
  if (checked.length > most) event.target.checked = false;
  const count = made.closest("details")?.querySelector(".multi-count");
  if (count) count.textContent = counted(Math.min(checked.length, most));
}

function counted(number) {
  return number ? `${number} chosen` : "";
}

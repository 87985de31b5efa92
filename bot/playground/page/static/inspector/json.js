// Draws JSON as a tree that unfolds, long strings and lists cut until more is asked for.

import { h } from "../app/dom.js";
import { number, shortened } from "./format.js";

const MOST_TEXT = 400;
const MOST_ROWS = 100;

/**
 * A value as a tree with a button that copies it. `label` names it.
 * @param {string} label
 * @param {unknown} value
 * @param {{unfolded?: number}} [options] how many levels are open at first
 */
export function jsonTree(label, value, { unfolded = 1 } = {}) {
  return h(
    "div",
    { class: "i-json", role: "group", "aria-label": label },
    h("div", { class: "i-json-head" }, h("span", { class: "i-json-title", text: label }), copyButton(value, label)),
    h("div", { class: "i-json-tree" }, node(value, unfolded)),
  );
}

/** A button that puts a value on the clipboard and says whether that worked. */
export function copyButton(value, label) {
  const button = h("button", { type: "button", class: "i-quiet-button", text: "Copy", "aria-label": `Copy ${label}` });
  button.addEventListener("click", async () => {
    const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
    button.textContent = await navigator.clipboard.writeText(text).then(
      () => "Copied",
      () => "Not allowed",
    );
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

function node(value, unfolded) {
  if (Array.isArray(value)) return branch([...value.entries()], `[${value.length}]`, unfolded);
  if (value !== null && typeof value === "object") {
    return branch(Object.entries(value), `{${Object.keys(value).length}}`, unfolded);
  }
  return leaf(value);
}

function branch(entries, size, unfolded) {
  if (!entries.length) return h("span", { class: "i-json-size", text: size.startsWith("[") ? "[ ]" : "{ }" });
  const list = h("ul", { class: "i-json-list" });
  fill(list, entries, 0, unfolded);
  return list;
}

function fill(list, entries, from, unfolded) {
  const until = Math.min(entries.length, from + MOST_ROWS);
  for (const [key, value] of entries.slice(from, until)) list.append(row(key, value, unfolded - 1));
  if (until === entries.length) return;
  const more = h("button", { type: "button", class: "i-quiet-button", text: `${number(entries.length - until)} more` });
  const item = h("li", null, more);
  more.addEventListener("click", () => {
    item.remove();
    fill(list, entries, until, unfolded);
  });
  list.append(item);
}

function row(key, value, unfolded) {
  const name = h("span", { class: "i-json-key", text: `${key}: ` });
  if (value === null || typeof value !== "object" || !Object.keys(value).length)
    return h("li", null, name, node(value, 0));
  const inside = h("details", { open: unfolded > 0 }, h("summary", null, name, preview(value)));
  // What is folded is made when it is unfolded: a payload may have thousands of values.
  const unfold = () => inside.open && inside.childElementCount === 1 && inside.append(node(value, unfolded));
  inside.addEventListener("toggle", unfold);
  unfold();
  return h("li", null, inside);
}

function preview(value) {
  const text = Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).join(", ")}}`;
  return h("span", { class: "i-json-size", text: shortened(text, 48) });
}

function leaf(value) {
  if (typeof value !== "string") return h("span", { class: "i-json-word", text: String(value) });
  const text = h("span", { class: "i-json-text", text: JSON.stringify(value.slice(0, MOST_TEXT)) });
  if (value.length <= MOST_TEXT) return text;
  const all = h("button", {
    type: "button",
    class: "i-quiet-button",
    text: `Show all ${number(value.length)} characters`,
  });
  all.addEventListener("click", () => {
    text.textContent = JSON.stringify(value);
    all.remove();
  });
  return h("span", null, text, " ", all);
}

// Turns Slack's flat lists, each with an indent, into lists within lists.

import { h } from "../app/dom.js";
import { list, Malformed } from "./shapes.js";

/**
 * Neighbouring rich_text_lists as one outline. Slack writes a list that goes on after a deeper one as a list of its
 * own, with an offset; here it goes on in place.
 * @param {any[]} sources
 * @param {(item: any) => any} content of one item
 * @returns {HTMLElement[]} the outermost lists
 */
export function lists(sources, content) {
  const outermost = [];
  /** @type {{indent: number, style: string, count: number, element: HTMLElement}[]} */
  const open = [];
  for (const source of sources) {
    const { indent, style, offset } = read(source);
    while (open.length && open[open.length - 1].indent > indent) open.pop();
    if (!goesOn(open[open.length - 1], indent, style, offset)) start(open, outermost, indent, style, offset);
    const level = open[open.length - 1];
    for (const item of list(source.elements)) {
      level.element.append(
        h("li", { dataset: { key: `item ${level.count}` } }, h("div", { class: "rt-item" }, content(item))),
      );
      level.count += 1;
    }
  }
  return outermost;
}

function read({ indent, style, offset }) {
  if (style !== "bullet" && style !== "ordered") throw new Malformed("no style of a list");
  return { indent: whole(indent), style, offset: whole(offset) };
}

function whole(value) {
  if (value === undefined || value === null) return 0;
  if (!Number.isInteger(value) || value < 0) throw new Malformed("not a whole number");
  return value;
}

function goesOn(level, indent, style, offset) {
  return level?.indent === indent && level.style === style && (style === "bullet" || offset === level.count);
}

function start(open, outermost, indent, style, offset) {
  if (open[open.length - 1]?.indent === indent) open.pop();
  const above = open[open.length - 1]?.element;
  const element = h(style === "ordered" ? "ol" : "ul", {
    class: "rt-list",
    dataset: { level: String(indent % 3), depth: String(Math.min(above ? 0 : indent, 8)) },
    start: style === "ordered" && offset ? offset + 1 : null,
  });
  const parent = above?.lastElementChild;
  if (parent) parent.append(element);
  else outermost.push(element);
  open.push({ indent, style, count: style === "ordered" ? offset : 0, element });
}

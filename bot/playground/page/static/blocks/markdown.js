// Draws the tree that the local Slack has made of a text in Markdown: an element for each of its nodes, never markup.

import { h } from "../app/dom.js";
import { link } from "./links.js";
import { angle } from "./mrkdwn.js";
import { scrolling } from "./scrolling.js";
import { list, Malformed, object, string, worded } from "./shapes.js";
import { withEmoji } from "./text.js";

const HEADING_BELOW = 2; // the page's own headings stand above those of a message

/** The nodes of a tree (bot/playground/slack/markdown_tree.py) as elements and texts. */
export function renderMarkdown(tree, ctx) {
  return list(tree).map((node, index) => (typeof node === "string" ? node : element(object(node), index, ctx)));
}

function element(node, index, ctx) {
  if (!Object.hasOwn(ELEMENTS, node.tag)) throw new Malformed("no such element");
  return ELEMENTS[node.tag](node, ctx, index);
}

const within = (tag) => (node, ctx) => h(tag, null, renderMarkdown(node.children, ctx));

/** @type {Record<string, (node: any, ctx: any, index: number) => any>} */
const ELEMENTS = {
  p: within("p"),
  blockquote: within("blockquote"),
  ul: within("ul"),
  strong: within("strong"),
  em: within("em"),
  s: within("s"),
  ol: (node, ctx) => h("ol", { start: node.start }, renderMarkdown(node.children, ctx)),
  li: item,
  heading,
  hr: () => h("hr", { class: "divider" }),
  br: () => h("br", null),
  pre: ({ text, language }) => box(string(text), worded(language)),
  code: ({ text }) => h("code", { class: "inline" }, string(text)),
  table: ({ children }, ctx) => table(list(children).map(object), ctx),
  a: ({ href, children }, ctx) => link(string(href), ...renderMarkdown(children, ctx)),
  reference: ({ text }, ctx) => angle(string(text), ctx) ?? `<${text}>`,
  emoji: ({ text }) => withEmoji(string(text)),
};

function heading({ level, children }, ctx) {
  const depth = String(Math.min(6, level + HEADING_BELOW));
  const props = { class: `md-heading md-heading-${level}`, role: "heading", "aria-level": depth };
  return h("div", props, renderMarkdown(children, ctx));
}

function box(source, language) {
  const label = language ? h("span", { class: "code-language" }, language) : null;
  return h("div", { class: "code-box" }, label, h("pre", { class: "code" }, h("code", null, source)));
}

function item({ done, children }, ctx, index) {
  const inside = renderMarkdown(children, ctx);
  const dataset = { key: `item ${index}` };
  if (typeof done !== "boolean") return h("li", { dataset }, inside);
  const mark = h("span", { class: "task-mark", role: "img", "aria-label": done ? "Done" : "To do" }, done ? "☑" : "☐");
  return h("li", { class: "task-item", dataset }, mark, h("div", null, inside));
}

function table(rows, ctx) {
  const made = rows.map(({ children }, at) =>
    h(
      "tr",
      { dataset: { key: `row ${at}` } },
      list(children).map((cell) => tableCell(object(cell), at, ctx)),
    ),
  );
  const columns = made[0]?.children.length ?? 0;
  return scrolling(
    h("table", null, h("thead", null, made[0]), h("tbody", null, made.slice(1))),
    columns,
    made.length - 1,
  );
}

function tableCell({ align, children }, row, ctx) {
  const props = { class: align ? `align-${align}` : null, scope: row ? null : "col" };
  return h(row ? "td" : "th", props, h("div", { class: "cell" }, renderMarkdown(children, ctx)));
}

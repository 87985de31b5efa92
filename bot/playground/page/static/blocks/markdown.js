// Knows how Markdown becomes elements: block by block from the parser's tokens, never through HTML.

import { h } from "../app/dom.js";
import { healed } from "./half_open.js";
import { inlineNodes } from "./markdown_line.js";
import { parser } from "./markdown_parser.js";
import { scrolling } from "./scrolling.js";

const TASK = /^\[([ xX])\] /;
const HEADING_BELOW = 2; // the page's own headings stand above those of a message

/**
 * A text in Markdown as a fragment. `growing`: more is to come, so what is open at its end is closed.
 * @param {string} source
 * @param {any} ctx
 * @param {boolean} growing
 */
export function renderMarkdown(source, ctx, growing) {
  const tokens = parser.parse(growing ? healed(source) : source, {});
  const fragment = document.createDocumentFragment();
  fragment.append(...nodes(tree(tokens), ctx));
  return fragment;
}

/** The parser's flat list of tokens as a tree: each node has its opening token and what stands within. */
function tree(tokens) {
  /** @type {{token: any, children: any[]}} */
  const root = { token: null, children: [] };
  const open = [root];
  for (const token of tokens) {
    if (token.nesting < 0) {
      open.pop();
      continue;
    }
    const node = { token, children: [] };
    open[open.length - 1].children.push(node);
    if (token.nesting > 0) open.push(node);
  }
  return root.children;
}

function nodes(children, ctx) {
  return children.flatMap((child, index) => block(child, index, ctx));
}

function block({ token, children }, index, ctx) {
  const make = BLOCKS[token.type];
  return make ? make(token, children, ctx, index) : [token.content];
}

const BLOCKS = {
  inline: (token, _, ctx) => inlineNodes(token.children, ctx),
  paragraph_open: (_, children, ctx) => h("p", null, nodes(children, ctx)),
  heading_open: (token, children, ctx) => heading(Number(token.tag.slice(1)), nodes(children, ctx)),
  blockquote_open: (_, children, ctx) => h("blockquote", null, nodes(children, ctx)),
  bullet_list_open: (_, children, ctx) => h("ul", null, nodes(children, ctx)),
  ordered_list_open: (token, children, ctx) => h("ol", { start: token.attrGet("start") }, nodes(children, ctx)),
  list_item_open: (_, children, ctx, index) => item(children, ctx, index),
  hr: () => h("hr", { class: "divider" }),
  fence: (token) => box(token.content, token.info.trim().split(/\s/)[0]),
  code_block: (token) => box(token.content, ""),
  table_open: (_, children, ctx) => table(children, ctx),
};

function heading(level, inside) {
  const depth = String(Math.min(6, level + HEADING_BELOW));
  return h("div", { class: `md-heading md-heading-${level}`, role: "heading", "aria-level": depth }, inside);
}

function box(source, language) {
  const label = language ? h("span", { class: "code-language" }, language) : null;
  return h(
    "div",
    { class: "code-box" },
    label,
    h("pre", { class: "code" }, h("code", null, source.replace(/\n$/, ""))),
  );
}

function item(children, ctx, index) {
  const task = taskOf(children);
  const inside = nodes(children, ctx);
  if (!task) return h("li", { dataset: { key: `item ${index}` } }, inside);
  const done = task !== " ";
  const mark = h("span", { class: "task-mark", role: "img", "aria-label": done ? "Done" : "To do" }, done ? "☑" : "☐");
  return h("li", { class: "task-item", dataset: { key: `item ${index}` } }, mark, h("div", null, inside));
}

/** The mark of a task list's item, which is taken out of its text; null where it is a plain item. */
function taskOf([paragraph]) {
  const first = paragraph?.children?.[0]?.token.children?.[0];
  const found = first?.type === "text" ? TASK.exec(first.content) : null;
  if (!found) return null;
  first.content = first.content.slice(found[0].length);
  return found[1];
}

function table(parts, ctx) {
  const rows = parts.flatMap((part) => part.children);
  const made = rows.map((row, at) =>
    h(
      "tr",
      { dataset: { key: `row ${at}` } },
      row.children.map((cell) => tableCell(cell, at, ctx)),
    ),
  );
  const columns = rows[0]?.children.length ?? 0;
  return scrolling(
    h("table", null, h("thead", null, made[0]), h("tbody", null, made.slice(1))),
    columns,
    made.length - 1,
  );
}

function tableCell({ token, children }, row, ctx) {
  const [, align] = /text-align:(\w+)/.exec(token.attrGet("style") ?? "") ?? [];
  const props = { class: align ? `align-${align}` : null, scope: row ? null : "col" };
  return h(row ? "td" : "th", props, h("div", { class: "cell" }, nodes(children, ctx)));
}

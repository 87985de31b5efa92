// Draws a list of blocks, each by its type; one that is malformed is shown as unknown, beside the others.

import { h } from "../app/dom.js";
import { container } from "./containers.js";
import { contextActions } from "./feedback.js";
import { fileBlock } from "./files.js";
import { input } from "./inputs.js";
import { actions, alert, context, divider, header, section } from "./layout.js";
import { renderMarkdown } from "./markdown.js";
import { image } from "./pictures.js";
import { richText } from "./rich_text.js";
import { DEEPEST, Malformed, object } from "./shapes.js";
import { table } from "./tables.js";
import { plan, taskCard } from "./tasks.js";
import { unknown } from "./unknown.js";

/** @type {Record<string, (block: any, ctx: any, render: (blocks: any[], ctx: any) => DocumentFragment) => Node>} */
const KINDS = {
  actions,
  alert,
  container,
  context,
  context_actions: contextActions,
  divider,
  file: fileBlock,
  header,
  image,
  input,
  markdown: (block, ctx) => h("div", { class: "markdown" }, renderMarkdown(block.tree, ctx)),
  plan,
  rich_text: richText,
  section,
  table,
  task_card: taskCard,
};

/**
 * Blocks as elements, each with its key and type.
 * @param {any} blocks
 * @param {any} ctx
 * @returns {DocumentFragment}
 */
export function renderBlocks(blocks, ctx) {
  const fragment = document.createDocumentFragment();
  const seen = new Set();
  for (const [index, block] of (Array.isArray(blocks) ? blocks : [blocks]).entries()) {
    const id = typeof block?.block_id === "string" && block.block_id;
    const key = id && !seen.has(id) ? id : String(index);
    seen.add(key);
    fragment.append(drawn(block, key, ctx));
  }
  return fragment;
}

function drawn(block, key, ctx) {
  const inside = { ...ctx, place: `${ctx.place ?? ""}\n${key}`, depth: (ctx.depth ?? 0) + 1 };
  const type = typeof block?.type === "string" ? block.type : "";
  return h("div", { class: "block", dataset: { key, block: type || "none" } }, content(block, type, inside));
}

function content(block, type, ctx) {
  try {
    if (!Object.hasOwn(KINDS, type)) throw new Malformed("no such block");
    if (ctx.depth > DEEPEST) throw new Malformed("too deep");
    return KINDS[type](object(block), ctx, renderBlocks);
  } catch {
    return unknown(block);
  }
}

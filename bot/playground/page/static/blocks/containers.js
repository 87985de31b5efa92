// Draws the container block: other blocks under a title, which may fold.

import { h } from "../app/dom.js";
import { folding } from "./folding.js";
import { thumbnail } from "./pictures.js";
import { richText } from "./rich_text.js";
import { list, object } from "./shapes.js";
import { textObject } from "./text.js";

/** `render` draws the blocks within, a level deeper. */
export function container(block, ctx, render) {
  const inside = h("div", { class: "container-inside" }, render(list(block.child_blocks), ctx));
  const title = head(block, ctx);
  if (block.is_collapsible === true) return folding("container", title, inside, block.default_collapsed !== true, ctx);
  const line = block.has_header_divider === true ? " has-line" : "";
  return h(
    "div",
    { class: "container" },
    title.length ? h("div", { class: `container-head${line}` }, title) : null,
    inside,
  );
}

function head(block, ctx) {
  const title = block.rich_text_title
    ? richText(object(block.rich_text_title), ctx)
    : block.title && textObject(block.title, ctx);
  const subtitle = block.subtitle ? h("span", { class: "container-subtitle" }, textObject(block.subtitle, ctx)) : null;
  const icon = block.icon ? thumbnail(object(block.icon), ctx, "small") : null;
  return [icon, title ? h("span", { class: "container-title" }, title) : null, subtitle].filter(Boolean);
}

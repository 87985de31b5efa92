// Knows the blocks that lay out text: section, header, context and divider.

import { h } from "../app/dom.js";
import { element } from "./elements.js";
import { thumbnail } from "./pictures.js";
import { list, listed, Malformed, object } from "./shapes.js";
import { textObject } from "./text.js";

export function section(block, ctx) {
  const fields = listed(block.fields);
  if (!block.text && !fields.length) throw new Malformed("a section without text");
  return h(
    "div",
    { class: "section" },
    h(
      "div",
      { class: "section-words" },
      block.text ? h("div", { class: "mrkdwn" }, textObject(block.text, ctx)) : null,
      fields.length
        ? h(
            "div",
            { class: "fields" },
            fields.map((field) => h("div", { class: "mrkdwn" }, textObject(field, ctx))),
          )
        : null,
    ),
    block.accessory ? h("div", { class: "accessory" }, accessory(object(block.accessory), block, ctx)) : null,
  );
}

function accessory(part, block, ctx) {
  return part.type === "image" ? thumbnail(part, ctx, "large") : element(part, 0, block, ctx);
}

export function header(block, ctx) {
  return h("div", { class: "header", role: "heading", "aria-level": "3" }, textObject(block.text, ctx));
}

export function context(block, ctx) {
  const elements = list(block.elements).map(object);
  const parts = elements.map((part) => {
    return part.type === "image"
      ? thumbnail(part, ctx, "small")
      : h("span", { class: "mrkdwn" }, textObject(part, ctx));
  });
  return h("div", { class: "context" }, parts);
}

export function divider() {
  return h("hr", { class: "divider" });
}

export function actions(block, ctx) {
  const elements = list(block.elements).map(object);
  return h(
    "div",
    { class: "actions" },
    elements.map((part, index) => element(part, index, block, ctx)),
  );
}

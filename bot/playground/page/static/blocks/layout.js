// Draws the blocks that lay out text: section, header, context and divider.

import { h } from "../app/dom.js";
import { element } from "./elements.js";
import { thumbnail } from "./pictures.js";
import { list, listed, Malformed, object, worded } from "./shapes.js";
import { textObject } from "./text.js";

const LEVELS = { default: "", info: "Note", warning: "Warning", error: "Error", success: "Done" };

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

/** A notice in a modal. Its level is written out, since not everybody can tell it by the colour. */
export function alert(block, ctx) {
  const level = worded(block.level) || "default";
  if (!Object.hasOwn(LEVELS, level)) throw new Malformed("no level of an alert");
  const said = LEVELS[level] ? h("strong", null, `${LEVELS[level]}: `) : null;
  return h("div", { class: "notice mrkdwn", dataset: { level } }, said, textObject(block.text, ctx));
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

// Knows how pictures are shown: those of this page's own files as they are, all others as a frame with their address.

import { h } from "../app/dom.js";
import { isOurs, link } from "./links.js";
import { maybe, object, string, worded } from "./shapes.js";
import { textObject, words } from "./text.js";

/** An image block. */
export function image(block, ctx) {
  const alt = string(block.alt_text);
  const title = block.title ? h("figcaption", null, textObject(block.title, ctx)) : null;
  const file = maybe(object, block.slack_file);
  const address = file ? worded(file.url) || worded(file.id) : string(block.image_url);
  return h("figure", { class: "picture" }, title, isOurs(address) ? picture(address, alt) : frame(address, alt));
}

/** The small image of a context or an accessory. */
export function thumbnail(element, ctx, size) {
  const alt = string(element.alt_text);
  const address = worded(element.image_url) || worded(maybe(object, element.slack_file)?.url);
  if (isOurs(address)) return h("img", { class: `thumbnail ${size}`, src: address, alt });
  const label = `${words({ type: "plain_text", text: alt }, ctx)} (picture not loaded)`;
  return h(
    "span",
    { class: `thumbnail ${size}`, role: "img", "aria-label": label, title: `${alt}\n${address}` },
    initial(alt),
  );
}

/** A picture of the page's own. */
export function picture(address, alt) {
  return h("img", { class: "shown-picture", src: address, alt, loading: "lazy" });
}

function frame(address, alt) {
  return h(
    "div",
    { class: "picture-frame" },
    h("span", { class: "picture-alt" }, alt || "Picture"),
    h("span", { class: "picture-note" }, "Not loaded: nothing leaves this machine."),
    h("span", { class: "picture-address" }, link(address)),
  );
}

function initial(alt) {
  const [first] = new Intl.Segmenter().segment(alt.trim() || "?");
  return h("span", { "aria-hidden": "true" }, first.segment);
}

// Draws pictures: those of this page's own files as they are, all others as a frame with their address.

import { h } from "../app/dom.js";
import { link } from "./links.js";
import { object, string, worded } from "./shapes.js";
import { textObject, words } from "./text.js";

const FILE = /^\/files-pri\/([^/]+)\/([^/]+)$/;

/** An image block. */
export function image(block, ctx) {
  const alt = string(block.alt_text);
  const title = block.title ? h("figcaption", null, textObject(block.title, ctx)) : null;
  const { address, ours } = found(block, ctx);
  return h("figure", { class: "picture" }, title, ours ? picture(ours, alt) : frame(address, alt));
}

/** The small image of a context or an accessory. */
export function thumbnail(element, ctx, size) {
  const alt = string(element.alt_text);
  const { address, ours } = found(element, ctx);
  if (ours) return h("img", { class: `thumbnail ${size}`, src: ours, alt });
  const label = `${words({ type: "plain_text", text: alt }, ctx)} (picture not loaded)`;
  return h(
    "span",
    { class: `thumbnail ${size}`, role: "img", "aria-label": label, title: `${alt}\n${address}` },
    initial(alt),
  );
}

// A picture in Slack itself is a file that the page has too, at an address of its own.
function found({ image_url: elsewhere, slack_file: file }, ctx) {
  const address = file ? worded(object(file).url) || string(file.id) : string(elsewhere);
  const url = file && URL.canParse(address) ? new URL(address) : null;
  const [, id, name] = (url?.origin === location.origin && FILE.exec(url.pathname)) || [];
  return { address, ours: id ? ctx.fileUrl({ id, name: decodeURIComponent(name) }) : "" };
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

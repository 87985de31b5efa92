// Draws attachments: blocks beside a bar, or the older kind with a title, fields and a footer.

import { h } from "../app/dom.js";
import { renderBlocks } from "./blocks.js";
import { moment } from "./dates.js";
import { link } from "./links.js";
import { renderMrkdwn, unescaped } from "./mrkdwn.js";
import { image } from "./pictures.js";
import { listed, object, worded } from "./shapes.js";
import { unknown } from "./unknown.js";

const NAMED = { good: "var(--ok)", warning: "var(--warn)", danger: "var(--danger)" };
const HEX = /^#?([0-9a-f]{6}|[0-9a-f]{3})$/i;

export function attachments(sent, ctx) {
  return listed(sent).map((part, index) => {
    const color = colorOf(part);
    // The key holds the colour, so another colour is another element.
    const key = `attachment ${index} ${color}`;
    const bar = h("span", {
      class: "attachment-bar",
      "aria-hidden": "true",
      style: color ? { backgroundColor: color } : {},
    });
    const within = { ...ctx, place: `${ctx.place ?? ""}\nattachment ${index}` };
    return h(
      "div",
      { class: "attachment", dataset: { key } },
      bar,
      h("div", { class: "attachment-inside" }, content(part, within)),
    );
  });
}

function colorOf(part) {
  const said = typeof part?.color === "string" ? part.color : "";
  const [, hex] = HEX.exec(said) ?? [];
  return Object.hasOwn(NAMED, said) ? NAMED[said] : hex ? `#${hex}` : "";
}

function content(part, ctx) {
  try {
    const attachment = object(part);
    return attachment.blocks ? renderBlocks(attachment.blocks, ctx) : older(attachment, ctx);
  } catch {
    return unknown(part, "element");
  }
}

function older(part, ctx) {
  const rows = [pretext, author, title, text, fields, picture, buttons, footer]
    .map((row) => row(part, ctx))
    .filter(Boolean);
  return rows.length ? rows : h("div", { class: "mrkdwn" }, renderMrkdwn(worded(part.fallback), ctx));
}

const pretext = (part, ctx) => part.pretext && h("div", { class: "mrkdwn" }, renderMrkdwn(worded(part.pretext), ctx));
const author = (part) =>
  part.author_name && h("div", { class: "attachment-author" }, linked(part.author_name, part.author_link));
const title = (part) => part.title && h("div", { class: "attachment-title" }, linked(part.title, part.title_link));
const text = (part, ctx) => part.text && h("div", { class: "mrkdwn" }, renderMrkdwn(worded(part.text), ctx));
const picture = (part, ctx) =>
  part.image_url && image({ image_url: part.image_url, alt_text: worded(part.fallback) }, ctx);
const buttons = (part) => part.actions && unknown({ type: "attachment actions", actions: part.actions }, "element");

function fields(part, ctx) {
  const made = listed(part.fields)
    .map(object)
    .map((field) => {
      const name = h("strong", null, worded(field.title));
      return h(
        "div",
        { class: field.short === true ? "mrkdwn" : "mrkdwn wide" },
        name,
        "\n",
        renderMrkdwn(worded(field.value), ctx),
      );
    });
  return made.length ? h("div", { class: "fields" }, made) : null;
}

function footer(part) {
  const at = part.ts === undefined ? null : moment(Number(part.ts), "{date_short_pretty} at {time}", "", "");
  const said = worded(part.footer);
  if (!said && !at) return null;
  return h("div", { class: "attachment-footer" }, unescaped(said), said && at ? " · " : null, at);
}

function linked(label, address) {
  const shown = unescaped(worded(label));
  return address ? link(worded(address), shown) : shown;
}

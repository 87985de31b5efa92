// Draws rich_text: sections, quotes, code boxes and lists, and the styled pieces within them.

import { h } from "../app/dom.js";
import { moment } from "./dates.js";
import { emoji, emojiNode, picture } from "./emoji.js";
import { link } from "./links.js";
import { broadcast, channel, group, user } from "./mentions.js";
import { lists } from "./rich_lists.js";
import { list, listed, Malformed, object, string, worded } from "./shapes.js";

const STYLES = [
  ["code", "code"],
  ["strike", "s"],
  ["underline", "u"],
  ["italic", "em"],
  ["bold", "strong"],
];
const POINTS = /^[0-9a-f]{1,5}(?:-[0-9a-f]{1,5})*$/i;
const HEX = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i;

/** The elements of a rich_text block, each on lines of its own. */
export function richText(block, ctx) {
  const elements = list(block.elements).map(object);
  return h(
    "div",
    { class: "rich-text" },
    runs(elements).map((run) => element(run, ctx)),
  );
}

// Lists that follow one another are one outline, so they are taken together; everything else is taken alone.
function runs(elements) {
  const found = [];
  for (const each of elements) {
    const last = found[found.length - 1];
    if (each.type === "rich_text_list" && last?.[0].type === "rich_text_list" && last[0].border === each.border)
      last.push(each);
    else found.push([each]);
  }
  return found;
}

function element(run, ctx) {
  const [first] = run;
  const bar = first.border === 1 ? " bordered" : "";
  switch (first.type) {
    case "rich_text_section":
      return h("div", { class: "rt-section" }, inlines(first.elements, ctx));
    case "rich_text_quote":
      return h("blockquote", null, inlines(first.elements, ctx));
    case "rich_text_preformatted":
      return code(first, ctx, bar);
    case "rich_text_list":
      return h(
        "div",
        { class: `rt-lists${bar}` },
        lists(run, (item) => inlines(object(item).elements, ctx)),
      );
    default:
      throw new Malformed("no part of rich_text");
  }
}

function code({ elements, language }, ctx, bar) {
  const name = worded(language);
  const label = name ? h("span", { class: "code-language" }, name) : null;
  return h(
    "div",
    { class: `code-box${bar}` },
    label,
    h("pre", { class: "code" }, h("code", null, inlines(elements, ctx))),
  );
}

function inlines(elements, ctx) {
  return list(elements).map((each) => inline(object(each), ctx));
}

function inline(piece, ctx) {
  const make = Object.hasOwn(PIECES, piece.type) ? PIECES[piece.type] : null;
  if (!make) throw new Malformed("no piece of rich_text");
  const style = piece.style === undefined || piece.style === null ? {} : object(piece.style);
  return STYLES.reduce((node, [name, tag]) => (style[name] === true ? styled(tag, node) : node), make(piece, ctx));
}

function styled(tag, node) {
  return h(tag, tag === "code" ? { class: "inline" } : null, node);
}

const PIECES = {
  text: ({ text }) => string(text),
  link: ({ url, text }) => link(string(url), ...(worded(text) ? [text] : [])),
  user: ({ user_id: id }, ctx) => user(string(id), ctx),
  usergroup: ({ usergroup_id: id }, ctx) => group(string(id), ctx),
  channel: ({ channel_id: id }, ctx) => channel(string(id), ctx),
  broadcast: ({ range }) => broadcast(string(range)) ?? `@${range}`,
  date: ({ timestamp, format, url, fallback }) =>
    moment(Number(timestamp), string(format), worded(url), worded(fallback)),
  color: ({ value }) => color(string(value)),
  emoji: ({ name, unicode, skin_tone: tone }) => emojiPiece(string(name), worded(unicode), tone),
};

function emojiPiece(name, unicode, tone) {
  const full = tone ? `${name}::skin-tone-${tone}` : name;
  if (!POINTS.test(unicode) || !emoji(name).startsWith(":")) return emojiNode(full);
  const points = unicode.split("-").map((point) => parseInt(point, 16));
  return points.every((point) => point <= 0x10ffff) ? picture(String.fromCodePoint(...points), name) : `:${name}:`;
}

function color(value) {
  if (!HEX.test(value)) return value;
  const dot = h("span", { class: "swatch", "aria-hidden": "true", style: { backgroundColor: value } });
  // The key holds the colour, so another colour is another element.
  return h("span", { class: "color", dataset: { key: `color ${value}` } }, dot, value);
}

/** What a task says of itself: rich_text, or a plain text. */
export function richOrPlain(value, ctx) {
  if (typeof value === "string") return h("div", { class: "rt-section" }, value);
  const { type } = object(value);
  if (type !== "rich_text") throw new Malformed("not rich_text");
  return listed(value.elements).length ? richText(value, ctx) : null;
}

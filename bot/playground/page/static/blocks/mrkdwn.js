// Draws mrkdwn, Slack's own markup: code boxes and quotes by line, then the pieces of each line.

import { h } from "../app/dom.js";
import { moment } from "./dates.js";
import { EMOJI_CODE, emojiNode } from "./emoji.js";
import { link, opens } from "./links.js";
import { markAt, pair } from "./marks.js";
import { broadcast, channel, group, user } from "./mentions.js";

const TAGS = { "*": "strong", _: "em", "~": "s" };
const BOX = /```([^]+?)```/;
const QUOTE = /^(?:&gt;|>) ?/;
const QUOTE_ALL = /^(?:&gt;&gt;&gt;|>>>) ?/;
const CODE = /`([^`]+)`/y;
const ANGLE = /<([^<>]+)>/y;
const ESCAPE = /&(?:amp|lt|gt);/y;
const ADDRESS = /https?:\/\/[^\s<>|`]+/iy;
const CALL = /@(here|channel|everyone)(?![\p{L}\p{N}_])/uy;
const PLAIN = /[^<`*_~:&@hH]+/y;
const WORD = /[\p{L}\p{N}_]/u;
const AFTER = new Set(".,;:!?'\")]*_~");

/** The three escapes undone. */
export function unescaped(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/**
 * A text in mrkdwn as nodes. `verbatim` leaves bare addresses alone; `calls` makes a bare @here live, as Slack does in
 * the text objects of blocks.
 * @param {string} text
 * @param {any} ctx
 * @param {{verbatim?: boolean, calls?: boolean}} [how]
 */
export function renderMrkdwn(text, ctx, how = {}) {
  const fragment = document.createDocumentFragment();
  const parts = text.split(BOX);
  for (const [index, part] of parts.entries()) {
    if (index % 2) fragment.append(box(part));
    else fragment.append(...paragraphs(alone(part, index > 0, index < parts.length - 1), ctx, how));
  }
  return fragment;
}

function box(source) {
  return h("pre", { class: "code" }, h("code", null, unescaped(source.replace(/^\n|\n$/g, ""))));
}

// A box stands on lines of its own: the line ends around it are not shown twice.
function alone(part, afterBox, beforeBox) {
  const begun = afterBox ? part.replace(/^\n/, "") : part;
  return beforeBox ? begun.replace(/\n$/, "") : begun;
}

function paragraphs(text, ctx, how) {
  if (!text) return [];
  const nodes = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length;) {
    const quoted = QUOTE.test(lines[at]);
    const first = at;
    if (QUOTE_ALL.test(lines[at])) at = lines.length;
    else
      while (at < lines.length && QUOTE.test(lines[at]) === quoted && !(at > first && QUOTE_ALL.test(lines[at])))
        at += 1;
    const run = lines.slice(first, at);
    if (quoted) nodes.push(h("blockquote", null, joined(unquoted(run), ctx, how)));
    else nodes.push(...joined(run, ctx, how));
  }
  return nodes;
}

function unquoted(lines) {
  if (QUOTE_ALL.test(lines[0])) return [lines[0].replace(QUOTE_ALL, ""), ...lines.slice(1)];
  return lines.map((line) => line.replace(QUOTE, ""));
}

function joined(lines, ctx, how) {
  const nodes = lines.flatMap((line, at) => (at ? ["\n", ...inline(line, ctx, how)] : inline(line, ctx, how)));
  return together(nodes);
}

function inline(line, ctx, how) {
  const wrap = (mark, inside) => h(TAGS[mark], null, together(inside));
  return pair(pieces(line, ctx, how), wrap);
}

// Neighbouring texts as one, so that a growing text keeps its nodes.
function together(nodes) {
  const joined = [];
  for (const node of nodes) {
    const last = joined.length - 1;
    if (typeof node === "string" && typeof joined[last] === "string") joined[last] += node;
    else joined.push(node);
  }
  return joined;
}

function pieces(line, ctx, how) {
  const found = [];
  for (let at = 0; at < line.length;) {
    const [node, length] = TAGS[line[at]] ? [null, 1] : whole(line, at, ctx, how);
    if (node === null) found.push(markAt(line, at));
    else found.push(...[node].flat().map((each) => ({ mark: "", node: each })));
    at += length;
  }
  return found;
}

/** What stands at a place of a line, as one node, and how many characters it takes. */
function whole(line, at, ctx, how) {
  for (const [pattern, make] of READERS) {
    const match = matchAt(pattern, line, at);
    const node = match && make(match, ctx, how, at ? line[at - 1] : "");
    if (node) return [node, match[0].length];
  }
  return [line[at], 1];
}

function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** @type {[RegExp, (match: RegExpExecArray, ctx: any, how: any, before: string) => any][]} */
const READERS = [
  [PLAIN, ([text]) => text],
  [ESCAPE, ([escape]) => unescaped(escape)],
  [CODE, ([, inside], ctx) => h("code", { class: "inline" }, coded(inside, ctx))],
  [ANGLE, ([source, inside], ctx) => angle(inside, ctx) ?? unescaped(source)],
  [EMOJI_CODE, ([, name]) => emojiNode(name)],
  [ADDRESS, ([address], _, how, before) => (how.verbatim || WORD.test(before) ? null : bare(address))],
  [CALL, ([, range], _, how, before) => (how.calls && !WORD.test(before) ? broadcast(range) : null)],
];

// Mentions and links are live in code too; marks and emoji are not.
function coded(inside, ctx) {
  const parts = inside.split(/(<[^<>]+>)/);
  return together(parts.map((part, index) => (index % 2 && angle(part.slice(1, -1), ctx)) || unescaped(part)));
}

/** A bare address as a link; the punctuation at its end belongs to the sentence. */
function bare(source) {
  const address = unescaped(source);
  let end = address.length;
  while (AFTER.has(address[end - 1])) end -= 1;
  const shown = address.slice(0, end);
  return opens(shown) ? [link(shown), address.slice(end)] : null;
}

/** What stands between angle brackets: a mention, a date or a link; null where it is nothing that Slack knows. */
export function angle(source, ctx) {
  const bar = source.indexOf("|");
  const target = bar < 0 ? source : source.slice(0, bar);
  const label = bar < 0 ? "" : unescaped(source.slice(bar + 1));
  const id = target.slice(1);
  if (/^@[UWB][A-Z0-9]*$/.test(target)) return user(id, ctx, label);
  if (/^#[CGD][A-Z0-9]*$/.test(target)) return channel(id, ctx, label);
  if (target.startsWith("!")) return special(id, label, ctx);
  const address = unescaped(target);
  return opens(address) ? link(address, ...(label ? [label] : [])) : null;
}

function special(command, label, ctx) {
  const [name, ...parts] = command.split("^");
  if (name === "subteam") return group(parts[0] ?? "", ctx, label);
  if (name === "date")
    return moment(Number(parts[0] || NaN), unescaped(parts[1] ?? ""), unescaped(parts[2] ?? ""), label);
  return broadcast(name) ?? (label ? h("span", null, label) : null);
}

// Knows how the inline tokens of Markdown become nodes.

import { h } from "../app/dom.js";
import { emojiNode } from "./emoji.js";
import { link } from "./links.js";
import { angle } from "./mrkdwn.js";

const TAGS = { strong_open: "strong", em_open: "em", s_open: "s" };

/** The nodes of a run of tokens. A picture is a link to it: nothing is ever fetched. */
export function inlineNodes(tokens, ctx) {
  /** @type {{make: (inside: any[]) => Node, inside: any[]}} */
  const root = { make: opened({}), inside: [] };
  const open = [root];
  for (const token of tokens) {
    if (token.nesting > 0) open.push({ make: opened(token), inside: [] });
    else if (token.nesting < 0 && open.length > 1) {
      const [{ make, inside }] = open.splice(-1);
      open[open.length - 1].inside.push(make(inside));
    } else open[open.length - 1].inside.push(leaf(token, ctx));
  }
  return root.inside.filter((node) => node !== "");
}

function opened(token) {
  if (token.type === "link_open") return (inside) => link(token.attrGet("href") ?? "", ...inside);
  return (inside) => h(TAGS[token.type] ?? "span", null, inside);
}

function leaf(token, ctx) {
  switch (token.type) {
    case "softbreak":
    case "hardbreak":
      return h("br", null);
    case "code_inline":
      return h("code", { class: "inline" }, token.content);
    case "image":
      return link(token.attrGet("src") ?? "", token.content || "Image");
    case "angle":
      return angle(token.content, ctx) ?? `<${token.content}>`;
    case "emoji":
      return emojiNode(token.content);
    default:
      return token.content;
  }
}

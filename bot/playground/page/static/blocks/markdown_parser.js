// Knows which Markdown Slack takes: CommonMark with tables and strikethrough, its own mentions in angle brackets, emoji.

import MarkdownIt from "../vendor/markdown-it.mjs";
import { EMOJI_CODE, emoji } from "./emoji.js";

const ANGLE = /<([@#!][^<>\n]+|https?:\/\/[^<>\s|]+\|[^<>\n]+)>/y;
const DEEPEST = 100;

export const parser = new MarkdownIt("default", { html: false, linkify: true, breaks: true, maxNesting: DEEPEST });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
// A definition that is still being written would come and go.
parser.disable(["reference", "html_block", "html_inline"]);
parser.inline.ruler.before("autolink", "angle", (state, silent) => take(state, silent, ANGLE, "angle", () => true));
parser.inline.ruler.before("entity", "emoji", (state, silent) =>
  take(state, silent, EMOJI_CODE, "emoji", (name) => !emoji(name).startsWith(":")),
);

function take(state, silent, pattern, type, known) {
  pattern.lastIndex = state.pos;
  const found = pattern.exec(state.src);
  if (!found || state.pos + found[0].length > state.posMax || !known(found[1])) return false;
  if (!silent) state.push(type, "", 0).content = found[1];
  state.pos += found[0].length;
  return true;
}

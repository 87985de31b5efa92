// Draws Slack's text objects: plain_text, and mrkdwn with or without live addresses.

import { EMOJI_CODE, emojiNode } from "./emoji.js";
import { renderMrkdwn } from "./mrkdwn.js";
import { Malformed, object, string } from "./shapes.js";

const EVERY_EMOJI = EMOJI_CODE.source;

/** A text object as a node. */
export function textObject(value, ctx) {
  const { type, text, verbatim, emoji } = object(value);
  if (type === "mrkdwn")
    return renderMrkdwn(string(text), ctx, { verbatim: verbatim === true, calls: verbatim !== true });
  if (type !== "plain_text") throw new Malformed("not a text object");
  return emoji === false ? document.createTextNode(string(text)) : withEmoji(string(text));
}

/** A plain text whose :names: are shown as emoji. */
export function withEmoji(text) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  const codes = new RegExp(EVERY_EMOJI, "g");
  for (let found = codes.exec(text); found; found = codes.exec(text)) {
    const node = emojiNode(found[1]);
    if (typeof node === "string") {
      codes.lastIndex -= 1; // the colon at its end may begin another
      continue;
    }
    fragment.append(...(found.index > at ? [text.slice(at, found.index)] : []), node);
    at = found.index + found[0].length;
  }
  if (at < text.length) fragment.append(text.slice(at));
  return fragment;
}

/** The words of a text object alone, for labels and options of controls. */
export function words(value, ctx) {
  return value === undefined || value === null ? "" : (textObject(value, ctx).textContent ?? "");
}

// Offers the rest of the page an app's messages, views, blocks and texts as elements.

import { h } from "../app/dom.js";
import { attachments } from "./attachments.js";
import { renderBlocks } from "./blocks.js";
import { files } from "./files.js";
import { withEmoji } from "./text.js";
import { renderMrkdwn, unescaped } from "./mrkdwn.js";

export { renderBlocks } from "./blocks.js";
export { emoji, emojiNode, REACTIONS } from "./emoji.js";
export { mistakes, showErrors, stateOf } from "./inputs.js";
export { renderMrkdwn } from "./mrkdwn.js";

/**
 * What this folder asks of the page. `people` and `channels` are what selects offer; without them they offer only what
 * the app has chosen before.
 * @typedef {object} Context
 * @property {(userId: string) => string} name
 * @property {(channelId: string) => string} channelName
 * @property {(groupId: string) => string} [groupName]
 * @property {string} me
 * @property {(sent: {block_id: string, action_id: string, action: Record<string, any>}) => Promise<any>} [onAction]
 * @property {(file: any) => string} fileUrl
 * @property {(address: string) => void} [openUrl]
 * @property {(userId: string) => void} [onMention]
 * @property {() => {id: string}[]} [people]
 * @property {() => {id: string, kind: string}[]} [channels]
 */

/**
 * A message without what stands around it: its blocks or else its text, then its attachments and files.
 * @param {any} message
 * @param {Context} ctx
 * @returns {HTMLElement}
 */
export function messageBody(message, ctx) {
  const within = { ...ctx, place: `${message.channel} ${message.ts}` };
  const sent = (parts) => Array.isArray(parts) && parts.length > 0;
  return h(
    "div",
    { class: "message-body" },
    sent(message.blocks)
      ? h("div", { class: "blocks", dataset: { key: "blocks" } }, renderBlocks(message.blocks, within))
      : words(message, within),
    sent(message.attachments) ? attachments(message.attachments, within) : null,
    sent(message.files) ? files(message.files, within) : null,
  );
}

function words({ text, mrkdwn }, ctx) {
  if (typeof text !== "string" || !text) return null;
  const shown = mrkdwn === false ? withEmoji(unescaped(text)) : renderMrkdwn(text, ctx);
  return h("div", { class: "mrkdwn", dataset: { key: "text" } }, shown);
}

/**
 * The blocks of a modal or a Home tab.
 * @param {any} view
 * @param {Context} ctx
 * @returns {HTMLElement}
 */
export function viewBody(view, ctx) {
  const within = { ...ctx, place: `view ${view.id}`, view: view.id };
  return h(
    "div",
    { class: "view-body blocks", dataset: { view: String(view.id ?? "") } },
    renderBlocks(view.blocks ?? [], within),
  );
}

// Draws the mentions in a text: people, groups, channels and calls to everybody.

import { h } from "../app/dom.js";

const EVERYBODY = {
  here: "Notifies who is in the channel now",
  channel: "Notifies everybody in the channel",
  everyone: "Notifies everybody in the workspace",
};

/** A person; a button where the page has something to show about them. */
export function user(id, ctx, label = "") {
  const name = `@${ctx.name(id) || label || id}`;
  const kind = id === ctx.me ? "mention mention-me" : "mention";
  if (!ctx.onMention) return h("span", { class: kind, dataset: { user: id } }, name);
  const open = (event) => ctx.onMention(event.currentTarget.dataset.user);
  return h("button", { class: kind, type: "button", dataset: { user: id }, on: { click: open } }, name);
}

export function channel(id, ctx, label = "") {
  return h("span", { class: "mention", dataset: { channel: id } }, `#${ctx.channelName(id) || label || id}`);
}

export function group(id, ctx, label = "") {
  const name = ctx.groupName?.(id) || label || id;
  return h("span", { class: "mention", dataset: { group: id } }, `@${name.replace(/^@/, "")}`);
}

/** @here, @channel or @everyone; null for another word. */
export function broadcast(range) {
  if (!Object.hasOwn(EVERYBODY, range)) return null;
  return h("span", { class: "mention mention-me", title: EVERYBODY[range] }, `@${range}`);
}

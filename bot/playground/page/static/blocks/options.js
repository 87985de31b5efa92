// Lists the options that a select offers: those the app gives, in groups or not, or the page's people and channels.

import { list, listed, object, string, worded } from "./shapes.js";
import { words } from "./text.js";

/**
 * Something that can be chosen: what is sent, and what the person reads.
 * @typedef {{choice: any, key: string, name: string, more: string}} Offer
 */

/** @returns {Offer} */
export function offer(option, ctx) {
  const { value, text, description } = object(option);
  return { choice: option, key: string(value), name: words(text, ctx), more: words(description, ctx) };
}

/** The app's options, as [name of the group or "", offers]. @returns {[string, Offer[]][]} */
export function offered(part, ctx) {
  const read = (options) => list(options).map((option) => offer(option, ctx));
  if (!part.option_groups) return [["", read(part.options)]];
  return list(part.option_groups)
    .map(object)
    .map((group) => [words(group.label, ctx), read(group.options)]);
}

/** People, channels or conversations of the page, with those that the app has chosen before. @returns {Offer[]} */
export function known(type, chosen, ctx, filter = {}) {
  const people = type.includes("users");
  const all = (people ? ctx.people?.() : ctx.channels?.()) ?? [];
  const open = type.includes("channels");
  const wanted = listed(object(filter).include);
  const fitting = people ? all : all.filter((each) => offers(each, open, ctx.me) && includes(wanted, each.kind));
  const ids = new Set([...fitting.map((each) => string(each.id)), ...chosen]);
  return [...ids].map((id) => ({ choice: id, key: id, name: people ? ctx.name(id) : ctx.channelName(id), more: "" }));
}

// What is not open to all is offered to its members; a menu of channels has the open ones alone, as in Slack.
function offers({ kind, members }, channels, me) {
  return kind === "channel" || (!channels && (!members || members.includes(me)));
}

// Which kinds of conversations the app wants to be offered: all, where it does not say.
function includes(wanted, kind) {
  return !wanted.length || wanted.includes({ channel: "public", group: "private" }[kind] ?? kind);
}

/** The keys of what is chosen at first. @returns {string[]} */
export function atFirst(part) {
  const one = part.initial_option ? [string(object(part.initial_option).value)] : [];
  const several = listed(part.initial_options).map((option) => string(object(option).value));
  const ids = ["user", "channel", "conversation"].flatMap((what) => {
    const id = worded(part[`initial_${what}`]);
    return [...(id ? [id] : []), ...listed(part[`initial_${what}s`]).map(string)];
  });
  return [...one, ...several, ...ids];
}

// Finds what is inspected: the thread that the person looks at, and what belongs to it.

import { rootOf } from "../app/state.js";
import { shortened } from "./format.js";
import { unescaped } from "./plain.js";

/**
 * @typedef {object} Place
 * @property {string} channel
 * @property {string} thread root `ts`; empty where a direct message is looked at as a whole
 * @property {boolean} flat
 */

/**
 * The thread that is open, else the channel's thread in which the app was last busy. A direct message is looked at as a
 * whole: the app answers one question at a time in it, threads included.
 * @returns {Place}
 */
export function placeOf(state) {
  const { channel, thread } = state.ui;
  if (state.channels.get(channel)?.kind === "im") return { channel, thread: "", flat: true };
  if (thread) return { channel, thread, flat: false };
  const busy = state.calls.findLast((call) => call.channel === channel && call.thread_ts);
  return { channel, thread: busy?.thread_ts ?? "", flat: false };
}

/** Whether two places are the same one. */
export function same(one, other) {
  return one.channel === other.channel && one.thread === other.thread && one.flat === other.flat;
}

/** Whether a call or a delivery is of this place. */
export function belongs(place, { channel, thread_ts: threadTs, ts }) {
  if (channel !== place.channel) return false;
  return place.flat || (place.thread !== "" && (threadTs === place.thread || ts === place.thread));
}

/** The messages of a place, oldest first. */
export function messagesOf(state, place) {
  const all = [...(state.messages.get(place.channel)?.values() ?? [])];
  return place.flat ? all : all.filter((message) => rootOf(message) === place.thread);
}

/** The message that was chosen to be inspected, else the app's last one here. */
export function messageOf(state, place) {
  const chosen = state.ui.message;
  const found = chosen && chosen.channel === place.channel && state.message(chosen.channel, chosen.ts);
  return found || newestOf(state, place);
}

/** The app's last message here. */
export function newestOf(state, place) {
  return messagesOf(state, place).findLast((message) => message.user === state.bot.user_id);
}

/** The app's first message here after another one. */
export function answerTo(state, place, { ts }) {
  return messagesOf(state, place).find((message) => message.user === state.bot.user_id && message.ts > ts);
}

/** Where one is, in words: the channel, and how its thread begins. */
export function titleOf(state, place) {
  const channel = state.channels.get(place.channel);
  if (!channel) return "";
  const where = `${place.flat ? "" : "#"}${state.channelName(place.channel)}`;
  const first = place.thread && state.message(place.channel, place.thread);
  if (!first) return where;
  return `${where} · ${shortened(readable(state, first.text), 60)}`;
}

/** A message's text with people and channels by their names. */
export function readable(state, mrkdwn) {
  const named = mrkdwn
    .replace(/<@([^<>|]+)[^<>]*>/gu, (_, id) => `@${state.name(id)}`)
    .replace(/<#([^<>|]+)[^<>]*>/gu, (_, id) => `#${state.channelName(id)}`);
  return unescaped(named);
}

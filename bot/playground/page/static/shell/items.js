// Orders what a list of messages shows: days, messages, the count of replies, the status lines.

import { rootOf } from "../app/state.js";
import { at, counted, day, follows, sameDay } from "./times.js";

/** @typedef {{key: string, kind: string, text?: string, message?: any, lead?: boolean, replies?: any, chosen?: boolean}} Item */

/** The replies to each message of a channel, in one pass: how many, when the last came, who wrote them. */
export function repliesOf(messages) {
  const found = new Map();
  for (const message of messages) {
    const root = rootOf(message);
    if (root === message.ts || message.to) continue; // what is for one person alone is no reply
    const replies = found.get(root) ?? { count: 0, last: 0, users: [] };
    replies.count += 1;
    replies.last = at(message);
    if (!replies.users.includes(message.user) && replies.users.length < 3) replies.users.push(message.user);
    found.set(root, replies);
  }
  return found;
}

/**
 * What a channel shows.
 * @returns {Item[]}
 */
export function ofChannel(state, channel) {
  const all = state.inChannel(channel);
  const replies = repliesOf(all);
  const top = all.filter((message) => rootOf(message) === message.ts);
  return top.flatMap((message, index) => {
    const before = top[index - 1];
    const shown = item(state, message, before);
    shown.replies = replies.get(message.ts) ?? null;
    return before && sameDay(at(before), at(message)) ? [shown] : [daybreak(message), shown];
  });
}

/**
 * What a thread shows: its first message, how many replies, and these.
 * @returns {Item[]}
 */
export function ofThread(state, channel, ts) {
  const all = state.thread(channel, ts);
  const root = all[0]?.ts === ts ? all[0] : null;
  const replies = root ? all.slice(1) : all;
  const first = root
    ? item(state, root, null)
    : { key: "gone", kind: "note", text: "The message that this thread began with is gone." };
  const number = replies.filter((message) => !message.to).length;
  const count = { key: "count", kind: "count", text: counted(number, "reply", "replies") };
  const rest = replies.map((message, index) => item(state, message, replies[index - 1]));
  return [first, ...(number ? [count] : []), ...rest];
}

function item(state, message, before) {
  const key = `${message.channel}:${message.ts}`;
  const { message: chosen } = state.ui;
  return {
    key,
    kind: "message",
    message,
    lead: !follows(message, before),
    replies: null,
    chosen: chosen?.ts === message.ts && chosen.channel === message.channel,
  };
}

const daybreak = (message) => ({ key: `day:${message.ts}`, kind: "day", text: day(at(message)) });

// Sends what was typed: as a message, with its files, as a slash command, or as a change of a message.

import { commandsOf, INVITE } from "./personas.js";
import { isDirect } from "./places.js";
import { isNewcomer } from "./newcomer.js";
import { Refused } from "../app/live.js";
import { commandOf, toWire } from "./wire.js";

/** Names that are live in what a person writes. */
function names({ people, channels }) {
  return { people: people.values(), channels: [...channels.values()].filter((channel) => !isDirect(channel)) };
}

/**
 * Say something in a place. Gives the message's `ts`, whether it `asks` the app, which hears it, and a note for the
 * person where there is something to note; `uninvited`: the app could be invited to hear it. Throws Refused, with
 * a sentence for the person.
 * @param {import("./actions.js").Actions} actions
 * @param {{channel: string, thread: string}} place
 * @param {string} text
 * @param {File[]} files
 */
export async function say({ state, post }, { channel, thread }, text, files) {
  const command = commandOf(text);
  if (command && !files.length) {
    const note = await run({ state, post }, channel, thread, command);
    return { ts: "", asks: false, note };
  }
  const wire = toWire(text, names(state));
  const body = { user: state.ui.user, channel, text: wire, ...(thread && { thread_ts: thread }) };
  const { ts } = await post("api/say", files.length ? form(body, files) : body);
  return { ts, ...heard(state, state.channels.get(channel), thread, wire) };
}

/**
 * Whether the app hears it; and what Slack says to whoever mentions somebody that is not in the channel, or what
 * a newcomer is told who waits for an answer without having mentioned the app.
 */
function heard({ bot }, place, thread, wire) {
  const mentioned = wire.includes(`<@${bot.user_id}>`);
  if (!mentioned) {
    const waits = !thread && !isDirect(place) && place.members.includes(bot.user_id) && isNewcomer();
    return { asks: false, note: waits ? `@${bot.name} answers when it is mentioned: write @${bot.name} and your question.` : "" };
  }
  if (place.members.includes(bot.user_id)) return { asks: !isDirect(place), note: "" };
  const where = isDirect(place) ? "conversation, and cannot be added to it" : "channel";
  const note = `You mentioned @${bot.name}, which is not in this ${where}.`;
  return { asks: false, note, uninvited: !isDirect(place) };
}

/** Invite the app to where it was mentioned in the message `ts`, which it hears then. */
export async function inviteApp({ state, post }, channel, ts) {
  const { bot } = state;
  await post("api/invite", { user: state.ui.user, channel, who: bot.user_id, prompt: ts });
  return { ts, asks: true, note: `@${bot.name} is in #${state.channelName(channel)} now, and has your message.` };
}

function form(body, files) {
  const data = new FormData();
  for (const [name, value] of Object.entries(body)) data.append(name, value);
  for (const file of files) data.append("file", file, file.name || "pasted.png");
  return data;
}

/** Change a message of the person's own. It asks the app where it mentions it only now. */
export async function change({ state, post }, message, text) {
  const { channel, ts, thread_ts: thread } = message;
  const wire = toWire(text, names(state));
  const before = heard(state, state.channels.get(channel), thread, message.text ?? "");
  await post("api/edit", { user: state.ui.user, channel, ts, text: wire });
  const { asks } = heard(state, state.channels.get(channel), thread, wire);
  return { ts, asks: asks && !before.asks, note: "" };
}

async function run({ state, post }, channel, thread, { command, text }) {
  if (!commandsOf(state).some((known) => known.command === command)) {
    const known = commandsOf(state).map((one) => one.command);
    throw new Refused(
      `${command} is not a valid command here. There is ${known.join(" and ")}. To send it as a message, put a space before it.`,
    );
  }
  if (thread) throw new Refused(`${command} is not supported in threads. Use it in the channel.`);
  const wire = toWire(text, names(state));
  if (command === INVITE.command) return invite({ state, post }, channel, wire);
  const answer = await post("api/command", { user: state.ui.user, channel, command, text: wire });
  // Slack's own words, for an app that says nothing within its three seconds.
  if (!answer.acked) throw new Refused(`${command} failed with the error "${word(answer.error)}"`);
  return "";
}

async function invite({ state, post }, channel, wire) {
  const who = /^<@([A-Z0-9]+)>$/.exec(wire)?.[1];
  if (!who) throw new Refused(`Write whom to add: ${INVITE.command} @${state.bot.name}`);
  await post("api/invite", { user: state.ui.user, channel, who });
  return `@${state.name(who)} is in #${state.channelName(channel)} now.`;
}

/** Slack's word for why nothing came of a command. */
function word(reason) {
  return /timeout/.test(reason ?? "") ? "operation_timeout" : "dispatch_failed";
}

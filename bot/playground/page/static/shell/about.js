// Draws what the page says of the app: its name, its commands, where it is.

import { avatar } from "./avatar.js";
import { h } from "../app/dom.js";
import { isDirect } from "./places.js";

export function about(state) {
  const { bot } = state;
  const head = h(
    "div",
    { class: "about-head" },
    avatar(state, bot.user_id, "large"),
    h(
      "div",
      null,
      h("h2", { text: bot.name }),
      h("p", {
        text: "The real bot, connected to a Slack on your machine. Nothing leaves it, unless you choose a Flowise elsewhere.",
      }),
    ),
  );
  const parts = [
    ["What you can write", list(ways(state))],
    ["Commands", list(commands(state))],
    ["Channels it is in", list(channels(state))],
    ["Ids", list([`App ${bot.app_id}`, `Bot user ${bot.user_id}`, `Bot ${bot.bot_id}`, `Workspace ${state.team.id}`])],
  ];
  const sections = parts.map(([title, content]) => h("section", null, h("h3", { text: title }), content));
  return h(
    "div",
    { class: "scroller about", tabindex: 0, role: "group", "aria-label": "About the app" },
    h("div", { class: "about-body" }, head, sections),
  );
}

const list = (entries) =>
  entries.length
    ? h(
        "ul",
        null,
        entries.map((entry) => h("li", null, entry)),
      )
    : h("p", { text: "None." });

function ways({ bot }) {
  return [
    `@${bot.name} and a question, in a channel: it answers in a thread`,
    "The next message in that thread: it goes on, without a mention",
    "A direct message, under Messages: no mention is needed",
    `@${bot.name} new conversation: it no longer remembers what was said before`,
    `Stop, under an answer that grows, or @${bot.name} stop in its thread: the answer ends there`,
    `quiet, in a thread: it is silent there until it is mentioned`,
  ];
}

function commands(state) {
  return state.commands.map(({ command, description, usage_hint: usage }) => [
    h("code", { text: command }),
    ` ${usage ? `[${usage}]` : ""}: ${description ?? ""}`,
  ]);
}

function channels(state) {
  const all = [...state.channels.values()].filter(
    (channel) => !isDirect(channel) && channel.members.includes(state.bot.user_id),
  );
  return all.map(
    ({ name, kind, shared }) => `#${name}${kind === "group" ? " (private)" : ""}${shared ? " (shared)" : ""}`,
  );
}

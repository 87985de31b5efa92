// Suggests questions to a person who is here for the first time, each sent at a press.

import { eachFrame } from "./scheduling.js";
import { h } from "../app/dom.js";
import { isApp } from "./places.js";

const QUESTIONS = [
  "How long do you remember a conversation?",
  "What happens when Flowise is down?",
  "How do I connect my own Flowise?",
];

/** Shown above the box until the person has written something there. */
export function suggestions(actions, composer) {
  const { state } = actions;
  const element = h("div", {
    class: "suggestions",
    role: "group",
    "aria-label": "Questions to begin with",
    hidden: true,
  });
  const redraw = eachFrame(() => {
    const wanted = fitting(state);
    element.hidden = !wanted.length;
    const key = wanted.join();
    if (element.dataset.shows === key) return;
    element.dataset.shows = key;
    element.replaceChildren(
      h("span", { class: "suggestions-title", text: "Try it:" }),
      ...wanted.map((text) =>
        h("button", { class: "suggestion", type: "button", text, on: { click: () => ask(actions, composer, text) } }),
      ),
    );
  });
  state.addEventListener(
    "change",
    ({ detail }) => (detail.kind === "hello" || detail.kind === "message" || detail.kind === "deleted") && redraw(),
  );
  state.addEventListener("ui", redraw);
  return element;
}

/** In #general with a mention, in the app's own messages without one, elsewhere none. */
function fitting(state) {
  const channel = state.channels.get(state.ui.channel);
  if (!channel || !state.bot.name) return [];
  const app = isApp(state, channel);
  if (!app && !(channel.name === "general" && channel.members.includes(state.bot.user_id))) return [];
  for (const message of state.messages.get(channel.id)?.values() ?? []) if (message.user === state.ui.user) return [];
  return app ? QUESTIONS : QUESTIONS.map((question) => `@${state.bot.name} ${question}`);
}

/** Ask, and open the thread in a channel: a newcomer does not know yet that the answer comes there. */
async function ask(actions, composer, text) {
  const { channel } = composer;
  const ts = await composer.suggest(text);
  if (ts && !isApp(actions.state, actions.state.channels.get(channel))) await actions.openSent(channel, ts);
}

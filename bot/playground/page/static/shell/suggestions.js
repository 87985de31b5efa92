// Suggests questions to a person who writes to the app for the first time, each sent at a press.

import { eachFrame } from "./scheduling.js";
import { h } from "../app/dom.js";
import { isApp } from "./places.js";

const QUESTIONS = [
  "What can you do?",
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
        h("button", { class: "suggestion", type: "button", text, on: { click: () => composer.suggest(text) } }),
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

/** In the app's own messages; in #general there is a greeting. */
function fitting(state) {
  const channel = state.channels.get(state.ui.channel);
  if (!isApp(state, channel)) return [];
  for (const message of state.messages.get(channel.id)?.values() ?? []) if (message.user === state.ui.user) return [];
  return QUESTIONS;
}

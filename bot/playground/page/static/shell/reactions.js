// Draws the reactions under a message, and the small picker that adds one.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";
import { openBeside } from "./popover.js";
import { REACTIONS, emoji } from "../blocks/emoji.js";

/** The row under a message; null where nobody reacted. The list handles presses, by `data-do`. */
export function reactionRow(state, message) {
  const given = message.reactions ?? [];
  if (!given.length) return null;
  const add = h(
    "button",
    {
      class: "reaction add",
      type: "button",
      dataset: { do: "pick" },
      "aria-label": "Add a reaction",
      title: "Add a reaction",
    },
    draw("react"),
  );
  return h(
    "div",
    { class: "reactions", role: "group", "aria-label": "Reactions", dataset: { key: "reactions" } },
    given.map((one) => reaction(state, one)),
    add,
  );
}

function reaction(state, { name, users }) {
  const mine = users.includes(state.ui.user);
  const who = users.map((id) => (id === state.ui.user ? "you" : state.name(id))).join(", ");
  const props = {
    class: "reaction",
    type: "button",
    title: `${who} reacted with :${name}:`,
    "aria-pressed": String(mine),
    "aria-label": `${name}, ${users.length}: ${who}`,
    dataset: { do: "react", name, key: name },
  };
  return h(
    "button",
    props,
    h("span", { class: "reaction-emoji", text: shown(name) }),
    h("span", { class: "count", text: users.length }),
  );
}

const shown = (name) => emoji(name) ?? `:${name}:`;

/** Let the person pick a reaction beside `anchor`; `picked` gets its name. */
export function pickReaction(anchor, picked) {
  const grid = h("div", { class: "picker", role: "group", "aria-label": "Reactions" });
  const close = openBeside(anchor, grid, "Pick a reaction");
  for (const name of REACTIONS) {
    const choose = () => (close(), picked(name));
    grid.append(
      h("button", { type: "button", title: `:${name}:`, "aria-label": name, text: shown(name), on: { click: choose } }),
    );
  }
  grid.addEventListener("keydown", (event) => walk(event, grid));
  grid.querySelector("button").focus();
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 6, ArrowUp: -6 };

function walk(event, grid) {
  const step = STEPS[event.key];
  if (!step) return;
  const all = [...grid.children];
  all[all.indexOf(document.activeElement) + step]?.focus();
  event.preventDefault();
}

// Draws the switch of the inspector, which also says that something is set to go wrong.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";

const TITLE = "Inspector: what happens behind an answer";
const TROUBLE = "Fault on: something goes wrong on purpose, or has not recovered yet";

/** @param {import("../app/state.js").State} state @param {import("./panes.js").Panes} panes */
export function inspectorSwitch(state, panes) {
  const word = h("span", { class: "fault-word", hidden: true, text: "Fault on" });
  const button = h(
    "button",
    {
      class: "toggle",
      type: "button",
      "aria-pressed": "false",
      "aria-label": "Inspector",
      title: TITLE,
      on: { click: () => panes.toggleInspector() },
    },
    draw("inspect"),
    h("span", { class: "toggle-word", text: "Inspector" }),
    word,
  );
  state.addEventListener("ui", () => button.setAttribute("aria-pressed", String(state.ui.inspector)));
  state.addEventListener("change", ({ detail }) => {
    if (detail.kind !== "controls" && detail.kind !== "hello") return;
    const trouble = troubled(state.controls);
    word.hidden = !trouble;
    button.setAttribute("aria-label", trouble ? `Inspector. ${TROUBLE}` : "Inspector");
    button.title = trouble ? TROUBLE : TITLE;
  });
  return button;
}

function troubled(controls) {
  if (!controls) return false;
  const { latency, limits, twice, server_errors: errors, flowise, resting } = controls;
  return latency > 0.5 || limits !== "on" || twice || errors > 0 || flowise.fault !== "none" || resting;
}

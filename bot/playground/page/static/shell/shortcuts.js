// Handles the keys that work wherever one is on the page.

import { jump, showKeys } from "./dialogs.js";
import { neighbour } from "./places.js";

/** @param {import("./actions.js").Actions} actions @param {import("./panes.js").Panes} panes @param {() => void} closeThread */
export function shortcuts(actions, panes, closeThread) {
  document.addEventListener("keydown", (event) => {
    const does = meant(event, actions, panes, closeThread);
    if (!does) return;
    event.preventDefault();
    does();
  });
}

function meant(event, actions, panes, closeThread) {
  const { key } = event;
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return null;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && key.toLowerCase() === "k")
    return () => jump(actions.state, (id) => actions.go(id));
  if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) return () => walk(actions, key === "ArrowUp" ? -1 : 1);
  if (key === "F6") return () => panes.next(event.shiftKey ? -1 : 1);
  if (key === "?" && !event.target.closest("input, textarea, select, [contenteditable]")) return showKeys;
  if (key === "Escape") return escape(event, actions, closeThread);
  return null;
}

function walk(actions, step) {
  const place = neighbour(actions.state, step);
  if (place) actions.go(place.id);
}

/** Escape closes what it is pressed in, else the thread. What is open above the page closes by itself. */
function escape({ target }, { state }, closeThread) {
  if (document.querySelector(":popover-open")) return null;
  if (state.ui.inspector && target.closest("#inspector")) return () => state.set({ inspector: false });
  return state.ui.thread ? closeThread : null;
}

// Knows the keys that work wherever one is on the page.

import { jump, showKeys } from "./dialogs.js";
import { neighbour } from "./places.js";

/** @param {import("./desk.js").Desk} desk @param {import("./panes.js").Panes} panes @param {() => void} closeThread */
export function shortcuts(desk, panes, closeThread) {
  document.addEventListener("keydown", (event) => {
    const does = meant(event, desk, panes, closeThread);
    if (!does) return;
    event.preventDefault();
    does();
  });
}

function meant(event, desk, panes, closeThread) {
  const { key } = event;
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return null;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && key.toLowerCase() === "k")
    return () => jump(desk.state, (id) => desk.go(id));
  if (event.altKey && (key === "ArrowUp" || key === "ArrowDown")) return () => walk(desk, key === "ArrowUp" ? -1 : 1);
  if (key === "F6") return () => panes.next(event.shiftKey ? -1 : 1);
  if (key === "?" && !event.target.closest("input, textarea, select, [contenteditable]")) return showKeys;
  if (key === "Escape") return escape(event, desk, closeThread);
  return null;
}

function walk(desk, step) {
  const place = neighbour(desk.state, step);
  if (place) desk.go(place.id);
}

/** Escape closes what it is pressed in, else the thread. What is open above the page closes by itself. */
function escape({ target }, { state }, closeThread) {
  if (document.querySelector(":popover-open")) return null;
  if (state.ui.inspector && target.closest("#inspector")) return () => state.set({ inspector: false });
  return state.ui.thread ? closeThread : null;
}

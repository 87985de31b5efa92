// Handles the keys that work wherever one is on the page.

import { jump, showKeys } from "./dialogs.js";
import { neighbour } from "./places.js";

// What takes letters itself; a choice among few, a switch and a slider do not.
const TAKES_LETTERS =
  "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable], [role=menu]";

/**
 * @param {import("./actions.js").Actions} actions
 * @param {import("./panes.js").Panes} panes
 * @param {() => void} closeThread
 * @param {import("./writing.js").Writing} writing
 */
export function shortcuts(actions, panes, closeThread, writing) {
  document.addEventListener("keydown", (event) => {
    const does = meant(event, actions, panes, closeThread);
    if (does) {
      event.preventDefault();
      does();
    } else if (isStray(event)) writing.focus(); // the letter goes where the focus is by then
  });
}

/** Whether somebody has begun to write without looking where the focus is. */
function isStray(event) {
  const { key } = event;
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open], :popover-open")) return false;
  const commanded = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
  const letter = [...key].length === 1 && key !== " "; // which presses a button, or scrolls
  return (letter || key === "Dead") && !commanded && !event.target.closest(TAKES_LETTERS);
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

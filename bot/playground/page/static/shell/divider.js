// Sets how wide the inspector is: the line at its edge is dragged with the pointer or moved by the arrow keys.

import { h } from "../app/dom.js";

const KEY = "playground.inspector-width";
const AT_FIRST = 420; // pixels
const LEAST = 320;
const STEP = 24;
const FOR_THE_REST = 640; // what the channels and the messages keep

/** The line. Its width is a property of the style sheet, `--inspector-width`. */
export function divider() {
  const line = h("div", {
    class: "divider",
    role: "separator",
    "aria-orientation": "vertical",
    "aria-label": "Width of the inspector",
    "aria-controls": "inspector",
    tabindex: 0,
  });
  const move = (pixels) => set(line, pixels);
  move(Number(localStorage.getItem(KEY)) || AT_FIRST);
  line.addEventListener("pointerdown", ({ pointerId }) => line.setPointerCapture(pointerId));
  line.addEventListener("pointermove", ({ pointerId, clientX }) => {
    if (line.hasPointerCapture(pointerId)) move(innerWidth - clientX);
  });
  line.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: STEP, ArrowRight: -STEP }[event.key];
    if (!step) return;
    move(Number(line.getAttribute("aria-valuenow")) + step);
    event.preventDefault();
  });
  return line;
}

function set(line, pixels) {
  const most = Math.max(LEAST, innerWidth - FOR_THE_REST);
  const width = Math.round(Math.min(most, Math.max(LEAST, pixels)));
  document.documentElement.style.setProperty("--inspector-width", `${width}px`);
  line.setAttribute("aria-valuenow", width);
  line.setAttribute("aria-valuemin", LEAST);
  line.setAttribute("aria-valuemax", most);
  localStorage.setItem(KEY, String(width));
}

// Opens something small beside what was pressed, and closes it: at Escape, at a press elsewhere, when done.

import { h } from "../app/dom.js";

const GAP = 6; // pixels

/**
 * Open `content` beside `anchor`, in the top layer. Gives the function that closes it; the focus goes back to the
 * anchor if it was within.
 * @param {HTMLElement} anchor
 * @param {HTMLElement} content
 * @param {string} label
 */
export function openBeside(anchor, content, label, { upwards = false } = {}) {
  const box = h("div", { class: "popover", popover: "auto", role: "dialog", "aria-label": label }, content);
  // Within an open dialog, because what is outside of one cannot be pressed.
  (anchor.closest("dialog") ?? document.body).append(box);
  anchor.setAttribute("aria-expanded", "true");
  const closed = () => {
    if (box.contains(document.activeElement) || document.activeElement === document.body)
      anchor.focus({ preventScroll: true });
    anchor.removeAttribute("aria-expanded");
    box.remove();
  };
  box.addEventListener("toggle", (event) => event.newState === "closed" && closed());
  // The source makes the box the next in the order of Tab.
  box.showPopover({ source: anchor });
  // Its content may be filled in after this call.
  requestAnimationFrame(() => place(box, anchor, upwards));
  return () => box.isConnected && box.hidePopover();
}

function place(box, anchor, upwards) {
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = from.bottom + GAP + height <= innerHeight;
  const top = upwards || !below ? from.top - GAP - height : from.bottom + GAP;
  const left = Math.min(from.left, innerWidth - width - GAP);
  Object.assign(box.style, { top: `${Math.max(GAP, top)}px`, left: `${Math.max(GAP, left)}px` });
}

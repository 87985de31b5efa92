// Makes parts that fold open and shut, and remembers the reader's choice for the next drawing.

import { h } from "../app/dom.js";
import { placeOf, recall, remember } from "./memory.js";

/**
 * Something under a title that folds.
 * @param {string} kind its class
 * @param {any[]} title
 * @param {Node} inside
 * @param {boolean} open unless the reader has chosen
 * @param {any} ctx
 */
export function folding(kind, title, inside, open, ctx) {
  const place = placeOf(ctx, kind);
  const shown = recall(place, "open") ?? open;
  // Its toggle event comes late: drawn again in between, what the reader chose would be lost.
  const chosen = (event) => {
    const now = !event.currentTarget.parentElement.open;
    remember(place, "open", now === open ? undefined : now);
  };
  const line = h("summary", { on: { click: chosen } }, title);
  return h("details", { class: `folding ${kind}`, open: shown }, line, inside);
}

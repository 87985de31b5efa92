// Knows what can be folded open and shut, and remembers what the reader chose when it is drawn again.

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
  const toggled = (event) => {
    const now = event.currentTarget.open;
    remember(place, "open", now === open ? undefined : now);
  };
  return h(
    "details",
    { class: `folding ${kind}`, open: shown, on: { toggle: toggled } },
    h("summary", null, title),
    inside,
  );
}

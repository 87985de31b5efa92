// Frames a wide table, so that it scrolls sideways by itself, by keyboard too.

import { h } from "../app/dom.js";

/** A table in a region that can be focused and says how large it is. */
export function scrolling(table, columns, rows) {
  const label = `Table, ${counted(columns, "column")}, ${counted(rows, "row")}`;
  return h("div", { class: "table-scroll", role: "region", tabindex: "0", "aria-label": label }, table);
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

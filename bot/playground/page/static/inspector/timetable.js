// Fills the table that says what the drawing shows: a row for each call.

import { h } from "../app/dom.js";
import { number, took } from "./format.js";

const HEAD = ["After", "Call", "Took", "Answer", "Came", "Shown", "Waiting for"];

/** A folded table; it is filled while it is open. */
export function timeTable() {
  const body = h("tbody");
  const head = h(
    "thead",
    null,
    h(
      "tr",
      null,
      HEAD.map((text) => h("th", { scope: "col", text })),
    ),
  );
  const caption = h("caption", { text: "Characters that had come and were shown when each call was answered" });
  const scroll = h(
    "div",
    { class: "i-table-scroll", tabindex: 0, role: "region", "aria-label": "Calls of this answer" },
    h("table", null, caption, head, body),
  );
  const element = h("details", { class: "i-time-table" }, h("summary", { text: "As a table" }), scroll);
  const table = { element, body, progress: null, rows: [] };
  element.addEventListener("toggle", () => table.progress && fillTable(table, table.progress));
  return table;
}

/** Bring it up to date with the progress: rows that are there stay, because what was does not change. */
export function fillTable(table, progress) {
  const { calls } = progress.turn;
  const other = table.progress?.key !== progress.key || table.rows.some((call, index) => call !== calls[index]);
  table.progress = progress;
  if (!table.element.open) return;
  if (other) {
    table.rows = [];
    table.body.replaceChildren();
  }
  for (const call of calls.slice(table.rows.length)) {
    table.rows.push(call);
    table.body.append(row(progress, call));
  }
}

function row({ received, shown, turn }, call) {
  const at = call.at + call.took;
  const waited = shown.waitedBy(at);
  const cells = [
    call.method,
    took(call.took),
    call.answer,
    number(received.charactersBy(at)),
    number(shown.charactersBy(at)),
    waited ? took(waited) : "—",
  ];
  return h(
    "tr",
    null,
    h("th", { scope: "row", text: took(at - turn.start) }),
    cells.map((text) => h("td", { text })),
  );
}

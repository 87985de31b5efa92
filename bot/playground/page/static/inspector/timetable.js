// Knows the table that says what the drawing shows: a row for each call.

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
  const table = { element, body, growth: null, rows: [] };
  element.addEventListener("toggle", () => table.growth && fillTable(table, table.growth));
  return table;
}

/** Bring it up to a growth: rows that are there stay, because what was does not change. */
export function fillTable(table, growth) {
  const { calls } = growth.turn;
  const other = table.growth?.key !== growth.key || table.rows.some((call, index) => call !== calls[index]);
  table.growth = growth;
  if (!table.element.open) return;
  if (other) {
    table.rows = [];
    table.body.replaceChildren();
  }
  for (const call of calls.slice(table.rows.length)) {
    table.rows.push(call);
    table.body.append(row(growth, call));
  }
}

function row({ came, shown, turn }, call) {
  const at = call.at + call.took;
  const waited = shown.waitedBy(at);
  const cells = [
    call.method,
    took(call.took),
    call.answer,
    number(came.charactersBy(at)),
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

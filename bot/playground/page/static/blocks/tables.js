// Draws the table block: its first row is the header, its columns say how they are aligned and wrapped.

import { h } from "../app/dom.js";
import { richText } from "./rich_text.js";
import { scrolling } from "./scrolling.js";
import { list, listed, Malformed, maybe, object, string, worded } from "./shapes.js";

const ALIGNED = new Set(["left", "center", "right"]);

export function table(block, ctx) {
  const columns = listed(block.column_settings).map((column) => maybe(object, column) ?? {});
  const rows = list(block.rows).map(list);
  const made = rows.map((row, at) =>
    h(
      "tr",
      { dataset: { key: `row ${at}` } },
      row.map((each, column) => cell(each, at, columns[column], ctx)),
    ),
  );
  const widest = Math.max(0, ...rows.map((row) => row.length));
  const [head, ...body] = made;
  return scrolling(h("table", null, h("thead", null, head), h("tbody", null, body)), widest, body.length);
}

function cell(source, row, column = {}, ctx) {
  const align = ALIGNED.has(column.align) ? column.align : "left";
  const kind = `align-${align}${column.is_wrapped === true ? " wrapped" : ""}`;
  return h(
    row ? "td" : "th",
    { class: kind, scope: row ? null : "col" },
    h("div", { class: "cell" }, content(object(source), ctx)),
  );
}

function content(source, ctx) {
  switch (source.type) {
    case "raw_text":
      return string(source.text);
    case "raw_number":
      return worded(source.text) || String(source.value);
    case "rich_text":
      return richText(source, ctx);
    default:
      throw new Malformed("no cell");
  }
}

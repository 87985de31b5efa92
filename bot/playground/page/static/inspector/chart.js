// Draws one answer over time: the text that came and the text that was shown, and under it the calls and deliveries.

import { shortened } from "./format.js";
import { linear, steps, ticks } from "./scale.js";
import { draw } from "./svg.js";

export const LEFT = 92;
const RIGHT = 34;
const TOP = 10;
const TEXT_HEIGHT = 150;
const ROW = 26;
const AXIS = 22;
const MARK = 8;

/** A drawing of an answer's progress until `end`, so wide. Returns it with its scale: seconds since the epoch to pixels. */
export function chart(progress, end, width) {
  const { turn } = progress;
  const rows = rowsOf(turn);
  const foot = TOP + TEXT_HEIGHT + 14 + rows.length * ROW;
  const x = linear([turn.start, Math.max(end, turn.start + 0.5)], [LEFT, width - RIGHT]);
  const parts = [
    ...timeAxis(turn.start, Math.max(end, turn.start + 0.5), x, foot),
    ...textBand(progress, end, x, width),
    ...(rows.some((row) => row.limited)
      ? [draw("text", { class: "i-tick", x: width, y: TOP + TEXT_HEIGHT + 8, "text-anchor": "end" }, "left")]
      : []),
    ...rows.flatMap((row, index) => rowParts(row, TOP + TEXT_HEIGHT + 14 + index * ROW, x, end, width)),
  ];
  const height = foot + AXIS;
  return {
    element: draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, ...parts),
    x,
    foot,
  };
}

function timeAxis(start, end, x, foot) {
  return ticks(end - start, 5).flatMap((second) => [
    draw("line", { class: "i-grid", x1: x(start + second), x2: x(start + second), y1: TOP, y2: foot }),
    draw("text", { class: "i-tick", x: x(start + second), y: foot + 15, "text-anchor": "middle" }, `${second} s`),
  ]);
}

function textBand({ received, shown, turn }, end, x, width) {
  const most = Math.max(received.characters, 10);
  const y = linear([0, most], [TOP + TEXT_HEIGHT, TOP]);
  const line = (list) => [[x(turn.start), y(0)], ...list.map(({ at, characters }) => [x(at), y(characters)])];
  const upper = steps(line(received.steps), x(end));
  const lower = steps(line(shown.steps), x(end));
  return [
    ...ticks(most, 3).flatMap((count) => [
      draw("line", { class: "i-grid", x1: LEFT, x2: width - RIGHT, y1: y(count), y2: y(count) }),
      draw("text", { class: "i-tick", x: LEFT - 8, y: y(count) + 4, "text-anchor": "end" }, String(count)),
    ]),
    draw("text", { class: "i-tick", x: 0, y: y(0) + 4 }, "characters"),
    // What lies between is what has come and is not shown: all that came, less what is shown.
    draw("path", {
      class: "i-waiting",
      d: `${upper}V${y(0)}H${x(turn.start)}Z ${lower}V${y(0)}H${x(turn.start)}Z`,
      "fill-rule": "evenodd",
    }),
    draw("path", { class: "i-received", d: upper }),
    draw("path", { class: "i-shown", d: lower }),
  ];
}

/** What stands under the text: deliveries, the status line, and each method in the order of its first call. */
function rowsOf({ deliveries, calls }) {
  const rows = [];
  if (deliveries.length)
    rows.push({ name: "delivered", spans: deliveries.map((one) => ({ ...one, answer: one.acked ? "ok" : "failed" })) });
  const statuses = statusesOf(calls);
  if (statuses.length) rows.push({ name: "status", spans: [], statuses });
  for (const method of new Set(calls.map((call) => call.method))) {
    const spans = calls.filter((call) => call.method === method);
    rows.push({
      name: method.replace(/^(chat|assistant\.threads|conversations|files|users)\./u, ""),
      spans,
      limited: spans.some((call) => call.most),
    });
  }
  return rows;
}

/** From when to when which status stood: until the next one, or until the app wrote something. */
export function statusesOf(calls) {
  const found = [];
  for (const { method, args, answer, at, took } of calls) {
    if (answer !== "ok") continue;
    const sets = method === "assistant.threads.setStatus";
    if (!sets && !["chat.postMessage", "chat.startStream"].includes(method)) continue;
    if (found.length && found.at(-1).until === null) found.at(-1).until = at + took;
    if (sets && args.status) found.push({ from: at + took, until: null, text: args.status });
  }
  return found;
}

function rowParts(row, top, x, end, width) {
  const middle = top + ROW / 2;
  return [
    draw("line", { class: "i-grid", x1: 0, x2: width, y1: top, y2: top }),
    draw("text", { class: "i-row-name", x: 0, y: middle + 4 }, shortened(row.name, 14)),
    ...(row.limited ? budgetParts(row.spans, top, x, end, width) : []),
    ...row.spans.flatMap((span) => mark(span, middle, x)),
    ...(row.statuses ?? []).flatMap((status) =>
      statusParts(status, status === row.statuses.at(-1), middle, x, end, width),
    ),
  ];
}

/** A call is as long as it took; one that failed has a cross on it, so that colour alone does not carry it. */
function mark({ at, took, answer }, middle, x) {
  const [from, until] = [x(at), x(at + took)];
  const outcome = answer === "ok" ? "ok" : answer === "429" ? "limited" : "failed";
  const bar = draw("rect", {
    class: `i-mark i-mark-${outcome}`,
    x: from,
    y: middle - MARK / 2,
    width: Math.max(2.5, until - from),
    height: MARK,
    rx: 1.5,
  });
  if (outcome === "ok") return [bar];
  const center = (from + until) / 2;
  const cross = `M${center - 4} ${middle - 8}l8 16m0 -16l-8 16`;
  return [bar, draw("path", { class: `i-cross i-mark-${outcome}`, d: cross })];
}

function budgetParts(calls, top, x, end, width) {
  const known = calls.filter((call) => call.most);
  const y = linear([0, known[0].most], [top + ROW - 3, top + 3]);
  const points = known.map((call) => [x(call.at + call.took), y(call.left)]);
  return [
    draw("path", { class: "i-budget-line", d: steps(points, x(end)) }),
    draw("text", { class: "i-tick", x: width, y: top + ROW / 2 + 4, "text-anchor": "end" }, `${known.at(-1).left}`),
  ];
}

/** The text stands in its bar, else beside the last of them, else nowhere: it is in the list of calls too. */
function statusParts({ from, until, text }, last, middle, x, end, width) {
  const [begin, stop] = [x(from), x(Math.min(until ?? end, end))];
  const place = { x: begin, y: middle - 8, width: Math.max(2, stop - begin), height: 16, rx: 3 };
  const bar = draw("rect", { class: "i-status-bar", ...place });
  const inside = lettersIn(stop - begin - 8);
  const said = (at, letters) => draw("text", { class: "i-status-text", x: at, y: middle + 4 }, shortened(text, letters));
  if (inside > 5) return [bar, said(begin + 4, inside)];
  const beside = lettersIn(width - stop - 6);
  return last && beside > 5 ? [bar, said(stop + 6, beside)] : [bar];
}

/** How many letters of a status fit into so many pixels, about. */
const lettersIn = (width) => Math.floor(width / 6);

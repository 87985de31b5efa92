// Shows a part that this page does not know, or that is not as its type says, as its JSON, clearly marked.

import { h } from "../app/dom.js";

const LONGEST = 20_000;

export function unknown(part, what = "block") {
  const label = `${what === "block" ? "A block" : "An element"} this page does not know: ${typeOf(part)}`;
  return h(
    "details",
    { class: "unknown" },
    h("summary", null, label),
    h("pre", { class: "code" }, h("code", null, written(part))),
  );
}

function typeOf(part) {
  const type = part !== null && typeof part === "object" && !Array.isArray(part) ? part.type : undefined;
  return typeof type === "string" && type ? type.slice(0, 100) : "no type";
}

function written(part) {
  try {
    const text = JSON.stringify(part, null, 2) ?? String(part);
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  } catch {
    return "It nests too deeply to be shown."; // the engine's stack is at its end
  }
}

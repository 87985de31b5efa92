// Draws how an app shows its work: task cards, and plans that hold them.

import { h } from "../app/dom.js";
import { folding } from "./folding.js";
import { link } from "./links.js";
import { richOrPlain } from "./rich_text.js";
import { listed, Malformed, object, string, worded } from "./shapes.js";

const STATES = {
  pending: ["○", "To do"],
  in_progress: ["", "Running"],
  complete: ["✓", "Done"],
  error: ["!", "Failed"],
};

export function taskCard(block, ctx) {
  const status = worded(block.status) || "pending";
  if (!Object.hasOwn(STATES, status)) throw new Malformed("no state of a task");
  const [sign, word] = STATES[status];
  const title = [
    h("span", { class: "task-state", role: "img", "aria-label": word, title: word, dataset: { status } }, sign),
    h("span", { class: "task-title" }, titled(block.title)),
  ];
  const inside = details(block, ctx);
  if (!inside.length) return h("div", { class: "task-card" }, h("div", { class: "task-line" }, title));
  return folding("task-card", title, h("div", { class: "task-inside" }, inside), false, ctx);
}

export function plan(block, ctx) {
  const tasks = listed(block.tasks).map(object);
  const items = tasks.map((task, index) => {
    const key = worded(task.task_id) || String(index);
    return h(
      "li",
      { dataset: { key: `task ${key}` } },
      taskCard(task, { ...ctx, place: `${ctx.place ?? ""}\ntask ${key}` }),
    );
  });
  return folding("plan", [h("span", { class: "plan-title" }, titled(block.title))], h("ul", null, items), true, ctx);
}

// The title is a plain text; some senders wrap it in a text object.
function titled(title) {
  return typeof title === "string" ? title : string(object(title).text);
}

function details({ details: said, output, sources }, ctx) {
  const links = listed(sources)
    .map(object)
    .map((source) => h("li", null, link(string(source.url), worded(source.text) || source.url)));
  return [
    said ? richOrPlain(said, ctx) : null,
    output ? h("div", { class: "task-output" }, richOrPlain(output, ctx)) : null,
    links.length ? h("ul", { class: "task-sources", "aria-label": "Sources" }, links) : null,
  ].filter(Boolean);
}

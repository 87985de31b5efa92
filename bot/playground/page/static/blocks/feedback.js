// Draws the buttons under an answer that its reader judges it with: thumbs up and down, and small icons.

import { h, icon } from "../app/dom.js";
import { act, busy } from "./acting.js";
import { asked } from "./buttons.js";
import { framed } from "./frames.js";
import { recall, remember } from "./memory.js";
import { list, Malformed, object, string, worded } from "./shapes.js";
import { words } from "./text.js";

const UP = "M7 9v8H3.5V9zm0 0 3-6.5c1.4 0 2 1 1.8 2.2L11.3 8h4.2c1 0 1.7.9 1.5 1.9l-1.1 5.6c-.1.9-.9 1.5-1.7 1.5H7";
const DOWN =
  "M13 11V3h3.5v8zm0 0-3 6.5c-1.4 0-2-1-1.8-2.2l.5-3.3H4.5c-1 0-1.7-.9-1.5-1.9l1.1-5.6C4.200 3.600 5 3 5.800 3H13";
const TRASH = "M4 5.5h12M8 5.5V3.5h4v2M5.5 5.5l.7 11h7.600l.7-11M8.5 8.5v5M11.5 8.5v5";

export function contextActions(block, ctx) {
  const made = list(block.elements).map((part, index) => framed(KINDS, part, index, block, ctx, true));
  return h("div", { class: "context-actions" }, made);
}

const KINDS = { feedback_buttons: feedback, icon_button: iconButton };

function feedback(part, ref, ctx) {
  const thumbs = [
    [object(part.positive_button), UP],
    [object(part.negative_button), DOWN],
  ];
  return h(
    "span",
    { class: "feedback", role: "group", "aria-label": "Feedback" },
    thumbs.map(([side, drawn]) => thumb(side, drawn, ref, ctx)),
  );
}

function thumb(side, drawn, ref, ctx) {
  const value = string(side.value);
  const pressed = recall(ref.place, "pressed") === value;
  return h(
    "button",
    {
      ...labelled(side, ctx),
      "aria-pressed": String(pressed),
      dataset: { sent: JSON.stringify({ value, text: side.text }) },
      on: { click: (event) => judge(event.currentTarget, ref, ctx) },
      ...busy(ref),
    },
    icon(drawn),
  );
}

// Pressed at once, as in Slack; taken back where the app did not take it.
async function judge(thumb, ref, ctx) {
  const { value, text } = JSON.parse(thumb.dataset.sent);
  const before = recall(ref.place, "pressed");
  press(thumb, ref, value);
  if (!(await act(thumb, ref, ctx, { value, text }))) press(thumb, ref, before);
}

function press(thumb, ref, value) {
  remember(ref.place, "pressed", value);
  for (const each of thumb.parentElement?.children ?? []) {
    each.setAttribute("aria-pressed", String(JSON.parse(each.dataset.sent).value === value));
  }
}

function iconButton(part, ref, ctx) {
  if (part.icon !== "trash") throw new Malformed("no such icon");
  const dataset = { sent: JSON.stringify({ value: part.value, text: part.text }), ...asked(part) };
  const pressed = (event) => act(event.currentTarget, ref, ctx, JSON.parse(event.currentTarget.dataset.sent));
  return h("button", { ...labelled(part, ctx), dataset, on: { click: pressed }, ...busy(ref) }, icon(TRASH));
}

function labelled(part, ctx) {
  const title = words(part.text, ctx);
  return { type: "button", class: "icon-button", title, "aria-label": worded(part.accessibility_label) || title };
}

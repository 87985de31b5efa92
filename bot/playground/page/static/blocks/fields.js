// Draws the fields in which something is written: texts, numbers, dates and times.

import { h } from "../app/dom.js";
import { act } from "./acting.js";
import { chosenIn, control } from "./controls.js";
import { listed, worded } from "./shapes.js";
import { words } from "./text.js";

const TYPES = { email_text_input: "email", url_text_input: "url", plain_text_input: "text" };
const LINES = 4;

export function text(part, ref, ctx) {
  const several = ref.type === "plain_text_input" && part.multiline === true;
  const props = {
    ...common(part, ctx, "Text"),
    minlength: several || ref.type === "plain_text_input" ? length(part.min_length) : null,
    maxlength: length(part.max_length),
    rows: several ? String(LINES) : null,
    type: several ? null : TYPES[ref.type],
    value: worded(part.initial_value),
  };
  return sending(field(several ? "textarea" : "input", part, ref, ctx, props), part, ref, ctx);
}

export function number(part, ref, ctx) {
  const bounds = { min: worded(part.min_value) || null, max: worded(part.max_value) || null };
  const step = part.is_decimal_allowed === true ? "any" : "1";
  const props = { ...common(part, ctx, "Number"), ...bounds, step, type: "number", value: worded(part.initial_value) };
  return sending(field("input", part, ref, ctx, props), part, ref, ctx);
}

export function date(part, ref, ctx) {
  return control("input", part, ref, ctx, {
    ...common(part, ctx, "Date"),
    type: "date",
    value: worded(part.initial_date),
  });
}

export function time(part, ref, ctx) {
  return control("input", part, ref, ctx, {
    ...common(part, ctx, "Time"),
    type: "time",
    value: worded(part.initial_time),
  });
}

export function dateTime(part, ref, ctx) {
  const seconds = part.initial_date_time;
  const value = Number.isInteger(seconds) ? local(seconds) : "";
  return control("input", part, ref, ctx, { ...common(part, ctx, "Date and time"), type: "datetime-local", value });
}

export function fileInput(part, ref, ctx) {
  const types = listed(part.filetypes).join(", ");
  const note = `Files cannot be given to a modal on this page${types ? ` (${types})` : ""}.`;
  return h(
    "span",
    { class: "file-input" },
    h("input", { type: "file", disabled: true, "aria-label": ctx.label || "File" }),
    h("span", null, note),
  );
}

// Seconds since the epoch as the field wants them: the reader's own time, without a zone.
function local(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

// Unlike a select, a text field sends on Enter or on every character, as its app has set it.
function field(tag, part, ref, ctx, props) {
  return control(tag, part, { ...ref, acts: false }, ctx, props);
}

function sending(made, part, ref, ctx) {
  if (!ref.acts) return made;
  const when = listed(part.dispatch_action_config?.trigger_actions_on);
  const send = () => act(made, ref, ctx, chosenIn(made));
  if (when.includes("on_character_entered")) made.addEventListener("input", send);
  if (!when.length || when.includes("on_enter_pressed")) {
    made.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
      event.preventDefault();
      send();
    });
  }
  return made;
}

function common(part, ctx, name) {
  const hint = words(part.placeholder, ctx);
  return { class: "field", "aria-label": ctx.label || hint || name, placeholder: hint || null };
}

function length(value) {
  return Number.isInteger(value) && value >= 0 ? String(value) : null;
}

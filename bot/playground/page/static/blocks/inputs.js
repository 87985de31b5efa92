// Draws the input block: a label, a control, a hint, and what is wrong with its value.

import { h } from "../app/dom.js";
import { chosenIn } from "./controls.js";
import { element } from "./elements.js";
import { recall, remember } from "./memory.js";
import { object, worded } from "./shapes.js";
import { textObject, words } from "./text.js";

const GROUPS = /^(?:multi_|radio_buttons|checkboxes)/; // what they hold has labels of its own
const MISSING = "Please complete this required field.";

export function input(block, ctx) {
  const label = words(block.label, ctx);
  const optional = block.optional === true;
  const hint = block.hint ? h("div", { class: "input-hint" }, textObject(block.hint, ctx)) : null;
  const made = element(object(block.element), 0, block, ctx, { acts: block.dispatch_action === true, label });
  const place = placeOfError(ctx.view, worded(block.block_id));
  const marks = { inputBlock: worded(block.block_id), optional: String(optional), hint: words(block.hint, ctx) };
  const name = h("span", { class: "input-label" }, label, optional ? h("span", null, " (optional)") : null);
  const frame = h(
    "div",
    { class: "input", dataset: marks },
    h(GROUPS.test(block.element.type) ? "div" : "label", { class: "input-pair" }, name, made),
    hint,
  );
  say(frame, recall(place, "error") ?? "");
  return frame;
}

/** The state of every control within an element, as Slack has it in a view: values by block_id and action_id. */
export function stateOf(within) {
  const values = Object.create(null); // ids may be any text, __proto__ too
  for (const made of within.querySelectorAll("[data-control]")) {
    const { control, blockId, actionId } = made.dataset;
    (values[blockId] ??= Object.create(null))[actionId] = { type: control, ...chosenIn(made) };
  }
  return { values };
}

/** Show what is wrong with inputs, each beside its own; what was shown before goes. The first one gets the focus. */
export function showErrors(within, errors) {
  let first = null;
  for (const frame of within.querySelectorAll("[data-input-block]")) {
    const { inputBlock } = frame.dataset;
    const error = Object.hasOwn(errors, inputBlock) ? String(errors[inputBlock]) : "";
    const view = frame.closest("[data-view]");
    remember(placeOfError(view?.dataset.view, inputBlock), "error", error || undefined);
    say(frame, error);
    if (error) first ??= controlIn(frame);
  }
  focusable(first)?.focus();
}

/** What a person must mend before Slack takes a modal: inputs that are empty or not what they should be. */
export function mistakes(within) {
  const errors = {};
  for (const frame of within.querySelectorAll("[data-input-block]")) {
    const made = controlIn(frame);
    const error = made ? mistake(made, frame.dataset.optional === "true") : "";
    if (error) errors[frame.dataset.inputBlock] = error;
  }
  return errors;
}

function mistake(made, optional) {
  if (made.validity && !made.validity.valid) return made.validationMessage;
  const [chosen] = Object.values(chosenIn(made));
  const empty = chosen === null || (Array.isArray(chosen) && !chosen.length);
  return empty && !optional ? MISSING : "";
}

function say(frame, error) {
  frame.querySelector(".input-error")?.remove();
  if (error) frame.append(h("div", { class: "input-error", role: "alert" }, error));
  const made = controlIn(frame);
  if (!made) return;
  const described = [error, frame.dataset.hint].filter(Boolean).join(" ");
  for (const [name, value] of [
    ["aria-invalid", error ? "true" : ""],
    ["aria-description", described],
  ]) {
    if (value) made.setAttribute(name, value);
    else made.removeAttribute(name);
  }
}

function controlIn(frame) {
  return frame.querySelector("[data-control]");
}

function focusable(made) {
  return made?.matches("input, select, textarea") ? made : made?.querySelector("input, select, textarea");
}

function placeOfError(view, block) {
  return `view ${view ?? ""}\n${block}`;
}

// Makes controls that keep a state: marks them in the page, reads what is chosen in them, and sends it.

import { h } from "../app/dom.js";
import { act, busy } from "./acting.js";
import { asked } from "./buttons.js";

// What Slack calls that which is chosen, and whether there may be several.
const CHOSEN = {
  channels_select: ["selected_channel", false],
  checkboxes: ["selected_options", true],
  conversations_select: ["selected_conversation", false],
  external_select: ["selected_option", false],
  multi_channels_select: ["selected_channels", true],
  multi_conversations_select: ["selected_conversations", true],
  multi_static_select: ["selected_options", true],
  multi_users_select: ["selected_users", true],
  radio_buttons: ["selected_option", false],
  static_select: ["selected_option", false],
  users_select: ["selected_user", false],
};
const TYPED = { datepicker: "selected_date", timepicker: "selected_time" };

/** @type {WeakMap<Element, boolean[]>} what was chosen before, for when the person takes it back */
const before = new WeakMap();

/**
 * A control that has a state. Listens for a change where its app wants to hear of it at once.
 * @param {string} tag
 * @param {any} part
 * @param {import("./acting.js").Ref} ref
 * @param {any} ctx
 * @param {Record<string, any>} props
 * @param {...any} children
 */
export function control(tag, part, ref, ctx, props, ...children) {
  const marks = { control: ref.type, blockId: ref.block_id, actionId: ref.action_id, ...asked(part) };
  const handlers = ref.acts ? { change: (event) => changed(event.currentTarget, ref, ctx) } : {};
  const made = h(tag, { dataset: marks, on: handlers, ...busy(ref), ...props }, ...children);
  before.set(made, choices(made).map(isChosen));
  return made;
}

async function changed(made, ref, ctx) {
  const sent = await act(made, ref, ctx, chosenIn(made));
  const now = choices(made);
  if (sent || !made.dataset.confirm) before.set(made, now.map(isChosen));
  else before.get(made)?.forEach((was, at) => choose(now[at], was));
}

/** What is chosen or written in a control, as Slack has it in an action and in a view's state. */
export function chosenIn(made) {
  const type = made.dataset.control ?? "";
  if (!Object.hasOwn(CHOSEN, type)) return written(made, type);
  const [name, several] = CHOSEN[type];
  const chosen = choices(made)
    .filter(isChosen)
    .map((each) => JSON.parse(each.dataset.choice));
  return { [name]: several ? chosen : (chosen[0] ?? null) };
}

function written(made, type) {
  const value = made.value || null;
  if (type !== "datetimepicker") return { [TYPED[type] ?? "value"]: value };
  return { selected_date_time: value ? Math.floor(new Date(value).getTime() / 1000) : null };
}

/** What can be chosen in a control: options, boxes, or none for a text. */
function choices(made) {
  return [...made.querySelectorAll("[data-choice]")];
}

function isChosen(choice) {
  return choice instanceof HTMLOptionElement ? choice.selected : choice.checked;
}

function choose(choice, chosen) {
  if (choice instanceof HTMLOptionElement) choice.selected = chosen;
  else if (choice) choice.checked = chosen;
}

// Draws an element that can be acted on, by its type.

import { button } from "./buttons.js";
import { checkboxes, multiSelect, radioButtons } from "./choices.js";
import { date, dateTime, fileInput, number, text, time } from "./fields.js";
import { framed } from "./frames.js";
import { overflow } from "./overflow.js";
import { externalSelect, idSelect, optionSelect } from "./selects.js";

/** @type {Record<string, (part: any, ref: import("./acting.js").Ref, ctx: any) => HTMLElement>} */
const KINDS = {
  button,
  channels_select: idSelect,
  checkboxes,
  conversations_select: idSelect,
  datepicker: date,
  datetimepicker: dateTime,
  email_text_input: text,
  external_select: externalSelect,
  file_input: fileInput,
  multi_channels_select: multiSelect,
  multi_conversations_select: multiSelect,
  multi_static_select: multiSelect,
  multi_users_select: multiSelect,
  number_input: number,
  overflow,
  plain_text_input: text,
  radio_buttons: radioButtons,
  static_select: optionSelect,
  timepicker: time,
  url_text_input: text,
  users_select: idSelect,
};

/** An element of a block. `acts`: whether the app is sent it at once. `label` names it where a block has one. */
export function element(part, index, block, ctx, { acts = true, label = "" } = {}) {
  return framed(KINDS, part, index, block, { ...ctx, label }, acts);
}

// Sends an action on an element: asks first where the app wants it, and shows the element busy until it is answered.

import { h } from "../app/dom.js";
import { confirmed } from "./confirm.js";
import { recall, remember } from "./memory.js";

/**
 * What an element is: whose action, and where the page remembers it. `acts` is false for an input that only waits for
 * its modal's Submit.
 * @typedef {{type: string, block_id: string, action_id: string, place: string, acts: boolean}} Ref
 */

/** The attributes of an element that is waiting for its answer. */
export function busy(ref) {
  const waiting = recall(ref.place, "busy") ? "true" : null;
  return { "aria-busy": waiting, "aria-disabled": waiting };
}

/**
 * Send an action, once at a time.
 * @param {HTMLElement} control what was acted on; its `data-confirm` is the app's question
 * @param {Ref} ref
 * @param {any} ctx
 * @param {Record<string, any>} chosen what Slack's action holds besides its type and ids
 * @returns {Promise<boolean>} whether it was sent and taken
 */
export async function act(control, ref, ctx, chosen) {
  if (recall(ref.place, "busy")) return false;
  if (control.dataset.confirm && !(await confirmed(JSON.parse(control.dataset.confirm), control, ctx))) return false;
  show(control, ref, true, undefined);
  try {
    const { type, block_id, action_id } = ref;
    await ctx.onAction?.({ block_id, action_id, action: { type, block_id, action_id, ...chosen } });
    show(control, ref, undefined, undefined);
    return true;
  } catch (refused) {
    show(control, ref, undefined, refused instanceof Error && refused.message ? refused.message : "That did not work.");
    return false;
  }
}

function show(control, ref, waiting, error) {
  remember(ref.place, "busy", waiting);
  remember(ref.place, "error", error);
  for (const [name, value] of Object.entries(busy(ref))) {
    if (value) control.setAttribute(name, value);
    else control.removeAttribute(name);
  }
  const frame = control.closest(".act");
  frame?.querySelector(":scope > .act-error")?.remove();
  const said = complaint(error);
  if (said) frame?.append(said);
}

/** What was answered to an action that was refused. */
export function complaint(error) {
  return error ? h("span", { class: "act-error", role: "alert" }, error) : null;
}

// Puts an element into its block: under which key, seen by whom, remembered where, with what was answered.

import { complaint } from "./acting.js";
import { h } from "../app/dom.js";
import { placeOf, recall } from "./memory.js";
import { Malformed, object, worded } from "./shapes.js";
import { unknown } from "./unknown.js";

/**
 * An element made by one of `kinds`; null where it is for others than the person who looks.
 * @param {Record<string, (part: any, ref: import("./acting.js").Ref, ctx: any) => HTMLElement>} kinds
 * @param {any} part
 * @param {number} index its place in the block
 * @param {any} block
 * @param {any} ctx
 * @param {boolean} acts whether the app is sent it at once
 */
export function framed(kinds, part, index, block, ctx, acts) {
  try {
    const { type, action_id: id, visible_to_user_ids: seers } = object(part);
    if (!Object.hasOwn(kinds, type)) throw new Malformed("no such element");
    if (Array.isArray(seers) && seers.length && !seers.includes(ctx.me)) return null;
    const key = `${type} ${worded(id) || index}`;
    const ref = { type, block_id: worded(block.block_id), action_id: worded(id), place: placeOf(ctx, key), acts };
    const error = complaint(recall(ref.place, "error"));
    return h("span", { class: "act", dataset: { key } }, kinds[type](part, ref, ctx), error);
  } catch {
    return unknown(part, "element");
  }
}

// Remembers of elements that are drawn again and again what is busy, refused, pressed or folded.

/** @type {Map<string, any>} */
const remembered = new Map();

/**
 * The place of a part within what is drawn: the message or view, then block and element. The same part has the same
 * place each time.
 */
export function placeOf(ctx, ...keys) {
  return [ctx.me ?? "", ctx.place ?? "", ...keys].join("\n");
}

export function recall(place, what) {
  return remembered.get(`${place}\n${what}`);
}

/** Remember a value, or forget it where it is undefined. */
export function remember(place, what, value) {
  if (value === undefined) remembered.delete(`${place}\n${what}`);
  else remembered.set(`${place}\n${what}`, value);
}

// Reads what an app sent without trusting its shape.

/** What an app sent is not what its type says it is; the block that holds it is shown as unknown. */
export class Malformed extends Error {}

/** How deep blocks may stand in blocks; Slack's own go three deep. */
export const DEEPEST = 8;

/** @returns {Record<string, any>} */
export function object(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Malformed("not an object");
  return value;
}

/** @returns {any[]} */
export function list(value) {
  if (!Array.isArray(value)) throw new Malformed("not a list");
  return value;
}

/** @returns {string} */
export function string(value) {
  if (typeof value !== "string") throw new Malformed("not a text");
  return value;
}

/**
 * A part that may be left out.
 * @template T
 * @param {(value: any) => T} read
 * @param {any} value
 * @returns {T | null}
 */
export function maybe(read, value) {
  return value === undefined || value === null ? null : read(value);
}

/** A list that may be left out. @returns {any[]} */
export function listed(value) {
  return maybe(list, value) ?? [];
}

/** A text that may be left out. */
export function worded(value) {
  return maybe(string, value) ?? "";
}

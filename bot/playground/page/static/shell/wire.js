// Converts what a person types to Slack's wire format, and back.

const CODE = /(```[\s\S]*?```|`[^`\n]+`)/;
const ADDRESS = /\bhttps?:\/\/[^\s<>"]+/gi;
const TRAILING = /[.,;:!?)\]}'…]+$/;
const BROADCASTS = new Set(["here", "channel", "everyone"]);

/** @typedef {{people: Iterable<{id: string, name: string}>, channels: Iterable<{id: string, name: string}>}} Names */

export const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/**
 * Text as typed, on the wire: the three characters escaped, names of people and channels and addresses live, but not
 * in code.
 * @param {string} text
 * @param {Names} names
 */
export function toWire(text, names) {
  const parts = text.trim().split(CODE);
  return parts.map((part, at) => (at % 2 ? escape(part) : linked(part, names))).join("");
}

function linked(text, names) {
  let wire = "";
  let from = 0;
  for (const { index, 0: found } of text.matchAll(ADDRESS)) {
    const address = found.replace(TRAILING, "");
    wire += named(text.slice(from, index), names) + `<${escape(address)}>`;
    from = index + address.length;
  }
  return wire + named(text.slice(from), names);
}

function named(text, { people, channels }) {
  const known = [...people].map(({ id, name }) => ["@", name, `<@${id}>`]);
  known.push(...[...channels].map(({ id, name }) => ["#", name, `<#${id}>`]));
  known.push(...[...BROADCASTS].map((range) => ["@", range, `<!${range}>`]));
  // The longest name first, so that "@ada lovelace" is not "@ada" and a word.
  known.sort(([, one], [, other]) => other.length - one.length);
  let wire = "";
  for (let at = 0; at < text.length; at += 1) {
    const live = starts(text, at) && known.find(([mark, name]) => stands(text, at, mark + name));
    wire += live ? live[2] : escape(text[at]);
    if (live) at += live[1].length;
  }
  return wire;
}

/** A name begins at the beginning of a word: an address of mail is none. */
const starts = (text, at) => (text[at] === "@" || text[at] === "#") && !/[\p{L}\p{N}_@#&/.]/u.test(text[at - 1] ?? " ");

function stands(text, at, word) {
  const end = at + word.length;
  if (text.slice(at, end).toLowerCase() !== word.toLowerCase()) return false;
  return !/^(?:[\p{L}\p{N}_]|-[\p{L}\p{N}])/u.test(text.slice(end));
}

/**
 * The wire's text as a person would type it.
 * @param {string} text
 * @param {Names} names
 */
export function fromWire(text, { people, channels }) {
  const of = (list, id) => [...list].find((one) => one.id === id)?.name;
  const typed = text.replace(/<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>/g, (_, mark, target, label) => {
    if (mark === "@") return `@${of(people, target) ?? label ?? target}`;
    if (mark === "#") return `#${of(channels, target) ?? label ?? target}`;
    if (mark === "!") return `@${label ?? target}`;
    return target;
  });
  return unescape(typed);
}

/** The parts of a slash command, or null where the text is none: it begins with the first character, as in Slack. */
export function commandOf(text) {
  const found = /^\/([a-z0-9_-]+)(?:\s+([\s\S]*))?$/i.exec(text.trimEnd());
  return found && { command: `/${found[1].toLowerCase()}`, text: found[2]?.trim() ?? "" };
}

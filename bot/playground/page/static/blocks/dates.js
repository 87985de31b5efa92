// Writes a moment in Slack's date format, tokens in braces, in the reader's own time zone.

import { h } from "../app/dom.js";
import { link, opens } from "./links.js";

const DAY = 86_400_000;
const LATEST = 8.64e12; // seconds; later than this is no date in JavaScript
const SHAPES = {
  date_num: { year: "numeric", month: "2-digit", day: "2-digit" },
  date_slash: { year: "numeric", month: "2-digit", day: "2-digit" },
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  time: { hour: "numeric", minute: "2-digit" },
  time_secs: { hour: "numeric", minute: "2-digit", second: "2-digit" },
};
/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/**
 * A moment as Slack shows it; the fallback where the timestamp is none.
 * @param {number} seconds since the epoch
 * @param {string} format as `{date_short} at {time}`
 * @param {string} address makes a link of it; may be empty
 * @param {string} fallback
 */
export function moment(seconds, format, address, fallback) {
  if (!Number.isFinite(seconds) || Math.abs(seconds) > LATEST) return h("span", null, fallback || format);
  const at = new Date(seconds * 1000);
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => written(at, token) ?? whole);
  const time = h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, text);
  return opens(address) ? link(address, time) : time;
}

function written(at, token) {
  if (token === "ago") return ago(at);
  const near = token.endsWith("_pretty") ? nearby(at) : null;
  const shape = SHAPES[token.replace(/_pretty$/, "")];
  return near ?? (shape && new Intl.DateTimeFormat(undefined, shape).format(at));
}

function nearby(at) {
  const days = Math.round((midnight(at) - midnight(new Date())) / DAY);
  return Math.abs(days) > 1 ? null : new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(days, "day");
}

function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

function ago(at) {
  const seconds = Math.round((at.getTime() - Date.now()) / 1000);
  const [unit, size] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? UNITS[UNITS.length - 1];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

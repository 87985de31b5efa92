// Writes times: of a message, of its day; and decides which messages stand together.

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });
const TOGETHER = 5 * 60; // seconds within which messages of one author stand under one name, as in Slack

/** When a message was posted, in seconds since the epoch. */
export const at = (message) => message.at ?? Number(message.ts);

export const clock = (seconds) => CLOCK.format(seconds * 1000);
/** The clock alone, for where there is little room: "7:34" of "7:34 AM". */
export function short(seconds) {
  const parts = CLOCK.formatToParts(seconds * 1000).filter(({ type }) => type !== "dayPeriod");
  return parts
    .map(({ value }) => value)
    .join("")
    .trim();
}

export const full = (seconds) => FULL.format(seconds * 1000);
export const machine = (seconds) => new Date(seconds * 1000).toISOString();

const midnight = (seconds) => new Date(seconds * 1000).setHours(0, 0, 0, 0);

export const sameDay = (one, other) => midnight(one) === midnight(other);

export function day(seconds, now = Date.now() / 1000) {
  if (sameDay(seconds, now)) return "Today";
  return sameDay(seconds, now - 86_400) ? "Yesterday" : DAY.format(seconds * 1000);
}

/** Whether a message stands under the name of the one before it. */
export function follows(message, before) {
  if (!before || before.user !== message.user || before.to !== message.to) return false;
  return at(message) - at(before) < TOGETHER && sameDay(at(message), at(before));
}

/** "1 reply", "2 replies". */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

// Writes numbers for people: seconds, counts, times of day.

const whole = new Intl.NumberFormat("en");
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {number} value */
export const number = (value) => whole.format(Math.round(value));

/** "1 call", "3 calls"; `many` where the plural is not made with an s. */
export function plural(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** How long something took, in seconds: milliseconds below one second. */
export function took(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  return duration(seconds);
}

/** A stretch of time for sentences: "0.4 s", "12 s", "2 min 5 s", "3 h", "30 days". */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** The time of day with tenths of a second, of seconds since the epoch. */
export function clock(at) {
  return `${clockTime.format(new Date(at * 1000))}.${Math.floor((at % 1) * 10)}`;
}

export function bytes(count) {
  return count < 1000
    ? `${count} B`
    : count < 1e6
      ? `${(count / 1000).toFixed(1)} kB`
      : `${(count / 1e6).toFixed(1)} MB`;
}

/** A text cut to a length, with a sign that it was. */
export function shortened(text, most) {
  const line = text.replace(/\s+/gu, " ").trim();
  return line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line;
}

// Draws people: a coloured square with initials, the app with its own mark.

import { h, icon } from "../app/dom.js";

const HUES = 8; // classes hue-0 … hue-7 of the style sheet

function hue(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return sum % HUES;
}

function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  return (words.length > 1 ? words[0][0] + words[1][0] : name.slice(0, 1)).toUpperCase();
}

/** Decoration: the name stands beside it. */
export function avatar(state, userId, size = "") {
  const person = state.people.get(userId);
  const kind = `avatar ${size}`;
  if (person?.role === "bot" || userId === state.bot.user_id) {
    return h("span", { class: `${kind} of-app`, "aria-hidden": "true" }, mark());
  }
  return h("span", { class: `${kind} hue-${hue(userId)}`, "aria-hidden": "true", text: initials(person?.name ?? "?") });
}

/** The app's mark: two streams that run into one answer. */
function mark() {
  return icon("M4 6h4c3 0 3 8 6 8h2", "M4 14h4c3 0 3-8 6-8h2");
}

const ROLES = { guest: "Guest", outsider: "From outside", bot: "App" };

/** A small mark for who is not a member like the others; null for members. */
export function roleMark(person) {
  const role = ROLES[person?.role];
  if (!role) return null;
  return h("span", { class: `badge badge-${person.role}`, text: person.role === "bot" ? "APP" : role });
}

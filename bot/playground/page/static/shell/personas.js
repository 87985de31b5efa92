// Chooses who the person at this tab is: one of the workspace's people, kept so that two tabs can be two people.

const KEY = "playground.persona";

export const ROLE_WORDS = {
  member: "Member",
  guest: "Guest: sees only the channels they are in",
  outsider: "Of another organisation: sees only shared channels",
};

/** What stands over the person's name. */
export const YOU_ARE = { member: "You are", guest: "You are a guest", outsider: "You are from outside" };

/** All that one can be. */
export const people = (state) => [...state.people.values()].filter(({ role }) => role !== "bot");

/** Be whoever this tab was, else the first member; and keep who it becomes. */
export function follow(state) {
  state.addEventListener("ui", ({ detail }) => detail.includes("user") && sessionStorage.setItem(KEY, state.ui.user));
}

/** Whom this tab should be, of the people that there are. */
export function persona(state) {
  const all = people(state);
  const kept = sessionStorage.getItem(KEY);
  const found = all.find(({ id }) => id === kept) ?? all.find(({ role }) => role === "member") ?? all[0];
  return found?.id ?? "";
}

/** The one of Slack's own commands that is here: apps ask people to use it. */
export const INVITE = { command: "/invite", description: "Add somebody to this channel", usage_hint: "@name" };

/** The commands that the person has: an app's are for the people of the workspace that has it. */
export function commandsOf(state) {
  const outsider = state.people.get(state.ui.user)?.role === "outsider";
  return outsider ? [INVITE] : [...state.commands, INVITE];
}

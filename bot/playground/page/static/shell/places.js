// Finds the places of the workspace: which a person sees, how the address names one, and what is next to it.

export const TABS = ["home", "messages", "about"];

export const isDirect = (channel) => channel?.kind === "im" || channel?.kind === "mpim";

/** Whether it is the conversation of one person with the app. */
export const isApp = (state, channel) =>
  channel?.kind === "im" && Boolean(state.bot.user_id) && channel.members.includes(state.bot.user_id);

/** Whether a person sees a channel: a guest those that they are in, somebody from outside those that are shared. */
export function sees(person, channel) {
  const member = channel.members.includes(person.id);
  if (isDirect(channel)) return member;
  if (person.role === "outsider") return channel.shared && member;
  return member || (person.role !== "guest" && channel.kind === "channel");
}

/** What a person sees, in the order of the sidebar. */
export function visible(state, user = state.ui.user) {
  const person = state.people.get(user);
  const all = person ? [...state.channels.values()].filter((channel) => sees(person, channel)) : [];
  const byName = (one, other) => state.channelName(one.id).localeCompare(state.channelName(other.id));
  return {
    channels: all.filter((channel) => !isDirect(channel)).sort(byName),
    directs: all.filter((channel) => isDirect(channel) && !isApp(state, channel)).sort(byName),
    app: all.find((channel) => isApp(state, channel)),
  };
}

/** All that a person sees, in one row. */
export function row(state, user = state.ui.user) {
  const { channels, directs, app } = visible(state, user);
  return [...channels, ...directs, ...(app ? [app] : [])];
}

/** The place a step up (-1) or down (1) the sidebar, round the end. */
export function neighbour(state, step) {
  const places = row(state);
  const here = places.findIndex((channel) => channel.id === state.ui.channel);
  return places[(here + step + places.length) % places.length];
}

/** Where a person is when they come: in #general, or wherever they may be. */
export function entrance(state, user = state.ui.user) {
  const { channels } = visible(state, user);
  return channels.find((channel) => channel.name === "general") ?? row(state, user)[0];
}

/** A place as the address has it: "#C1", "#C1/171.5" with a thread, "#D1/home" with a tab of the app. */
export function toHash({ channel, thread, tab }) {
  const second = thread || (tab === "messages" ? "" : tab);
  return `#${channel}${second ? `/${second}` : ""}`;
}

export function fromHash(hash) {
  const [channel, second = ""] = decodeURIComponent(hash.replace(/^#/, "")).split("/");
  const tab = TABS.includes(second) ? second : "messages";
  return { channel, thread: /^\d+\.\d+$/.test(second) ? second : "", tab };
}

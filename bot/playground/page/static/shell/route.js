// Keeps the address and the title of the page in step with the place, so that reload, back and a kept link work.

import { entrance, fromHash, isApp, isDirect, row, toHash } from "./places.js";

const NAME = "Playground · Flowise for Slack";

/** Let the address follow the state, and the state the address. */
export function follow(state) {
  window.addEventListener("popstate", () => arrive(state));
  state.addEventListener("ui", ({ detail }) => {
    if (detail.some((name) => ["channel", "thread", "tab"].includes(name))) remember(state);
    title(state);
  });
}

/** Go where the address says, or where the person may be. Keeps the place where it is still one. */
export function arrive(state) {
  const wanted = fromHash(location.hash);
  const channel = row(state).find(({ id }) => id === wanted.channel);
  if (!channel) return settle(state);
  const tab = isApp(state, channel) ? wanted.tab : "messages";
  const thread = state.thread(channel.id, wanted.thread).length ? wanted.thread : "";
  state.set({ channel: channel.id, thread, tab });
}

/** Stay where the person is, if they may be there; else go to the entrance. */
export function settle(state) {
  const here = row(state).some(({ id }) => id === state.ui.channel);
  if (!here) state.set({ channel: entrance(state)?.id ?? "", thread: "", tab: "messages" });
}

function remember(state) {
  const hash = toHash(state.ui);
  if (!state.ui.channel || hash === location.hash) return;
  const first = !location.hash;
  history[first ? "replaceState" : "pushState"](null, "", hash);
}

function title(state) {
  const channel = state.channels.get(state.ui.channel);
  const place = channel && `${isDirect(channel) ? "" : "#"}${state.channelName(channel.id)}`;
  document.title = place ? `${place} · ${NAME}` : NAME;
}

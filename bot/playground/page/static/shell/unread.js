// Tracks in which places something is new that the person has not seen.

import { at } from "./times.js";

export class Unread extends Set {
  /** @param {import("../app/state.js").State} state */
  constructor(state) {
    super();
    let seen = 0;
    state.addEventListener("change", ({ detail }) => {
      if (detail.kind === "hello") seen = Math.max(seen, detail.now ?? 0);
      if (detail.kind !== "message" || at(detail.message) <= seen) return;
      seen = at(detail.message); // a change of an older message makes nothing unread
      if (elsewhere(state, detail.message)) this.add(detail.message.channel);
    });
    state.addEventListener("ui", ({ detail }) => {
      if (detail.includes("user")) this.clear();
      this.delete(state.ui.channel);
    });
  }
}

function elsewhere(state, message) {
  return message.channel !== state.ui.channel && message.user !== state.ui.user && state.sees(message);
}

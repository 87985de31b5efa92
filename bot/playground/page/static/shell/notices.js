// Knows how the page tells of itself: that the playground is away, and that something could not be done.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";

const STAYS = 12_000; // milliseconds
const AWAY_AFTER = 700; // milliseconds: a connection that comes back at once is not worth a word

export class Notices {
  /** @param {import("../app/state.js").State} state */
  constructor(state) {
    this.away = h("p", { class: "away", role: "status" });
    this.alerts = h("div", { class: "alerts", role: "alert" });
    this.element = h("div", { class: "notices" }, this.away, this.alerts);
    this.timer = 0;
    state.addEventListener("ui", ({ detail }) => detail.includes("online") && this.#online(state.online));
  }

  #online(online) {
    clearTimeout(this.timer);
    if (online) this.away.textContent = "";
    else
      this.timer = setTimeout(
        () => (this.away.textContent = "Not connected to the playground. Trying again…"),
        AWAY_AFTER,
      );
  }

  /** Say what could not be done; it goes away by itself, or at a press. */
  alert(sentence) {
    const gone = () => notice.remove();
    const close = h(
      "button",
      { class: "tool", type: "button", "aria-label": "Dismiss", on: { click: gone } },
      draw("close"),
    );
    const notice = h("div", { class: "alert" }, h("span", { text: sentence }), close);
    this.alerts.replaceChildren(notice);
    setTimeout(gone, STAYS);
  }
}

// Shows notices of the page itself: that it is not connected, and that something could not be done.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";

const STAYS = 12_000; // milliseconds
const OFFLINE_AFTER = 700; // milliseconds: a connection that comes back at once is not worth a word

export class Notices {
  /** @param {import("../app/state.js").State} state */
  constructor(state) {
    this.offline = h("p", { class: "offline", role: "status" });
    this.alerts = h("div", { class: "alerts", role: "alert" });
    this.element = h("div", { class: "notices" }, this.offline, this.alerts);
    this.timer = 0;
    state.addEventListener("ui", ({ detail }) => detail.includes("online") && this.#online(state.online));
  }

  #online(online) {
    clearTimeout(this.timer);
    if (online) this.offline.textContent = "";
    else
      this.timer = setTimeout(
        () => (this.offline.textContent = "Not connected to the playground. Trying again…"),
        OFFLINE_AFTER,
      );
  }

  /** Say what could not be done; it closes by itself, or at a press. */
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

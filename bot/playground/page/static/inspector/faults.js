// Lists the faults that are switched on, in a bar that stands wherever one is in the inspector.

import { h } from "../app/dom.js";
import { plural, took } from "./format.js";

// What the demo begins with feels like Slack's Web API; from here on it is slow on purpose.
const SLOW = 0.3;
const ORDINARY_LATENCY = 0.1;

const FLOWISE = {
  slow: "Flowise is slow",
  cut: "Flowise's answers are cut off",
  cut_without_key: "Flowise's answers are cut off, and no key opens what it has stored",
  error: "Flowise answers with an error",
  silent: "Flowise says nothing",
  down: "Flowise is down",
};

/** What is not as it should be, a few words each. */
export function faultsOn(controls) {
  if (!controls) return [];
  return [
    controls.latency >= SLOW && `Slack takes ${took(controls.latency)}`,
    controls.limits === "tight" && "Tight rate limits",
    controls.limits === "off" && "No rate limits",
    controls.twice && "Events come twice",
    controls.server_errors > 0 && `${plural(controls.server_errors, "call")} will get 500`,
    controls.sockets === 0 && "No socket is open",
    FLOWISE[controls.flowise?.fault],
    controls.resting && "The bot rests after failures, and asks Flowise nothing",
  ].filter(Boolean);
}

/** Make everything as it should be. A socket opens again by itself. */
export async function allOff(post, controls) {
  await post("api/controls", {
    latency: Math.min(controls.latency, ORDINARY_LATENCY),
    limits: "on",
    twice: false,
    flowise: { fault: "none" },
  });
  if (controls.server_errors > 0) await post("api/fault", { what: "server_errors", times: 0 });
}

/** The bar; `refresh()` when the controls have changed. */
export function faultBar({ state, post }) {
  const words = h("span", { class: "i-fault-words" });
  const off = h("button", { type: "button", class: "i-button", text: "All off" });
  off.addEventListener("click", () =>
    allOff(post, state.controls).catch((error) => (words.textContent = error.message)),
  );
  const element = h("div", { class: "i-fault-bar", role: "status", hidden: true }, words, off);
  return {
    element,
    refresh() {
      const on = faultsOn(state.controls);
      element.hidden = on.length === 0;
      const text = on.join(" · ");
      if (words.textContent !== text) words.textContent = text;
    },
  };
}

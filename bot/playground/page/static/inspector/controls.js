// Draws the switches of the playground: how Slack behaves, how Flowise behaves, and which Flowise it is.

import { h } from "../app/dom.js";
import { budgetTable } from "./budget.js";
import { choices, complaint, fresh, group, toggle } from "./fields.js";
import { plural, took } from "./format.js";
import { sourceForm } from "./source.js";

const LIMITS = [
  ["on", "As Slack's", "The numbers that Slack documents."],
  ["tight", "Tight", "A tenth of what Slack documents: see what the app does when it may hardly write."],
  ["off", "Off", "Every call is let through."],
];

const FAULTS = [
  ["none", "None"],
  ["slow", "Slow", "Words come with long pauses."],
  ["cut", "Cut", "The connection breaks in the middle of an answer. The app has a key, and fetches what is missing."],
  [
    "cut_without_key",
    "Cut, no key",
    "The connection breaks in the middle of an answer. Without a key nothing can be fetched: it stays incomplete.",
  ],
  ["error", "Error", "The flow fails with an error of its own."],
  ["silent", "Silent", "The question is taken, and nothing ever comes."],
  ["down", "Down", "Nobody takes connections."],
];

/** @returns {import("./tabs.js").Panel} */
export function controlsPanel({ state, get, post }) {
  const problem = complaint();
  const set = (part) => problem.during(() => post("api/controls", part));
  const fault = (what, times) =>
    problem.during(() => post("api/fault", times === undefined ? { what } : { what, times }));
  const latency = latencySlider((value) => set({ latency: value }));
  const limits = choices("Rate limits", LIMITS, (value) => set({ limits: value }));
  const twice = toggle("Deliver every event twice", (on) => set({ twice: on }));
  const errors = serverErrors((times) => fault("server_errors", times));
  const sockets = socketButtons(fault);
  const faults = choices("What goes wrong", FAULTS, (value) => set({ flowise: { fault: value } }));
  const source = sourceForm(post);
  const budget = budgetTable(get);
  const slack = group("Slack", latency.element, limits.element, twice.element, errors.element, sockets.element);

  function refresh() {
    const now = state.controls;
    if (!now) return;
    latency.show(now.latency);
    limits.show(now.limits);
    twice.show(now.twice);
    errors.show(now.server_errors);
    sockets.show(now.sockets);
    faults.show(now.flowise.fault);
    source.show(now.flowise);
  }

  return {
    id: "controls",
    label: "Controls",
    element: h(
      "div",
      { class: "i-controls" },
      problem.element,
      slack,
      group("Flowise", faults.element, source.element),
      budget.element,
    ),
    show: () => (refresh(), budget.start()),
    hide: () => budget.stop(),
    update: (changes) => changes.some((change) => change.kind === "controls" || change.kind === "hello") && refresh(),
  };
}

function latencySlider(changed) {
  const id = fresh("latency");
  const input = h("input", { type: "range", id, min: 0, max: 2000, step: 50 });
  const output = h("output", { for: id });
  const tell = () => {
    output.textContent = took(Number(input.value) / 1000);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  let held = false;
  input.addEventListener("input", () => ((held = true), tell()));
  input.addEventListener("change", () => ((held = false), changed(Number(input.value) / 1000)));
  return {
    element: h(
      "div",
      { class: "i-field" },
      h("label", { for: id, class: "i-field-name", text: "A call takes" }),
      h("div", { class: "i-with-value" }, input, output),
    ),
    show(seconds) {
      if (held) return; // it is being drawn
      input.value = String(Math.round(seconds * 1000));
      tell();
    },
  };
}

function serverErrors(asked) {
  const id = fresh("errors");
  const input = h("input", { type: "number", id, min: 1, max: 99, value: "3" });
  const left = h("span", { class: "i-note", role: "status" });
  const button = h("button", { type: "button", class: "i-button", text: "Answer with 500" });
  button.addEventListener("click", () => asked(Math.max(1, Math.round(Number(input.value)) || 1)));
  return {
    element: h("div", { class: "i-field-row" }, h("label", { for: id, text: "Next calls" }), input, button, left),
    show: (count) => (left.textContent = count ? `${plural(count, "call")} to go` : ""),
  };
}

function socketButtons(fault) {
  const count = h("span", { class: "i-note", role: "status" });
  const button = (text, what) =>
    h("button", { type: "button", class: "i-button", text, on: { click: () => fault(what) } });
  return {
    element: h(
      "div",
      { class: "i-field-row" },
      button("Drop the sockets", "drop_sockets"),
      button("Refresh them", "refresh_sockets"),
      count,
    ),
    show: (open) => (count.textContent = `${plural(open, "socket")} open`),
  };
}

// Lists all that went between Slack and the app: calls one way, deliveries the other.

import { h } from "../app/dom.js";
import { entryRow, failed, isCall, nameOf } from "./entry.js";
import { belongs, placeOf } from "./place.js";
import { Tail } from "./tail.js";

const KINDS = ["All", "Calls", "Deliveries"];

/** @returns {import("./tabs.js").Panel} */
export function callsPanel({ state }) {
  const tail = new Tail("Calls and deliveries", entryRow, "Nothing that fits has happened yet.");
  const filter = new Filter(() => show());
  const wanted = (place) => (entry) => (filter.everything || belongs(place, entry)) && filter.fits(entry);

  function show() {
    const entries = [...state.calls, ...state.deliveries].sort((one, other) => one.at - other.at);
    filter.offer(entries);
    tail.reset(entries.filter(wanted(placeOf(state))));
  }

  function update(changes) {
    const entries = changes.map((change) => change.call ?? change.delivery).filter(Boolean);
    if (!entries.length) return;
    filter.offer(entries);
    tail.add(entries.filter(wanted(placeOf(state))));
  }

  return {
    id: "calls",
    label: "Calls",
    element: h("div", { class: "i-calls" }, filter.element, tail.element),
    show,
    update,
  };
}

/** What the reader wants to see of it. */
class Filter {
  constructor(changed) {
    this.names = new Set();
    this.scope = choice("Of", ["This thread", "Everything"]);
    this.name = choice("What", KINDS);
    this.words = h("input", { type: "search", placeholder: "Search", "aria-label": "Text in arguments or answers" });
    this.failures = h("input", { type: "checkbox" });
    this.element = h(
      "form",
      { class: "i-filter", "aria-label": "Filter", on: { submit: (event) => event.preventDefault() } },
      this.scope,
      this.name,
      this.words,
      h("label", { class: "i-check" }, this.failures, "Only failures"),
    );
    this.element.addEventListener("input", changed);
  }

  get everything() {
    return this.scope.selectedIndex === 1;
  }

  /** Methods that were seen can be chosen. */
  offer(entries) {
    for (const name of entries.map(nameOf)) {
      if (this.names.has(name)) continue;
      this.names.add(name);
      const after = [...this.name.options].slice(KINDS.length).find((option) => option.value > name);
      this.name.insertBefore(h("option", { text: name }), after ?? null);
    }
  }

  fits(entry) {
    if (this.failures.checked && !failed(entry)) return false;
    if (!this.#named(entry)) return false;
    const words = this.words.value.trim().toLowerCase();
    return !words || JSON.stringify(entry).toLowerCase().includes(words);
  }

  #named(entry) {
    const { selectedIndex: kind, value } = this.name;
    if (kind >= KINDS.length) return nameOf(entry) === value;
    return kind === 0 || isCall(entry) === (kind === 1);
  }
}

function choice(label, options) {
  return h(
    "select",
    { "aria-label": label },
    options.map((option) => h("option", { text: option })),
  );
}

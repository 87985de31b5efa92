// Opens the page's own small dialogs: to confirm, to jump to a channel, and the list of keys.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";
import { isDirect, row } from "./places.js";

/** Open a dialog; it is gone when it is closed, and the focus is back where it was. */
function open(label, ...children) {
  const dialog = h("dialog", { class: "dialog", "aria-label": label }, ...children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Ask whether to do it; `word` is what the button says. */
export function confirm(title, text, word) {
  return new Promise((sure) => {
    const no = h("button", { class: "push", type: "button", text: "Cancel" });
    const yes = h("button", { class: "push push-danger", type: "button", text: word });
    const dialog = open(title, h("h2", { text: title }), h("p", { text }), h("div", { class: "dialog-foot" }, no, yes));
    no.onclick = () => dialog.close();
    yes.onclick = () => dialog.close("yes");
    dialog.addEventListener("close", () => sure(dialog.returnValue === "yes"));
  });
}

const KEYS = [
  ["Ctrl or ⌘ + K", "Jump to a channel"],
  ["Alt + ↑ ↓", "The channel above, below"],
  ["Any letter", "Write, wherever you are"],
  ["F6", "The next part of the page, the message box too"],
  ["↑ ↓", "The message above, below (in the list)"],
  ["→ ←", "Into the message, to its links and buttons, and back"],
  ["Enter", "Open the thread of the message; send what you wrote"],
  ["R · E · Delete", "React to, edit, delete the message"],
  ["I", "Inspect the message"],
  ["Shift + Enter", "A new line"],
  ["↑ in an empty box", "Edit your last message"],
  ["Escape", "Close what is open"],
  ["?", "This list"],
];

export function showKeys() {
  const rows = KEYS.map(([keys, does]) => [h("dt", null, h("kbd", { text: keys })), h("dd", { text: does })]);
  const close = h("button", { class: "tool", type: "button", "aria-label": "Close" }, draw("close"));
  const head = h("div", { class: "dialog-head" }, h("h2", { text: "Keys" }), close);
  const dialog = open("Keys", head, h("dl", { class: "keys" }, rows));
  close.onclick = () => dialog.close();
}

/** Let the person type the beginning of a place's name, and go there. */
export function jump(state, go) {
  const input = h("input", {
    type: "text",
    class: "jump-input",
    placeholder: "Jump to…",
    "aria-label": "Jump to a channel or conversation",
    role: "combobox",
    "aria-controls": "jump-list",
    "aria-expanded": "true",
    "aria-autocomplete": "list",
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = h("ul", { class: "options", id: "jump-list", role: "listbox", "aria-label": "Places" });
  const dialog = open("Jump to", h("div", { class: "jump" }, input, list));
  let found = [];
  let chosen = 0;
  const take = (place) => (dialog.close(), place && go(place.id));
  const draws = () => {
    const word = input.value.trim().replace(/^[#@]/, "").toLowerCase();
    found = row(state).filter((place) => state.channelName(place.id).toLowerCase().includes(word));
    chosen = Math.min(chosen, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map((place, at) => option(state, place, at === chosen, at, take)));
    if (!found.length) list.append(h("li", { class: "none", text: "No such place." }));
    input.setAttribute("aria-activedescendant", found.length ? `jump-${chosen}` : "");
  };
  input.addEventListener("input", () => ((chosen = 0), draws()));
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) chosen = (chosen + step + found.length) % found.length;
    else if (event.key === "Enter") take(found[chosen]);
    else return;
    event.preventDefault();
    if (step) draws();
  });
  draws();
  input.focus();
}

function option(state, place, chosen, at, take) {
  const mark = h("span", { class: "option-mark", text: isDirect(place) ? "@" : "#" });
  const props = { role: "option", id: `jump-${at}`, "aria-selected": String(chosen), class: "option" };
  return h("li", { ...props, on: { click: () => take(place) } }, mark, state.channelName(place.id));
}

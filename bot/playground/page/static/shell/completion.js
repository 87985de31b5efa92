// Completes a name that is begun: people after "@", channels after "#", commands after "/".

import { avatar, roleMark } from "./avatar.js";
import { h } from "../app/dom.js";
import { commandsOf } from "./personas.js";
import { row, isDirect } from "./places.js";

const BEGUN = /(?:^|[\s(])([@#])([\p{L}\p{N}._-]{0,30})$/u;
const COMMAND = /^\/([\w-]*)$/;
const MOST = 8;

/** What could stand where the text ends: each with what it is put in as. @returns {{from: number, found: any[]} | null} */
export function candidates(state, text) {
  const command = COMMAND.exec(text);
  if (command)
    return some(
      0,
      commandsOf(state)
        .filter((one) => one.command.slice(1).startsWith(command[1].toLowerCase()))
        .map(ofCommand),
    );
  const begun = BEGUN.exec(text);
  if (!begun) return null;
  const [, mark, word] = begun;
  const from = text.length - word.length - 1;
  return some(from, mark === "@" ? peopleLike(state, word) : channelsLike(state, word));
}

const some = (from, found) => (found.length ? { from, found: found.slice(0, MOST) } : null);

function ofCommand({ command, description, usage_hint: usage }) {
  return {
    insert: `${command} `,
    draw: () => [
      h("b", { text: command }),
      h("span", { class: "option-usage", text: usage }),
      h("span", { class: "option-note", text: description }),
    ],
  };
}

function peopleLike(state, word) {
  const members = new Set(state.channels.get(state.ui.channel)?.members ?? []);
  const all = [...state.people.values()].filter(({ id }) => id !== state.ui.user);
  // Who is in the channel first, and the app before people: it is whom one writes to here.
  const rank = (person) => (person.role === "bot" ? 0 : members.has(person.id) ? 1 : 2);
  return matching(all, word)
    .sort((one, other) => rank(one) - rank(other))
    .map((person) => ({
      insert: `@${person.name} `,
      draw: () => [
        avatar(state, person.id, "small"),
        h("b", { text: person.name }),
        roleMark(person),
        members.has(person.id) ? null : h("span", { class: "option-note", text: "not in this channel" }),
      ],
    }));
}

function channelsLike(state, word) {
  const all = row(state).filter((channel) => !isDirect(channel));
  return matching(all, word).map(({ name }) => ({
    insert: `#${name} `,
    draw: () => [h("span", { class: "option-mark", text: "#" }), h("b", { text: name })],
  }));
}

function matching(all, word) {
  const wanted = word.toLowerCase();
  const starts = all.filter(({ name }) => name.toLowerCase().startsWith(wanted));
  return [...starts, ...all.filter((one) => !starts.includes(one) && one.name.toLowerCase().includes(wanted))];
}

let lists = 0;

/** The list of candidates above a box; the focus stays in the box, which says which one is chosen. */
export class Completion {
  /** @param {any} state @param {HTMLTextAreaElement} box @param {() => void} taken */
  constructor(state, box, taken) {
    Object.assign(this, { state, box, taken, shown: null, chosen: 0 });
    this.id = `completion-${(lists += 1)}`;
    this.element = h("ul", {
      class: "options completion",
      id: this.id,
      role: "listbox",
      "aria-label": "Suggestions",
      hidden: true,
    });
    this.element.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
    this.element.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#take(Number(option.dataset.at));
    });
  }

  /** Look at what stands before the caret. */
  look() {
    const { selectionStart: caret, selectionEnd: end, value } = this.box;
    this.shown = caret === end ? candidates(this.state, value.slice(0, caret)) : null;
    this.chosen = 0;
    this.#draw();
  }

  close() {
    this.shown = null;
    this.#draw();
  }

  /** Whether a key was for the list. */
  key(event) {
    if (!this.shown) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { length } = this.shown.found;
    if (step) {
      this.chosen = (this.chosen + step + length) % length;
      this.#draw();
    } else if (event.key === "Escape") this.close();
    else if (event.key === "Enter" && this.#isWhole()) {
      this.close();
      return false;
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) this.#take(this.chosen);
    else return false;
    event.preventDefault();
    return true;
  }

  /** Whether the name is typed to its end: then nothing is left to complete, and Enter sends. */
  #isWhole() {
    const { from, found } = this.shown;
    const typed = this.box.value.slice(from, this.box.selectionStart);
    return found[this.chosen].insert.toLowerCase() === `${typed} `.toLowerCase();
  }

  #take(at) {
    const { from, found } = this.shown;
    this.box.setRangeText(found[at].insert, from, this.box.selectionStart, "end");
    this.close();
    this.taken();
  }

  #draw() {
    const found = this.shown?.found ?? [];
    this.element.hidden = !found.length;
    this.element.replaceChildren(...found.map((one, at) => this.#option(one, at)));
    this.element.children[this.chosen]?.scrollIntoView({ block: "nearest" });
    this.#tell(found.length > 0);
  }

  #option(one, at) {
    return h(
      "li",
      {
        class: "option",
        role: "option",
        id: `${this.id}-${at}`,
        "aria-selected": String(at === this.chosen),
        dataset: { at },
      },
      one.draw(),
    );
  }

  /** The box is a combobox only while there is something to choose; else it is a plain box of text. */
  #tell(open) {
    const says = open
      ? {
          role: "combobox",
          "aria-expanded": "true",
          "aria-controls": this.id,
          "aria-activedescendant": `${this.id}-${this.chosen}`,
          "aria-autocomplete": "list",
        }
      : {
          role: null,
          "aria-expanded": null,
          "aria-controls": null,
          "aria-activedescendant": null,
          "aria-autocomplete": null,
        };
    for (const [name, value] of Object.entries(says)) {
      if (value === null) this.box.removeAttribute(name);
      else this.box.setAttribute(name, value);
    }
  }
}

// Moves the cursor over a drawing: to a time that is pointed at, or by the arrow keys, and says what was then.

import { h } from "../app/dom.js";
import { duration, number, plural, took } from "./format.js";

/**
 * Makes an element a slider over the time of an answer. `draw(at)` is called with the time that is looked at, null for
 * none. `refresh(progress, end, inverse)` when what is drawn has changed.
 */
export class Cursor {
  constructor(element, draw) {
    this.element = element;
    this.draw = draw;
    this.at = null;
    this.progress = null;
    this.readout = h("p", { class: "i-readout", "aria-hidden": "true" });
    for (const [name, value] of Object.entries({
      role: "slider",
      tabindex: "0",
      "aria-label": "Time since the question",
      "aria-valuemin": "0",
    })) {
      element.setAttribute(name, value);
    }
    element.addEventListener("pointermove", (event) =>
      this.#to(this.inverse?.(event.clientX - element.getBoundingClientRect().left)),
    );
    element.addEventListener("pointerleave", () => document.activeElement === element || this.#to(null));
    element.addEventListener("blur", () => this.#to(null));
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  refresh(progress, end, inverse) {
    if (this.progress?.key !== progress.key) this.at = null;
    this.progress = progress;
    this.end = end;
    this.inverse = inverse;
    this.element.setAttribute("aria-valuemax", (end - progress.turn.start).toFixed(1));
    this.#tell();
  }

  #to(at) {
    if (!this.progress || at === undefined) return;
    this.at = at === null ? null : Math.min(this.end, Math.max(this.progress.turn.start, at));
    this.#tell();
  }

  /** Arrow keys go from call to call. */
  #key(event) {
    if (!this.progress) return;
    const { turn } = this.progress;
    const stops = [turn.start, ...turn.calls.map((call) => call.at + call.took).sort((a, b) => a - b), this.end];
    const now = this.at ?? this.end;
    const next = {
      ArrowRight: () => stops.find((stop) => stop > now + 0.001) ?? this.end,
      ArrowLeft: () => stops.findLast((stop) => stop < now - 0.001) ?? turn.start,
      Home: () => turn.start,
      End: () => this.end,
    }[event.key];
    if (!next) return;
    event.preventDefault();
    this.#to(next());
  }

  #tell() {
    const at = this.at ?? this.end;
    const said = tellOf(this.progress, at);
    this.element.setAttribute("aria-valuenow", (at - this.progress.turn.start).toFixed(1));
    this.element.setAttribute("aria-valuetext", said);
    const text = this.at === null ? "Point at the drawing, or go through it with the arrow keys." : said;
    if (this.readout.textContent !== text) this.readout.textContent = text;
    this.draw(this.at);
  }
}

/** What was at a time, in words. */
export function tellOf({ received, shown, turn }, at) {
  const parts = [
    `${duration(at - turn.start)}: ${plural(received.charactersBy(at), "character")} had come, ${number(shown.charactersBy(at))} shown`,
  ];
  const waited = shown.waitedBy(at);
  if (waited > 0) parts.push(`the oldest waiting for ${duration(waited)}`);
  const call = turn.calls.findLast((one) => one.at <= at && at <= one.at + one.took + 0.001);
  if (call) parts.push(`${call.method}, ${took(call.took)}, ${call.answer}`);
  return parts.join(" · ");
}

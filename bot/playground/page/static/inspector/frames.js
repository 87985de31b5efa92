// Lists the frames of one prediction as they came: a line for each run of them, which unfolds.

import { h } from "../app/dom.js";
import { bytes, number, plural, shortened, took } from "./format.js";
import { jsonTree } from "./json.js";
import { Runs } from "./runs.js";
import { Tail } from "./tail.js";

/** The frames of one prediction. `follow(frames)` takes what is new of them. */
export class FrameList {
  /** @param {number} start when it was asked for, seconds since the epoch */
  constructor(start) {
    this.runs = new Runs();
    this.rows = new WeakMap();
    this.tail = new Tail("Frames as they came", (run) => this.#row(run, start), "No frame has come.");
    this.element = this.tail.element;
  }

  follow(frames) {
    const { fresh, grown } = this.runs.follow(frames);
    if (grown) this.rows.get(grown)?.();
    this.tail.add(fresh);
  }

  #row(run, start) {
    const said = h("span", { class: "i-frame-said" });
    const row = h(
      "details",
      { class: "i-frame", dataset: { event: run.event } },
      h(
        "summary",
        null,
        h("span", { class: "i-frame-at", text: `+${took(run.at - start)}` }),
        h("span", { class: "i-frame-event", text: run.event }),
        said,
      ),
    );
    let shown = 0;
    const refresh = () => {
      said.textContent = sayOf(run);
      if (!row.open) return;
      for (const frame of run.frames.slice(shown))
        row.append(run.frames.length > 1 ? tokenLine(frame, start) : whole(frame));
      shown = run.frames.length;
    };
    row.addEventListener("toggle", refresh);
    refresh();
    this.rows.set(run, refresh);
    return row;
  }
}

function sayOf({ event, frames, characters, at }) {
  if (event === "token" && frames.length > 1) {
    const lasted = took(frames.at(-1).at - at);
    return `${plural(frames.length, "token frame")}, ${plural(characters, "character")} in ${lasted}`;
  }
  if (frames.length > 1) return plural(frames.length, "frame");
  const data = dataOf(frames[0]);
  return shortened(typeof data === "string" ? data : (JSON.stringify(data) ?? ""), 60);
}

/** What Flowise sent beside the event's name; the text as it is where it is no JSON, or was cut. */
function dataOf({ data }) {
  try {
    return JSON.parse(data).data ?? "";
  } catch {
    return data;
  }
}

function whole(frame) {
  const cut =
    frame.size > frame.data.length * 4 + 100
      ? h("p", { class: "i-note", text: `Only the beginning of ${bytes(frame.size)} is kept.` })
      : null;
  return h("div", { class: "i-frame-body" }, cut, jsonTree(`Frame ${number(frame.n)}`, dataOf(frame)));
}

function tokenLine(frame, start) {
  const text = JSON.stringify(dataOf(frame));
  return h(
    "p",
    { class: "i-frame-token" },
    h("span", { class: "i-frame-at", text: `+${took(frame.at - start)}` }),
    h("span", { text }),
  );
}

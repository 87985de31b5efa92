// Draws the timeline of an answer: the words, the drawing, the cursor and the table, live while the answer grows.

import { h } from "../app/dom.js";
import { chart } from "./chart.js";
import { Cursor } from "./cursor.js";
import { shortened } from "./format.js";
import { Progress } from "./progress.js";
import { placeOf } from "./place.js";
import { told } from "./summary.js";
import { fillTable, timeTable } from "./timetable.js";
import { turnsOf } from "./turns.js";
import { draw } from "./svg.js";

// A live drawing moves on by itself, also while nothing happens.
const PULSE = 250;
const OF_INTEREST = new Set(["hello", "message", "call", "delivery", "prediction", "frame"]);
const wall = () => Date.now() / 1000;

/** @returns {import("./tabs.js").Panel} */
export function timelinePanel({ state, chats }) {
  const view = parts();
  let turns = [];
  let progress = null;
  let timer = 0;
  let chosen = null;

  /** The turn of a message that somebody wants inspected is chosen once; after that the reader chooses. */
  function choose() {
    if (state.ui.message === chosen) return;
    chosen = state.ui.message;
    const turn =
      chosen && turns.find(({ question, calls }) => [question, ...calls].some((one) => one?.ts === chosen.ts));
    if (turn) view.choice.value = turn === turns.at(-1) ? "" : turn.key;
  }

  function gather() {
    const place = placeOf(state);
    turns = turnsOf(state, place, chats);
    offer(view.choice, turns);
    choose();
    if ([...state.predictions.values()].some(({ chat_id: id }) => chats.isOf(place, id) === null)) chats.look(place);
  }

  function paint() {
    clearTimeout(timer);
    const turn = turns.find(({ key }) => key === view.choice.value) ?? turns.at(-1);
    view.none.hidden = turn !== undefined;
    view.some.hidden = turn === undefined;
    if (!turn) return;
    if (progress?.key !== turn.key) progress = new Progress(turn.key);
    progress.follow(turn, state.frames.get(turn.prediction?.id) ?? []);
    const now = wall();
    view.show(progress, progress.end(now), told(progress, now));
    if (progress.live(now)) timer = setTimeout(() => requestAnimationFrame(paint), PULSE);
  }

  function show() {
    gather();
    paint();
  }

  view.choice.addEventListener("change", paint);
  chats.addEventListener("change", () => view.element.offsetWidth && show());
  new ResizeObserver(() => view.element.offsetWidth && paint()).observe(view.canvas);

  return {
    id: "timeline",
    label: "Timeline",
    element: view.element,
    show,
    hide: () => clearTimeout(timer),
    update(changes) {
      const kinds = new Set(changes.map(({ kind }) => kind));
      if (![...kinds].some((kind) => OF_INTEREST.has(kind))) return;
      kinds.delete("frame");
      if (kinds.size) gather(); // frames alone make no other turns
      paint();
    },
  };
}

/** The turns to choose from, the latest first; "" is the latest, whichever that is. */
function offer(choice, turns) {
  const wanted = turns
    .toReversed()
    .map(({ key, text }, index) => [index ? key : "", `${index ? "" : "Latest: "}${shortened(text, 70)}`]);
  const known = [...choice.options].map(({ value, text }) => [value, text]);
  if (JSON.stringify(wanted) === JSON.stringify(known)) return;
  const before = choice.value;
  choice.replaceChildren(...wanted.map(([value, text]) => h("option", { value, text })));
  choice.value = wanted.some(([value]) => value === before) ? before : "";
}

function parts() {
  const choice = h("select", { "aria-label": "Which answer" });
  const words = h("p", { class: "i-told" });
  const canvas = h("div", { class: "i-canvas" });
  const table = timeTable();
  let drawn = null;
  const cursor = new Cursor(canvas, (at) => drawn && drawCursor(drawn, at));
  const legend = h(
    "p",
    { class: "i-legend", "aria-hidden": "true" },
    key("received", "came from Flowise"),
    key("shown", "shown in Slack"),
    key("waiting", "not shown yet"),
  );
  const some = h("div", { hidden: true }, choice, words, legend, canvas, cursor.readout, table.element);
  const none = h("p", { class: "i-nothing", text: "No answer is here yet. Ask the app something, and watch it grow." });
  const element = h("div", { class: "i-timeline" }, none, some);

  function show(progress, end, sentences) {
    words.replaceChildren(...sentences.map((said) => h("span", { class: "i-told-part", text: said.join(" · ") })));
    const width = Math.max(260, canvas.clientWidth);
    drawn = { ...chart(progress, end, width), line: draw("line", { class: "i-cursor" }) };
    drawn.element.append(drawn.line);
    canvas.replaceChildren(drawn.element);
    const { start } = progress.turn;
    const perSecond = drawn.x(start + 1) - drawn.x(start);
    cursor.refresh(progress, end, (place) => start + (place - drawn.x(start)) / perSecond);
    fillTable(table, progress);
  }
  return { element, none, some, choice, canvas, show };
}

function drawCursor({ line, x, foot }, at) {
  const place = at === null ? -10 : x(at);
  for (const [name, value] of Object.entries({ x1: place, x2: place, y1: 4, y2: foot })) line.setAttribute(name, value);
}

const key = (name, text) => h("span", { class: `i-key i-key-${name}`, text });

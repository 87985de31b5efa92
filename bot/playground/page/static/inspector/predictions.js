// Lists what was asked of Flowise in a thread: each prediction, its request, how it ended, and its frames.

import { h } from "../app/dom.js";
import { bytes, clock, duration, plural, shortened } from "./format.js";
import { FrameList } from "./frames.js";
import { jsonTree } from "./json.js";
import { placeOf } from "./place.js";
import { predictionsOf } from "./turns.js";

const ENDS = {
  "": "under way",
  closed: "ended",
  cut: "the connection was cut",
  left: "the app left before the end",
  error: "ended with an error",
};

/** @returns {import("./tabs.js").Panel} */
export function flowisePanel({ state, chats }) {
  const list = h("div", { class: "i-predictions" });
  const nothing = h("p", { class: "i-nothing", text: "Flowise was not asked anything here yet." });
  const element = h("div", { class: "i-flowise" }, nothing, list);
  let views = new Map();

  function show() {
    views = new Map();
    list.replaceChildren();
    refresh();
  }

  function refresh() {
    const place = placeOf(state);
    const found = predictionsOf(state, place, chats);
    if ([...state.predictions.values()].some(({ chat_id: id }) => chats.isOf(place, id) === null)) chats.look(place);
    for (const prediction of found) {
      const view = views.get(prediction.id) ?? begin(prediction, prediction === found.at(-1));
      view.tell(prediction, state.frames.get(prediction.id) ?? []);
    }
    nothing.hidden = found.length > 0;
  }

  function begin(prediction, open) {
    if (open) for (const view of views.values()) view.element.open = false;
    const view = predictionView(prediction, open);
    views.set(prediction.id, view);
    list.append(view.element);
    return view;
  }

  chats.addEventListener("change", () => element.offsetWidth && refresh());
  const kinds = new Set(["hello", "prediction", "frame"]);
  return {
    id: "flowise",
    label: "Flowise",
    element,
    show,
    update: (changes) => changes.some(({ kind }) => kinds.has(kind)) && refresh(),
  };
}

function predictionView(first, open) {
  const frames = new FrameList(first.at);
  const title = h("span", { class: "i-prediction-title", text: shortened(first.question, 80) });
  const told = h("span", { class: "i-prediction-told" });
  const body = h(
    "div",
    { class: "i-prediction-body" },
    jsonTree("Request", first.request, { unfolded: 1 }),
    h("p", { class: "i-json-title", text: "Frames" }),
    frames.element,
  );
  const element = h("details", { class: "i-prediction", open }, h("summary", null, title, told), body);
  let latest = [first, []];
  const tell = (prediction, now) => {
    latest = [prediction, now];
    told.textContent = tellOf(prediction);
    if (element.open) frames.follow(now); // what is folded is filled when it is unfolded
  };
  element.addEventListener("toggle", () => tell(...latest));
  return { element, tell };
}

function tellOf({ at, flow, upstream, status, ended, ended_at: endedAt, tokens, bytes: size }) {
  const parts = [clock(at), upstream === "yours" ? "your Flowise" : flow];
  if (status !== null) parts.push(`status ${status}`);
  parts.push(
    ended && endedAt !== null ? `${ENDS[ended] ?? ended} after ${duration(endedAt - at)}` : (ENDS[ended] ?? ended),
  );
  if (size) parts.push(`${plural(tokens, "token")}, ${bytes(size)}`);
  return parts.join(" · ");
}

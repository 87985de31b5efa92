// Shows how a message became what it is: each of its versions, by a slider.

import { h } from "../app/dom.js";
import { messageBody } from "../blocks/index.js";
import { difference } from "./diff.js";
import { fresh } from "./fields.js";
import { clock, duration, number, plural } from "./format.js";
import { History } from "./history.js";
import { answerTo, messageOf, newestOf, placeOf } from "./place.js";
import { bodyText } from "./plain.js";
import { Player } from "./player.js";

const SAME_SHOWN = 60;

/** @returns {import("./tabs.js").Panel} */
export function versionsPanel({ state, get }) {
  const view = parts();
  const history = new History(get, () => arrived());
  const player = new Player(
    () => step(),
    () => (view.play.textContent = player.playing ? "Pause" : "Play"),
  );
  let message = null;
  let at = -1; // which version; -1: the newest, whichever that is
  let pictured = null;

  function offerLatest() {
    view.latest.hidden = !message || newestOf(state, placeOf(state))?.ts === message.ts;
  }

  function arrived() {
    offerLatest();
    const last = history.versions.length - 1;
    view.none.hidden = last >= 0;
    view.some.hidden = last < 0;
    if (last < 0) view.none.textContent = history.problem || "No message of the app is here yet.";
    else draw();
  }

  function draw() {
    const { versions } = history;
    const last = versions.length - 1;
    const index = at < 0 ? last : Math.min(at, last);
    view.slider.max = String(last);
    view.slider.value = String(index);
    view.slider.disabled = view.play.disabled = last === 0;
    const said = tell(versions, index);
    view.slider.setAttribute("aria-valuetext", said);
    view.told.textContent = said;
    picture(versions[index], index, index === last ? message.files : []);
    view.change.replaceChildren(...changeBetween(versions[index - 1], versions[index]));
  }

  /** The version as it was read; until it is here, the one before stays. */
  async function picture(version, index, files) {
    const of = message;
    pictured = version;
    const blocks = await history.drawn(version, index);
    if (pictured !== version) return; // another one is looked at by now
    const shown = { ...of, text: version.text, blocks, files };
    view.message.replaceChildren(still(messageBody(shown, context(state))));
  }

  function step() {
    const { versions } = history;
    const last = versions.length - 1;
    const next = at < 0 || at >= last ? 0 : at + 1;
    at = next;
    draw();
    return next >= last ? null : versions[next + 1].at - versions[next].at;
  }

  view.slider.addEventListener("input", () => {
    player.stop();
    at = view.slider.value === view.slider.max ? -1 : Number(view.slider.value);
    draw();
  });
  view.play.addEventListener("click", () => (player.playing ? player.stop() : player.play()));
  view.latest.addEventListener("click", () => state.set({ message: null }));
  view.speed.addEventListener("change", () => (player.speed = Number(view.speed.value)));

  function show() {
    const now = lookedAt(state);
    if (now?.ts !== message?.ts || now?.channel !== message?.channel) at = -1;
    message = now ?? null;
    history.follow(message);
  }

  function update(changes) {
    const now = lookedAt(state);
    if (now?.ts !== message?.ts || now?.channel !== message?.channel) show();
    else if (now && changes.some((change) => change.kind === "message" && change.message.ts === now.ts)) {
      message = now;
      history.again(now);
    }
    offerLatest();
  }

  return { id: "versions", label: "Versions", element: view.element, show, hide: () => player.stop(), update };
}

/** The message that was chosen; where that is a question which was never changed, its answer has the versions. */
function lookedAt(state) {
  const place = placeOf(state);
  const chosen = messageOf(state, place);
  const isQuestion = chosen && chosen.user !== state.bot.user_id && !chosen.edited;
  return (isQuestion && answerTo(state, place, chosen)) || chosen;
}

function parts() {
  const id = fresh("version");
  const slider = h("input", { type: "range", id, min: 0, max: 0, step: 1 });
  const play = h("button", { type: "button", class: "i-button", text: "Play" });
  const speed = h(
    "select",
    { "aria-label": "Speed" },
    [1, 4].map((times) => h("option", { value: times, text: `×${times}` })),
  );
  const told = h("p", { class: "i-version-told" });
  const latest = h("button", { type: "button", class: "i-quiet-button", text: "Go to the latest answer" });
  const message = h("div", { class: "i-version-message" });
  const change = h("p", { class: "i-version-change" });
  const none = h("p", { class: "i-nothing" });
  const some = h(
    "div",
    { hidden: true },
    h("div", { class: "i-version-bar" }, h("label", { for: id, text: "Version" }), slider, play, speed),
    told,
    latest,
    message,
    h("h3", { text: "What changed" }),
    change,
  );
  return {
    element: h("div", { class: "i-versions" }, none, some),
    none,
    some,
    slider,
    play,
    speed,
    told,
    latest,
    message,
    change,
  };
}

function tell(versions, index) {
  const { at } = versions[index];
  const place = `${number(index + 1)} of ${number(versions.length)}`;
  if (index === 0) return `${place} · posted at ${clock(at)}`;
  const length = (version) => bodyText(version.text, version.blocks).length;
  const added = length(versions[index]) - length(versions[index - 1]);
  const more = `${plural(Math.abs(added), "character")} ${added < 0 ? "fewer" : "more"}`;
  return `${place} · ${duration(at - versions[0].at)} after the first · ${more}`;
}

function changeBetween(before, after) {
  if (!before) return ["This is how it was posted."];
  const parts = difference(bodyText(before.text, before.blocks), bodyText(after.text, after.blocks));
  if (parts.every(({ kind }) => kind === "same")) return ["The text is the same; what stands around it has changed."];
  return parts.map(({ kind, text }, index) => {
    if (kind === "new") return h("ins", { text });
    if (kind === "gone") return h("del", { text });
    return h("span", { class: "i-same", text: excerpt(text, index === 0, index === parts.length - 1) });
  });
}

/** What has not changed is only there to see where one is. */
function excerpt(text, first, last) {
  if (text.length <= SAME_SHOWN * 2) return text;
  const begin = first ? "" : text.slice(0, SAME_SHOWN).replace(/\S*$/u, "");
  const end = last ? "" : text.slice(-SAME_SHOWN).replace(/^\S*/u, "");
  return `${begin}…${end}`;
}

/** A version is looked at: nothing in it can be pressed. */
function still(body) {
  for (const control of body.querySelectorAll("button, input, select, textarea")) control.disabled = true;
  return body;
}

/** What the renderer may ask. */
function context(state) {
  return {
    me: state.ui.user,
    name: (id) => state.name(id),
    channelName: (id) => state.channelName(id),
    groupName: (id) => id,
    fileUrl: (file) => `files/${encodeURIComponent(file.id)}/${encodeURIComponent(file.name)}`,
    onAction: () => undefined,
    openUrl: () => undefined,
  };
}

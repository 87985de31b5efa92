// Draws the line above the messages: where one is, who is there too, and the switches of the page.

import { avatar, roleMark } from "./avatar.js";
import { draw } from "./icons.js";
import { eachFrame } from "./scheduling.js";
import { h, morph } from "../app/dom.js";
import { openBeside } from "./popover.js";
import { inspectorSwitch } from "./switch.js";
import { isApp, isDirect } from "./places.js";
import { mark } from "./sidebar.js";
import { showKeys } from "./dialogs.js";
import { themeSwitch } from "./theme.js";
import { counted } from "./times.js";

const CHANGES = new Set(["hello", "channel", "person"]);

/** @param {import("./actions.js").Actions} actions @param {import("./panes.js").Panes} panes */
export function header(actions, panes) {
  const { state } = actions;
  const place = h("div", { class: "head-place" });
  const redraw = eachFrame(() => morph(place, h("div", null, title(state))));
  state.addEventListener("change", ({ detail }) => CHANGES.has(detail.kind) && redraw());
  state.addEventListener("ui", redraw);
  place.addEventListener("click", ({ target }) => {
    const button = target.closest(".members");
    if (button) showMembers(state, button);
  });
  const back = h(
    "button",
    { class: "tool back", type: "button", "aria-label": "Back to the channels", on: { click: () => panes.back() } },
    draw("back"),
  );
  const keys = h(
    "button",
    { class: "tool", type: "button", "aria-label": "Keys", title: "Keys (?)", on: { click: showKeys } },
    draw("help"),
  );
  return h(
    "header",
    { class: "head" },
    back,
    place,
    h("div", { class: "head-tools" }, inspectorSwitch(state, panes), themeSwitch(), keys),
  );
}

function title(state) {
  const channel = state.channels.get(state.ui.channel);
  if (!channel) return h("h1", { class: "place-title", text: "…" });
  const name = h(
    "h1",
    { class: "place-title", dataset: { key: "title" } },
    mark(state, channel),
    h("span", { text: state.channelName(channel.id) }),
  );
  const shared = channel.shared
    ? h("span", { class: "badge badge-outsider", text: "Shared", title: "Shared with another organisation" })
    : null;
  const archived = channel.archived ? h("span", { class: "badge", text: "Archived" }) : null;
  return [
    name,
    isApp(state, channel) ? h("span", { class: "badge", text: "APP" }) : null,
    shared,
    archived,
    isDirect(channel) ? null : members(state, channel),
  ];
}

function members(state, channel) {
  const faces = h(
    "span",
    { class: "faces" },
    channel.members.slice(0, 3).map((id) => avatar(state, id, "small")),
  );
  const count = counted(channel.members.length, "member");
  return h(
    "button",
    { class: "members", type: "button", "aria-label": count, title: count, dataset: { key: "members" } },
    faces,
    h("span", { text: channel.members.length }),
  );
}

function showMembers(state, anchor) {
  const channel = state.channels.get(state.ui.channel);
  const one = (id) =>
    h("li", null, avatar(state, id, "middle"), h("span", { text: state.name(id) }), roleMark(state.people.get(id)));
  openBeside(
    anchor,
    h(
      "div",
      null,
      h("p", { class: "popover-title", text: "In this channel" }),
      h("ul", { class: "people", tabindex: 0 }, channel.members.map(one)),
    ),
    "Members",
  );
}

// Draws the sidebar: the channels, conversations and the app that the person sees, and who they are.

import { avatar } from "./avatar.js";
import { draw } from "./icons.js";
import { eachFrame } from "./scheduling.js";
import { h, morph } from "../app/dom.js";
import { openBeside } from "./popover.js";
import { visible } from "./places.js";
import { people, ROLE_WORDS, YOU_ARE } from "./personas.js";
import { counted } from "./times.js";

const CHANGES = new Set(["hello", "channel", "person", "message", "deleted"]);

/** @param {import("./actions.js").Actions} actions @param {import("./unread.js").Unread} unread
 * @param {import("./panes.js").Panes} panes */
export function sidebar(actions, unread, panes) {
  const { state } = actions;
  const list = h("div", { class: "places" });
  const foot = h("div", { class: "side-foot" });
  const top = h("div", { class: "team" });
  const redraw = eachFrame(() => {
    morph(
      top,
      h(
        "div",
        null,
        h("p", { class: "team-name", text: state.team.name || "Playground" }),
        h("span", { class: "team-note", text: "on your machine" }),
      ),
    );
    morph(list, places(state, unread));
    morph(foot, h("div", null, self(state)));
  });
  state.addEventListener("change", ({ detail }) => CHANGES.has(detail.kind) && redraw());
  state.addEventListener("ui", redraw);
  list.addEventListener("click", ({ target }) => {
    const place = target.closest("[data-place]")?.dataset.place;
    if (!place) return;
    panes.toMain();
    actions.go(place);
  });
  foot.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) choosePersona(actions, button);
  });
  return h(
    "nav",
    { class: "sidebar", "aria-label": "Channels, conversations and apps", tabindex: -1 },
    top,
    list,
    foot,
  );
}

function places(state, unread) {
  const { channels, directs, app } = visible(state);
  const section = (title, all, entry) =>
    all.length
      ? h("section", { dataset: { key: title } }, h("h2", { text: title }), h("ul", null, all.map(entry)))
      : null;
  const plain = (place) => entry(state, unread, place);
  return h(
    "div",
    null,
    section("Channels", channels, plain),
    section("Direct messages", directs, plain),
    section("Apps", app ? [app] : [], plain),
  );
}

function entry(state, unread, channel) {
  const here = channel.id === state.ui.channel;
  const fresh = !here && unread.has(channel.id);
  const mentions = unread.mentions.count(channel.id);
  const name = h("span", { class: "place-name", text: state.channelName(channel.id) });
  const says = [
    channel.shared && "shared with another organisation",
    channel.archived && "archived",
    fresh && "new messages",
    mentions && `${counted(mentions, "new mention")} of you`,
  ].filter(Boolean);
  const props = {
    type: "button",
    class: ["place", fresh && "fresh", mentions && "mentioned"].filter(Boolean).join(" "),
    title: fresh || mentions ? says.join(", ") : null,
    dataset: { place: channel.id },
    "aria-current": here ? "page" : null,
  };
  const shared = channel.shared
    ? h("span", { class: "place-shared", title: "Shared with another organisation" }, draw("shared"))
    : null;
  const spoken = says.length ? h("span", { class: "spoken", text: `, ${says.join(", ")}` }) : null;
  const count = mentions ? h("span", { class: "mentions", "aria-hidden": "true", text: String(mentions) }) : null;
  return h("li", { dataset: { key: channel.id } }, h("button", props, mark(state, channel), name, spoken, shared, count));
}

/** What stands before a place's name: "#", a lock, or who it is with. */
export function mark(state, channel) {
  if (channel.kind === "group") return h("span", { class: "place-mark", title: "Private channel" }, draw("lock"));
  if (channel.kind === "channel") return h("span", { class: "place-mark", "aria-hidden": "true", text: "#" });
  const other = channel.members.find((id) => id !== state.ui.user) ?? state.ui.user;
  return h("span", { class: "place-mark" }, avatar(state, other, "small"));
}

function self(state) {
  const person = state.people.get(state.ui.user);
  if (!person) return null;
  const words = h(
    "span",
    { class: "self-words" },
    h("span", { class: "self-label", text: YOU_ARE[person.role] }),
    h("span", { class: "self-name", text: person.name }),
    h("span", { class: "spoken", text: `, ${ROLE_WORDS[person.role]}. Be somebody else` }),
  );
  return h(
    "button",
    { class: "self", type: "button", "aria-haspopup": "true", dataset: { key: `self:${person.id}` } },
    avatar(state, person.id, "middle"),
    words,
    draw("unfold"),
  );
}

function choosePersona(actions, anchor) {
  const { state } = actions;
  const list = h(
    "div",
    { class: "personas" },
    h("p", { class: "popover-title", text: "Be somebody else in this tab" }),
  );
  const close = openBeside(anchor, list, "Who you are", { upwards: true });
  for (const person of people(state)) {
    const chosen = person.id === state.ui.user;
    const choose = () => (close(), actions.become(person.id));
    const words = h(
      "span",
      { class: "self-words" },
      h("span", { class: "self-name", text: person.name }),
      h("span", { class: "self-label", text: ROLE_WORDS[person.role] }),
    );
    list.append(
      h(
        "button",
        { type: "button", class: "persona", "aria-pressed": String(chosen), on: { click: choose } },
        avatar(state, person.id, "middle"),
        words,
      ),
    );
  }
  list.querySelector("[aria-pressed=true]")?.focus();
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...list.querySelectorAll("button")];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    event.preventDefault();
  });
}

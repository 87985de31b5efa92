// Draws the Home tab of the app: the view that it published for the person, or that there is none.

import { draw } from "./icons.js";
import { h, morph } from "../app/dom.js";
import { viewBody } from "../blocks/index.js";

export class AppHome {
  /** @param {import("./actions.js").Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.body = h("div", { class: "home-body" });
    this.element = h(
      "div",
      { class: "scroller home", tabindex: 0, "aria-label": "Home of the app", role: "group" },
      this.body,
    );
    this.shown = null;
    this.draw();
    actions.openHome();
  }

  draw() {
    const { state } = this.actions;
    const view = state.homes.get(state.ui.user);
    if (!view) {
      this.body.replaceChildren(none(state.bot.name));
      this.shown = null;
      return;
    }
    if (view === this.shown) return;
    const container = () => ({ type: "view", view_id: view.id });
    const fresh = viewBody(
      view,
      this.actions.context(container(), () => this.body.firstElementChild),
    );
    fresh.dataset.key = view.id;
    morph(this.body, h("div", null, fresh));
    this.shown = view;
  }
}

function none(name) {
  const text = `An app can show something of its own here, for each person. ${name} does not: write to it under Messages.`;
  return h(
    "div",
    { class: "empty" },
    h("span", { class: "empty-mark" }, draw("file")),
    h("h2", { text: "This app has no Home tab" }),
    h("p", { text }),
  );
}

// Shows the toolbar at the message under the pointer or the focus, and does what is pressed in a message.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";
import { pickReaction } from "./reactions.js";
import { holdBack } from "./tabstops.js";

const TOOLS = [
  ["pick", "react", "React"],
  ["thread", "reply", "Reply in thread"],
  ["edit", "edit", "Edit"],
  ["remove", "remove", "Delete"],
  ["inspect", "inspect", "Inspect"],
];

export class Toolbar {
  /** One toolbar for a whole list: it goes to the message that is pointed at. */
  constructor(actions, { inThread }) {
    this.actions = actions;
    this.inThread = inThread;
    this.buttons = TOOLS.map(([act, drawn, says]) =>
      h(
        "button",
        { class: "tool", type: "button", "aria-label": says, title: says, dataset: { do: act } },
        draw(drawn),
      ),
    );
    this.element = h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "What to do with this message" },
      this.buttons,
    );
  }

  /** Stand at a message; the toolbar of a message that is drawn again stays. */
  attach(node) {
    if (this.element.parentNode === node.element) return;
    const fits = fitting(this.actions.state, node.message, this.inThread);
    for (const button of this.buttons) button.hidden = !fits.has(button.dataset.do);
    node.element.append(this.element);
    holdBack(this.element);
  }

  /** Do what `act` says with a message. `anchor` is what was pressed. */
  do(act, node, anchor) {
    const { actions } = this;
    if (!fitting(actions.state, node.message, this.inThread).has(act)) return;
    if (act === "pick") pickReaction(anchor, (name) => actions.react(node.message, name));
    else if (act === "react") actions.react(node.message, anchor.dataset.name);
    else if (act === "thread") actions.openThread(node.message);
    else if (act === "edit") actions.edit(node.message, this.inThread);
    else if (act === "remove") remove(actions, node);
    else if (act === "inspect") actions.inspect(node.message);
  }
}

/** The dialog is to give the focus back to the message, because the toolbar is hidden by then. */
function remove(actions, { element, message }) {
  element.focus({ preventScroll: true });
  actions.remove(message);
}

/** What can be done with a message: one that is for one person alone cannot be answered, one of others not changed. */
function fitting(state, message, inThread) {
  const can = new Set(["inspect"]);
  if (message.to) return can;
  can.add("pick").add("react");
  if (!inThread) can.add("thread");
  if (message.user === state.ui.user) can.add("edit").add("remove");
  return can;
}

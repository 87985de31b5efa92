// Greets whoever comes to #general, and offers three things to try, each done at a press; one of them is a failure.

import { h } from "../app/dom.js";

const QUESTION = "What can you do?";
const DOWN = "What happens when Flowise is down?";
const LOOK = "How do I connect my own Flowise?";

/**
 * The greeting. It is a toolbar, one stop in the order of Tab; `refresh()` when the controls have changed.
 * @param {import("./actions.js").Actions} actions
 * @param {import("./composer.js").Composer} composer
 */
export function greeting(actions, composer) {
  const { state } = actions;
  const name = `@${state.bot.name}`;
  const ask = (question) => composer.suggest(`${name} ${question}`);
  const fault = (wanted) => actions.control({ flowise: { fault: wanted } });
  const isDown = () => state.controls?.flowise.fault === "down";

  async function answered(question) {
    const { channel } = composer;
    const ts = await ask(question);
    if (ts) await actions.openSent(channel, ts, { instead: true });
    return ts && { channel, ts };
  }
  async function fail() {
    if (isDown()) await fault("none");
    else if (await fault("down")) await answered(DOWN);
  }
  async function look() {
    const asked = await answered(LOOK);
    if (asked) actions.inspect(asked);
  }

  const failing = button("See it fail", fail);
  const buttons = [button("Ask a question", () => answered(QUESTION)), failing, button("Look behind an answer", look)];
  const tools = h("div", { class: "greeting-tools", role: "toolbar", "aria-label": "Things to try" }, buttons);
  rove(tools, buttons);
  const now = h("p", { class: "greeting-now", role: "status" });
  const words = `${name} is the real bot, in a Slack on your own machine. Mention it to ask something; it answers in a thread. Three things to try:`;
  return {
    element: h("div", { class: "greeting" }, h("p", { text: words }), tools, now),
    refresh() {
      const text = isDown()
        ? "Flowise is down now, and whatever you ask fails. Bring it back, and press Try again in the thread."
        : "";
      if (now.textContent !== text) now.textContent = text;
      failing.textContent = isDown() ? "Bring Flowise back" : "See it fail";
    },
  };
}

const button = (text, press) => h("button", { class: "suggestion", type: "button", text, on: { click: press } });

/** One of the buttons is in the order of Tab; the arrow keys go to the others. */
function rove(tools, buttons) {
  const move = (to) => buttons.forEach((one) => (one.tabIndex = one === to ? 0 : -1));
  move(buttons[0]);
  tools.addEventListener("focusin", ({ target }) => move(target));
  tools.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length].focus();
    event.preventDefault();
  });
}

// Draws the modals that an app opens: the top one of the stack is a dialog, its errors stand at their blocks.

import { draw } from "./icons.js";
import { h, morph } from "../app/dom.js";
import { Refused } from "../app/live.js";
import { showErrors, stateOf, viewBody } from "../blocks/index.js";

const CHANGES = new Set(["hello", "views"]);

/** Show the top view of the person, whenever there is one. @param {import("./actions.js").Actions} actions */
export class Modal {
  constructor(actions) {
    this.actions = actions;
    this.view = null;
    this.form = h("div", { class: "modal-body", tabindex: -1 });
    this.head = h("div", { class: "modal-head" });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.foot = h("div", { class: "modal-foot" });
    this.dialog = h(
      "dialog",
      { class: "modal", "aria-labelledby": "modal-title" },
      this.head,
      this.form,
      this.problem,
      this.foot,
    );
    // Escape closes one view of the stack; the server says what is open then.
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      actions.close(this.view);
    });
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    document.body.append(this.dialog);
    actions.state.addEventListener("change", ({ detail }) => CHANGES.has(detail.kind) && this.show());
    actions.state.addEventListener("ui", ({ detail }) => detail.includes("user") && this.show());
  }

  show() {
    const { state } = this.actions;
    const stack = state.views.get(state.ui.user) ?? [];
    const view = stack.at(-1);
    if (!view) {
      this.view = null;
      return this.dialog.close();
    }
    this.#draw(view, stack.length > 1);
    if (!this.dialog.open) this.#open();
  }

  #open() {
    this.before = document.activeElement;
    this.dialog.showModal();
    this.form.querySelector("input, textarea, select, button")?.focus();
  }

  #draw(view, pushed) {
    const other = view.id !== this.view?.id;
    this.view = view;
    const context = this.actions.context({ type: "view", view_id: view.id }, () => this.form.firstElementChild);
    const body = viewBody(view, context);
    body.dataset.key = view.id;
    morph(this.form, h("div", null, body));
    if (other) this.problem.textContent = "";
    this.head.replaceChildren(
      ...heading(
        view,
        pushed,
        () => this.actions.close(view),
        () => this.actions.close(view, true),
      ),
    );
    this.foot.replaceChildren(...this.#buttons(view));
  }

  #buttons(view) {
    const words = (object, otherwise) => object?.text ?? otherwise;
    const close = h("button", {
      class: "push",
      type: "button",
      text: words(view.close, view.submit ? "Cancel" : "Close"),
      on: { click: () => this.actions.close(view) },
    });
    if (!view.submit) return [close];
    const submit = h("button", {
      class: "push push-primary",
      type: "button",
      text: words(view.submit, "Submit"),
      on: { click: () => this.#submit(submit) },
    });
    return [close, submit];
  }

  /** Enter in a line of text submits, as in Slack. */
  #key(event) {
    const line = event.target.tagName === "INPUT" && !["checkbox", "radio"].includes(event.target.type);
    if (event.key !== "Enter" || !line || event.isComposing || event.defaultPrevented) return;
    event.preventDefault();
    this.foot.querySelector(".push-primary")?.click();
  }

  async #submit(button) {
    const element = this.form.firstElementChild;
    button.disabled = true;
    this.problem.textContent = "";
    showErrors(element, {});
    try {
      const answer = await this.actions.post("api/submit", {
        user: this.actions.state.ui.user,
        view_id: this.view.id,
        state: stateOf(element),
      });
      this.#answered(answer, element);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.problem.textContent = error.message;
    }
    button.disabled = false;
  }

  #answered({ acked, error, errors }, element) {
    if (errors) {
      showErrors(element, errors);
      const first = [...element.querySelectorAll("[data-block]")].find(({ dataset }) => dataset.key in errors);
      (first ?? element).querySelector("input, textarea, select, button")?.focus();
    } else if (!acked) {
      this.problem.textContent = `We had some trouble connecting. Try again? (${error || "the app did not answer within 3 seconds"})`;
    }
  }
}

function heading(view, pushed, back, close) {
  const title = h("h2", { id: "modal-title", text: view.title?.text ?? "" });
  const arrow = h("button", { class: "tool", type: "button", "aria-label": "Back", on: { click: back } }, draw("back"));
  const cross = h(
    "button",
    { class: "tool", type: "button", "aria-label": "Close", on: { click: close } },
    draw("close"),
  );
  return [...(pushed ? [arrow] : []), title, cross];
}

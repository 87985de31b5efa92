// Asks the question that an app wants confirmed before an action is sent.

import { h } from "../app/dom.js";
import { textObject, words } from "./text.js";

/**
 * Ask; true where the person confirms.
 * @param {any} question Slack's confirm object
 * @param {Element} beside what is acted on
 * @param {any} ctx
 * @returns {Promise<boolean>}
 */
export function confirmed(question, beside, ctx) {
  const title = words(question.title, ctx) || "Are you sure?";
  const sure = h("button", { type: "button", class: `button ${question.style === "danger" ? "danger" : "primary"}` });
  const not = h("button", { type: "button", class: "button" }, words(question.deny, ctx) || "Cancel");
  sure.append(words(question.confirm, ctx) || "Yes");
  const dialog = h(
    "dialog",
    { class: "confirm", role: "alertdialog", "aria-label": title },
    h("div", { class: "confirm-title" }, title),
    h("div", { class: "mrkdwn" }, question.text ? textObject(question.text, ctx) : null),
    h("div", { class: "confirm-choices" }, not, sure),
  );
  return answered(dialog, sure, not, beside);
}

function answered(dialog, sure, not, beside) {
  // Above a modal, only what stands in the modal can be reached.
  (beside.closest("dialog") ?? document.body).append(dialog);
  return new Promise((resolve) => {
    sure.addEventListener("click", () => dialog.close("sure"));
    not.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", (event) => {
      event.stopPropagation();
      dialog.remove();
      if (beside instanceof HTMLElement) beside.focus();
      resolve(dialog.returnValue === "sure");
    });
    dialog.showModal();
  });
}

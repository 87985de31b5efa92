// Shows how much of Slack's rate limits is left, method by method.

import { h, morph } from "../app/dom.js";
import { duration, number } from "./format.js";

const EVERY = 2000;
const LOW = 0.2;

/** A table of meters that is brought up to date every two seconds between `start` and `stop`. */
export function budgetTable(get) {
  const body = h("tbody");
  const nothing = h("p", { class: "i-note" });
  const element = h(
    "section",
    { class: "i-budget", "aria-label": "Budget" },
    h("h3", { text: "Budget" }),
    nothing,
    h("table", null, h("thead", null, head()), body),
  );
  let timer = 0;

  async function look() {
    clearTimeout(timer);
    try {
      const { budget } = await get("api/budget");
      const rows = Object.entries(budget).filter(([, { left, most }]) => left < most);
      morph(
        body,
        h(
          "tbody",
          null,
          rows.map(([method, left]) => row(method, left)),
        ),
      );
      nothing.textContent = rows.length ? "A method that is not listed has its whole budget." : "No call with a limit in the last minute.";
    } catch (error) {
      nothing.textContent = error.message;
    }
    nothing.hidden = !nothing.textContent;
    element.lastElementChild.hidden = !body.childElementCount;
    if (timer) timer = setTimeout(look, EVERY);
  }

  return {
    element,
    start() {
      timer = -1; // running, the first look is under way
      look();
    },
    stop() {
      clearTimeout(timer);
      timer = 0;
    },
  };
}

function head() {
  const cell = (text) => h("th", { scope: "col", text });
  return h("tr", null, cell("Method"), cell("Left this minute"), cell("Oldest call leaves in"));
}

/** A long name goes on in the next line after a dot of it. */
const brokenAtDots = (method) => method.split(/(?<=\.)/u).flatMap((part) => [h("wbr"), part]);

function row(method, { left, most, reset }) {
  const meter = h("meter", {
    min: 0,
    max: most,
    value: left,
    low: most * LOW,
    optimum: most,
    "aria-label": `${left} of ${most} left`,
  });
  const text = h("span", { class: "i-budget-left", text: `${number(left)} of ${number(most)}` });
  return h(
    "tr",
    { dataset: { key: method } },
    h("th", { scope: "row" }, brokenAtDots(method)),
    h("td", null, meter, text),
    h("td", { text: reset > 0 ? duration(reset) : "—" }),
  );
}

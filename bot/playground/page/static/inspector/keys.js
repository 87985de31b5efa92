// Lists what Redis holds of a thread, key by key: what each is there for, its value, and how long it stays.

import { h } from "../app/dom.js";
import { duration } from "./format.js";
import { jsonTree } from "./json.js";
import { placeOf } from "./place.js";

const KINDS = {
  claim: "Who took this question in: so it is asked once, even where Slack delivers it again.",
  mail: "The questions of this thread that are not settled, in the order in which they were asked.",
  items: "What those questions are.",
  open: "What stands in Slack of an answer that is not finished, so that another process could complete it.",
  holders: "Which process works on which question.",
  leases: "Until when each of them may go on without a sign of life.",
  turn: "Whose turn it is: a thread's questions are asked one at a time.",
  again: "A question that a button can ask again.",
  chat: "Which Flowise chat the thread stands for, and whether the app is to be quiet here.",
  message: "Which chat a direct message belongs to, for the threads that are opened under it.",
  run: "A run in Flowise that has not been seen to end.",
};
const TICK = 1000;
const CHANGES = new Set(["hello", "message", "call", "delivery", "prediction", "status"]);

/** @returns {import("./tabs.js").Panel} */
export function keysPanel({ state, chats }) {
  const list = h("ul", { class: "i-keys" });
  const nothing = h("p", { class: "i-nothing" });
  const element = h("div", { class: "i-redis" }, nothing, list);
  let rows = new Map();
  let timer = 0;

  function refresh() {
    const before = rows;
    rows = new Map(chats.keys.map((kept) => [kept.key, renewed(before.get(kept.key), kept)]));
    const wanted = [...rows.values()].map(({ element: row }) => row);
    if (wanted.length !== list.childElementCount || wanted.some((row, index) => list.children[index] !== row))
      list.replaceChildren(...wanted);
    nothing.textContent = chats.problem || "Redis holds nothing of this thread.";
    nothing.hidden = wanted.length > 0 && !chats.problem;
    count();
  }

  /** Redis is not asked for the time that is left: it is counted down here. */
  function count() {
    const passed = (performance.now() - chats.at) / 1000;
    for (const { kept, left } of rows.values()) left.textContent = leftOf(kept.ttl, passed);
  }

  function show() {
    chats.look(placeOf(state));
    clearInterval(timer);
    timer = setInterval(count, TICK);
  }

  chats.addEventListener("change", () => element.offsetWidth && refresh());
  const update = (changes) => changes.some(({ kind }) => CHANGES.has(kind)) && chats.look(placeOf(state));
  return { id: "redis", label: "Redis", element, show, hide: () => clearInterval(timer), update };
}

function leftOf(ttl, passed) {
  if (ttl === null) return "stays";
  return ttl > passed ? `${duration(ttl - passed)} left` : "gone";
}

/** The row of a key. Its value is drawn anew only when it is another one, so that what was unfolded stays so. */
function renewed(row, kept) {
  const text = JSON.stringify(kept.value);
  if (!row) row = begun(kept);
  if (row.text !== text) row.value.replaceChildren(jsonTree(`Value, a ${kept.type}`, kept.value, { unfolded: 2 }));
  return Object.assign(row, { kept, text });
}

function begun({ key }) {
  const [, line, name] = /^(.*?\{.*\}:)(.*)$/u.exec(key) ?? ["", "", key];
  const left = h("span", { class: "i-key-left" });
  const value = h("div", { class: "i-key-value" });
  const about = KINDS[name.split(":")[0]];
  const element = h(
    "li",
    null,
    h("div", { class: "i-key-head" }, h("span", { class: "i-key-name", text: name, title: `${line}${name}` }), left),
    about ? h("p", { class: "i-note", text: about }) : null,
    value,
  );
  return { element, left, value, text: null, kept: null };
}

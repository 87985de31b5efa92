// Draws one call of the app, or one delivery to it: a line, and everything when it is unfolded.

import { h } from "../app/dom.js";
import { clock, number, plural, shortened, took } from "./format.js";
import { jsonTree } from "./json.js";
import { bodyText } from "./plain.js";

const KINDS = { events_api: "event", slash_commands: "command", interactive: "interaction" };
const WORDS = { ok: "ok", dropped: "reply lost", broken: "cut off" };

/** Whether it is a call of the app; else it is a delivery to it. */
export const isCall = (entry) => entry.what === undefined;

/** Whether it did not work: Slack refused, was asked too often or was not there; or the app did not acknowledge. */
export function failed(entry) {
  return isCall(entry) ? entry.answer !== "ok" : !entry.acked;
}

/** The name by which one looks for it: the method of a call, the type of what was delivered. */
export function nameOf(entry) {
  return isCall(entry) ? entry.method : entry.what;
}

/** What a call carried, in few words. */
export function carried({ method, args }) {
  if (method === "assistant.threads.setStatus") return args.status ? `“${args.status}”` : "cleared";
  if (args.markdown_text !== undefined) return `${plural(args.markdown_text.length, "character")} more`;
  if (args.view) return shortened(args.view.title?.text ?? args.view.type ?? "", 40);
  if (args.name && method.startsWith("reactions.")) return `:${args.name}:`;
  if (args.filename) return `${args.filename}, ${plural(Number(args.length ?? 0), "byte")}`;
  if (args.text === undefined && !args.blocks) return "";
  const length = plural(bodyText(args.text, args.blocks).length, "character");
  return args.blocks?.length ? `${length}, ${plural(args.blocks.length, "block")}` : length;
}

/** One entry as a line that unfolds. What is inside is made when it is unfolded. */
export function entryRow(entry) {
  const call = isCall(entry);
  const row = h(
    "details",
    { class: `i-entry ${call ? "i-entry-call" : "i-entry-delivery"}`, dataset: { outcome: outcome(entry) } },
    h("summary", null, call ? callLine(entry) : deliveryLine(entry)),
  );
  row.addEventListener("toggle", () => {
    if (row.open && row.childElementCount === 1) row.append(call ? callBody(entry) : deliveryBody(entry));
    if (row.open) row.scrollIntoView({ block: "nearest" });
  });
  return row;
}

function outcome(entry) {
  if (!failed(entry)) return "ok";
  return entry.answer === "429" ? "limited" : "failed";
}

function line(direction, spoken, name, word, details, left = "") {
  return [
    h("span", { class: "i-entry-way", text: direction, role: "img", "aria-label": spoken }),
    h("span", { class: "i-entry-name", text: name }),
    h("span", { class: "i-entry-word", text: word }),
    h("span", { class: "i-entry-more", text: details.filter(Boolean).join(" · ") }),
    h("span", { class: "i-entry-left", text: left }),
  ];
}

function callLine(call) {
  const left = call.left === null || call.left === undefined ? "" : `${number(call.left)} of ${number(call.most)} left`;
  const word = `${WORDS[call.answer] ?? call.answer}${call.injected ? ", asked for" : ""}`;
  return line("→", "Call to Slack", call.method, word, [clock(call.at), took(call.took), carried(call)], left);
}

function deliveryLine(delivery) {
  const word = delivery.acked ? "acknowledged" : delivery.reason || "not acknowledged";
  const again = delivery.retry ? `attempt ${delivery.retry + 1}` : "";
  const subtype = delivery.payload?.event?.subtype ?? KINDS[delivery.kind];
  return line("←", "Delivery to the app", delivery.what, word, [
    clock(delivery.at),
    took(delivery.took),
    subtype,
    again,
  ]);
}

function callBody(call) {
  const wait = call.retry_after
    ? h("p", { class: "i-note", text: `Slack said: come back in ${call.retry_after} s.` })
    : null;
  const answer = call.response ?? { answer: call.answer, status: call.status };
  return h(
    "div",
    { class: "i-entry-body" },
    wait,
    jsonTree("Arguments", call.args, { unfolded: 2 }),
    jsonTree("Answer", answer),
  );
}

function deliveryBody(delivery) {
  return h("div", { class: "i-entry-body" }, jsonTree("Payload", delivery.payload, { unfolded: 2 }));
}

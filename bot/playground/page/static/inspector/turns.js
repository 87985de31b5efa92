// Sorts a thread into turns: which question, which prediction and which calls belong together.

import { lettersOf } from "./received.js";
import { belongs, messagesOf, readable } from "./place.js";
import { unescaped } from "./plain.js";

const POSTS = new Set(["chat.postMessage", "chat.startStream", "chat.postEphemeral"]);
// A prediction is asked for soon after what asked for it, and a status is set soon before.
const SOON = 10;
// A question may wait in line for others, but hardly longer; beyond it the same words are another question.
const LONGEST = 1800;

/**
 * @typedef {object} Turn
 * @property {string} key
 * @property {any} question the person's message; null where a command or a button asked
 * @property {string} text what was asked
 * @property {number} start when it was asked, seconds since the epoch
 * @property {any} prediction the state's own object, as it is now; null where Flowise was not asked
 * @property {any[]} deliveries
 * @property {any[]} calls in the order in which they were answered
 */

/** The predictions of a place, oldest first. A chat that Redis does not name is found by what was asked in it. */
export function predictionsOf(state, place, chats) {
  const asked = questionsOf(state, place);
  return [...state.predictions.values()].filter(
    (prediction) => chats.isOf(place, prediction.chat_id) ?? asked.some((message) => asks(prediction, message)),
  );
}

/** The turns of a place, oldest first: each prediction, and each question that was answered without one. */
export function turnsOf(state, place, chats) {
  const deliveries = state.deliveries.filter((delivery) => delivery.channel === place.channel);
  const turns = questionsOf(state, place).map((message) => asTurn(message, readable(state, message.text), deliveries));
  for (const prediction of predictionsOf(state, place, chats)) {
    const of = turns.filter((turn) => turn.question && asks(prediction, turn.question));
    const first = of.find((turn) => !turn.prediction);
    if (first) first.prediction = prediction;
    else turns.push(again(prediction, of.at(-1), deliveries));
  }
  turns.sort((one, other) => one.start - other.start);
  share(
    turns,
    state.calls.filter((call) => belongs(place, call)),
  );
  return turns.filter((turn) => turn.prediction || turn.calls.some((call) => POSTS.has(call.method)));
}

function questionsOf(state, place) {
  return messagesOf(state, place).filter((message) => message.user !== state.bot.user_id && !message.bot_id);
}

const known = new WeakMap();

/** What a message asks, by its letters; the app is not named in what Flowise is asked. */
function lettersAsked(message) {
  if (!known.has(message)) known.set(message, lettersOf(unescaped(message.text.replace(/<[@#!][^>]*>/gu, " "))));
  return known.get(message);
}

function asks(prediction, message) {
  if (!known.has(prediction)) known.set(prediction, lettersOf(prediction.question));
  const waited = prediction.at - Number(message.ts);
  if (waited < -0.1 || waited > LONGEST) return false;
  return lettersAsked(message) !== "" && known.get(prediction).includes(lettersAsked(message));
}

function asTurn(question, text, deliveries) {
  const of = deliveries.filter(({ payload, kind }) => kind === "events_api" && payload.event?.ts === question.ts);
  return {
    key: question.ts,
    question,
    text,
    start: Number(question.ts),
    prediction: null,
    deliveries: of,
    calls: [],
    owner: null,
  };
}

/** A prediction that a button or a command asked for. */
function again(prediction, before, deliveries) {
  const cause = deliveries.findLast(
    ({ kind, at }) => kind !== "events_api" && at <= prediction.at && prediction.at - at < SOON,
  );
  const turn = {
    question: null,
    text: before?.text ?? prediction.question,
    prediction,
    calls: [],
    owner: before ?? null,
  };
  return {
    ...turn,
    key: `again ${prediction.id}`,
    start: cause?.at ?? prediction.at,
    deliveries: cause ? [cause] : [],
  };
}

/** Give each call to its turn: by the message that it writes, else to the turn that was under way. */
function share(turns, calls) {
  const owners = new Map();
  for (const call of calls) {
    const mark = call.args.metadata?.event_payload?.mark?.split("-")[0];
    const owner = owners.get(mark) ?? owners.get(call.ts) ?? underWay(turns, call);
    if (!owner) continue;
    if (mark) owners.set(mark, owner);
    if (POSTS.has(call.method) && call.ts) owners.set(call.ts, owner);
    latest(turns, owner, call.at).calls.push(call);
  }
}

function underWay(turns, call) {
  const begun = turns.filter((turn) => turn.start <= call.at + 0.1);
  // Of two questions at once one waits in line, and its first call is the post that says so.
  const waits =
    call.method === "chat.postMessage" && begun.findLast((turn) => !turn.calls.some(({ method }) => POSTS.has(method)));
  return waits || begun.findLast((turn) => runs(turn.prediction, call.at)) || begun.at(-1);
}

function runs(prediction, at) {
  return prediction && prediction.at - 1 <= at && (prediction.ended_at === null || at <= prediction.ended_at + 1);
}

/** What was asked again writes into the message of the first time. */
function latest(turns, owner, at) {
  return turns.findLast((turn) => turn.owner === owner && turn.start <= at) ?? owner;
}

// Measures how old text is when it is shown: from the frames that came and the calls that carried their text.
//
// A character came when its frame passed on its way to the app. It is shown when Slack has answered the first call
// whose text reaches it; the reader has it up to one latency earlier, so the age is never given too low. What a call
// shows and what came are not the same characters, because Markdown becomes blocks and a message has more in it than
// the answer: so both are compared by their letters and digits alone, in order (matching.js). A call can show only what
// had come when it was made. Letters are weighed alike; those that were never shown have no age and are counted as
// waiting. Of a frame that was cut for its length only what is kept is counted.

import { lettersOf } from "./received.js";
import { bodyText } from "./plain.js";
import { matchedUntil } from "./matching.js";

const WRITES = new Set([
  "chat.postMessage",
  "chat.postEphemeral",
  "chat.update",
  "chat.startStream",
  "chat.appendStream",
  "chat.stopStream",
  "response_url",
]);
// What Slack did: also where its reply was lost.
const DONE = new Set(["ok", "dropped"]);

/** How one answer was shown. Times are seconds since the epoch, ages seconds. */
export class Shown {
  /** @param {import("./received.js").Received} received */
  constructor(received) {
    this.received = received;
    /** @type {{at: number, characters: number, letters: number}[]} what was shown, after each call that showed more */
    this.steps = [];
    this.letters = 0;
    this.worst = 0;
    this.sum = 0;
    this.messages = new Map();
  }

  /** Take a call; calls are to be taken in the order in which they were answered. */
  take(call) {
    if (!WRITES.has(call.method) || !DONE.has(call.answer)) return;
    const message = this.#message(call);
    const text = lettersOf(textOf(call, message));
    const until = this.received.lettersBy(call.at);
    message.reached = matchedUntil(this.received.letters, text, message.from, until);
    this.#reached(message.reached, call);
  }

  /** The age of what was shown, on average over its letters; null where nothing was. */
  get mean() {
    return this.letters ? this.sum / this.letters : null;
  }

  /** How many characters were shown at a time. */
  charactersBy(at) {
    return this.#by(at)?.characters ?? 0;
  }

  /** How long the oldest character that was not shown at a time had waited then; 0 where all was shown. */
  waitedBy(at) {
    const shown = this.#by(at)?.letters ?? 0;
    return shown < this.received.lettersBy(at) ? at - this.received.times[shown] : 0;
  }

  #by(at) {
    return this.steps.findLast((step) => step.at <= at);
  }

  /** The message that a call writes. Where an answer goes on in another message, that one begins where this one ends. */
  #message({ ts }) {
    if (!this.messages.has(ts)) {
      const from = [...this.messages.values()].at(-1)?.reached ?? 0;
      this.messages.set(ts, { from, reached: from, streamed: "" });
    }
    return this.messages.get(ts);
  }

  #reached(letters, call) {
    if (letters <= this.letters) return;
    const at = call.at + call.took;
    for (let letter = this.letters; letter < letters; letter++) this.sum += at - this.received.times[letter];
    this.worst = Math.max(this.worst, at - this.received.times[this.letters]); // the first of them is the oldest
    this.letters = letters;
    this.steps.push({ at, letters, characters: this.received.charactersAt(letters, call.at) });
  }
}

/** The whole text of the message after a call: a stream gets its text piece by piece. */
function textOf({ method, args }, message) {
  if (!method.endsWith("Stream")) return bodyText(args.text, args.blocks);
  const chunks = (args.chunks ?? []).map((chunk) => (chunk.type === "markdown_text" ? chunk.text : ""));
  message.streamed += (args.markdown_text ?? "") + chunks.join("");
  return message.streamed;
}

/**
 * Both together, of a prediction's frames and the calls of its answer.
 * @param {import("./received.js").Received} received
 */
export function measure(received, frames, calls) {
  received.follow(frames);
  const shown = new Shown(received);
  for (const call of calls) shown.take(call);
  return shown;
}

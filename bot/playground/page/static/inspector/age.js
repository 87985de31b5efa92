// Knows how old text is when it is shown: from the frames that came and the calls that carried them on.
//
// A character came when its frame passed on its way to the app. It is shown when Slack has answered the first call
// whose text reaches it; the reader has it up to one latency earlier, so the age is never told too low. What a call
// shows and what came are not the same characters, because Markdown becomes blocks and a message has more in it than
// the answer: so both are compared by their letters and digits alone, in order (reach.js). A call can show only what
// had come when it was made. Letters are weighed alike; those that were never shown have no age and are counted as
// waiting. Of a frame that was cut for its length only what is kept is counted.

import { lettersOf } from "./came.js";
import { bodyText } from "./plain.js";
import { reach } from "./reach.js";

// A message that goes on may begin with what another one showed before: that one is then shortened to a paragraph.
const BACK = 4000;
const WRITES = new Set(["chat.postMessage", "chat.postEphemeral", "chat.update", "chat.startStream", "chat.appendStream", "chat.stopStream", "response_url"]);
// What Slack did: also where its reply was lost.
const DONE = new Set(["ok", "dropped"]);

/** How one answer was shown. Times are seconds since the epoch, ages seconds. */
export class Shown {
  /** @param {import("./came.js").Came} came */
  constructor(came) {
    this.came = came;
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
    const text = lettersOf(this.#text(call));
    const until = this.came.lettersBy(call.at);
    const from = this.messages.get(call.ts).from;
    this.#reached(reach(this.came.letters.slice(0, until), text, from), call);
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
    return shown < this.came.lettersBy(at) ? at - this.came.times[shown] : 0;
  }

  #by(at) {
    return this.steps.findLast((step) => step.at <= at);
  }

  /** The whole text of the message that a call wrote: a stream is told its text piece by piece. */
  #text({ method, args, ts }) {
    if (!this.messages.has(ts)) this.messages.set(ts, { from: Math.max(0, this.letters - BACK), streamed: "" });
    const message = this.messages.get(ts);
    if (!method.endsWith("Stream")) return bodyText(args.text, args.blocks);
    const chunks = (args.chunks ?? []).map((chunk) => (chunk.type === "markdown_text" ? chunk.text : ""));
    message.streamed += (args.markdown_text ?? "") + chunks.join("");
    return message.streamed;
  }

  #reached(letters, call) {
    if (letters <= this.letters) return;
    const at = call.at + call.took;
    for (let letter = this.letters; letter < letters; letter++) this.sum += at - this.came.times[letter];
    this.worst = Math.max(this.worst, at - this.came.times[this.letters]); // the first of them is the oldest
    this.letters = letters;
    this.steps.push({ at, letters, characters: this.came.charactersAt(letters, call.at) });
  }
}

/**
 * Both together, of a prediction's frames and the calls of its answer.
 * @param {import("./came.js").Came} came
 */
export function measure(came, frames, calls) {
  came.follow(frames);
  const shown = new Shown(came);
  for (const call of calls) shown.take(call);
  return shown;
}

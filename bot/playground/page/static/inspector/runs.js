// Groups the frames of a prediction: tokens and heartbeats in a row are one, everything else is by itself.

import { tokenText } from "./received.js";

const GROUPED = new Set(["token", "heartbeat"]);

/**
 * @typedef {object} Run
 * @property {string} event
 * @property {number} at when its first frame came
 * @property {any[]} frames
 * @property {number} characters
 */

/** Grows with the frames of one prediction. */
export class Runs {
  constructor() {
    /** @type {Run[]} */
    this.all = [];
    this.last = 0;
  }

  /**
   * Take what is new of them.
   * @returns {{fresh: Run[], grown: Run | null}} runs that have begun, and the one before them if it went on
   */
  follow(frames) {
    const before = this.all.at(-1);
    const known = this.all.length;
    const size = before?.frames.length;
    let first = frames.length;
    while (first > 0 && frames[first - 1].n > this.last) first--;
    for (const frame of frames.slice(first)) this.#take(frame);
    return { fresh: this.all.slice(known), grown: before && before.frames.length > size ? before : null };
  }

  #take(frame) {
    this.last = frame.n;
    const run = this.all.at(-1);
    const characters = tokenText(frame).length;
    if (run && run.event === frame.event && GROUPED.has(frame.event)) {
      run.frames.push(frame);
      run.characters += characters;
    } else {
      this.all.push({ event: frame.event, at: frame.at, frames: [frame], characters });
    }
  }
}

// Follows one answer as it grows: what had come and what was shown at every time.

import { Shown } from "./age.js";
import { Received } from "./received.js";

// After the last that happened an answer is taken to be over; the app's last edit comes sooner than this.
const STILL = 1.5;

export class Progress {
  /** @param {string} key the turn's */
  constructor(key) {
    this.key = key;
    this.received = new Received();
    this.shown = new Shown(this.received);
    this.taken = [];
    this.begun = -1;
  }

  /** Bring it up to a turn and the frames of its prediction. */
  follow(turn, frames) {
    if (this.taken.some((call, index) => turn.calls[index] !== call)) this.#again();
    this.turn = turn;
    this.begun = frames.length && this.begun < 0 ? frames[0].n : this.begun;
    this.received.follow(frames);
    for (const call of turn.calls.slice(this.taken.length)) {
      this.taken.push(call);
      this.shown.take(call);
    }
    const { prediction, deliveries, start } = turn;
    const ends = [
      start,
      prediction?.at,
      prediction?.ended_at,
      this.received.steps.at(-1)?.at,
      ...[...turn.calls, ...deliveries].map(endOf),
    ];
    this.last = Math.max(...ends.filter(Boolean));
  }

  /** Whether there may be more to come. */
  live(now) {
    const { prediction } = this.turn;
    return (prediction !== null && !prediction.ended) || now - this.last < STILL;
  }

  /** The first frames are no longer kept, so that the text is not whole. */
  get incomplete() {
    return this.begun > 1;
  }

  /** Until when it can be looked at. */
  end(now) {
    return this.live(now) ? Math.max(now, this.last) : this.last;
  }

  #again() {
    this.taken = [];
    this.shown = new Shown(this.received);
  }
}

const endOf = ({ at, took }) => at + (took ?? 0);

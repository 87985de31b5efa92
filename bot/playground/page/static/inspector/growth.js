// Knows one answer as it grew: what had come and what was shown, at every time; it goes on where it was as more comes.

import { Shown } from "./age.js";
import { Came } from "./came.js";

// After the last that happened an answer is taken to be over; the app's last edit comes sooner than this.
const STILL = 1.5;

export class Growth {
  /** @param {string} key the turn's */
  constructor(key) {
    this.key = key;
    this.came = new Came();
    this.shown = new Shown(this.came);
    this.taken = [];
    this.begun = -1;
  }

  /** Bring it up to a turn and the frames of its prediction. */
  follow(turn, frames) {
    if (this.taken.some((call, index) => turn.calls[index] !== call)) this.#again();
    this.turn = turn;
    this.begun = frames.length && this.begun < 0 ? frames[0].n : this.begun;
    this.came.follow(frames);
    for (const call of turn.calls.slice(this.taken.length)) {
      this.taken.push(call);
      this.shown.take(call);
    }
    const { prediction, deliveries, start } = turn;
    const ends = [
      start,
      prediction?.at,
      prediction?.ended_at,
      this.came.steps.at(-1)?.at,
      ...[...turn.calls, ...deliveries].map(endOf),
    ];
    this.last = Math.max(...ends.filter(Boolean));
  }

  /** Whether there may be more to come. */
  live(now) {
    const { prediction } = this.turn;
    return (prediction !== null && !prediction.ended) || now - this.last < STILL;
  }

  /** The first frames are not kept any more, so that the text is not whole. */
  get torn() {
    return this.begun > 1;
  }

  /** Until when one can look at it. */
  end(now) {
    return this.live(now) ? Math.max(now, this.last) : this.last;
  }

  #again() {
    this.taken = [];
    this.shown = new Shown(this.came);
  }
}

const endOf = ({ at, took }) => at + (took ?? 0);

// Plays versions one after the other, at the pace at which they came.

/** Steps through times. `step()` shows the next one; it returns the seconds until the one after, or null at the end. */
export class Player {
  constructor(step, changed) {
    this.step = step;
    this.changed = changed;
    this.timer = 0;
    this.speed = 1;
  }

  get playing() {
    return this.timer !== 0;
  }

  play() {
    this.stop();
    this.#next();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.changed();
  }

  #next() {
    const wait = this.step();
    this.timer = wait === null ? 0 : setTimeout(() => this.#next(), (wait * 1000) / this.speed);
    this.changed();
  }
}

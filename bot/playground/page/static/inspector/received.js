// Collects the text that has come from Flowise, and when each letter of it came.

const LETTERS = /[\p{L}\p{N}]+/gu;

/** A text by its letters and digits alone: what is left of it when Markdown has become blocks. */
export function lettersOf(text) {
  return text.replace(/[^\p{L}\p{N}]+/gu, "");
}

/** The text of a token frame: its data is Flowise's JSON, which may have been cut for being long. */
export function tokenText({ event, data }) {
  if (event !== "token") return "";
  try {
    const { data: text } = JSON.parse(data);
    return typeof text === "string" ? text : "";
  } catch {
    const cut = /"data"\s*:\s*"((?:[^"\\]|\\.)*)/su.exec(data);
    return cut ? JSON.parse(`"${cut[1].replace(/\\u[0-9a-f]{0,3}$/iu, "")}"`) : "";
  }
}

/** The text that frames have brought, in their order. Times are seconds since the epoch. */
export class Received {
  constructor() {
    this.tokens = 0;
    this.characters = 0;
    this.letters = "";
    /** @type {number[]} when each letter came */
    this.times = [];
    /** @type {number[]} how many characters stand before each letter */
    this.before = [];
    /** @type {{at: number, characters: number}[]} how many characters had come, after each frame that brought some */
    this.steps = [];
    this.last = 0;
  }

  /** Take what is new of a prediction's frames; those that were taken before are known by their number. */
  follow(frames) {
    let first = frames.length;
    while (first > 0 && frames[first - 1].n > this.last) first--;
    for (const frame of frames.slice(first)) this.#take(frame);
  }

  #take(frame) {
    this.last = frame.n;
    const text = tokenText(frame);
    if (!text) return;
    this.tokens++;
    for (const { 0: letters, index } of text.matchAll(LETTERS)) {
      for (let unit = 0; unit < letters.length; unit++) {
        this.times.push(frame.at);
        this.before.push(this.characters + index + unit);
      }
      this.letters += letters;
    }
    this.characters += text.length;
    this.steps.push({ at: frame.at, characters: this.characters });
  }

  /** How many letters had come by a time. */
  lettersBy(at) {
    return countUntil(this.times, (time) => time <= at);
  }

  /** How many characters had come by a time. */
  charactersBy(at) {
    return this.steps[countUntil(this.steps, (step) => step.at <= at) - 1]?.characters ?? 0;
  }

  /** How many characters are shown where so many letters are: marks and spaces go with the letter before them. */
  charactersAt(letters, by) {
    return letters < this.lettersBy(by) ? this.before[letters] : this.charactersBy(by);
  }
}

/** How many entries at the beginning of a sorted list fulfil a condition. */
export function countUntil(list, holds) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}

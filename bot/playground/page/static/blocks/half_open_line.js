// Knows which marks of a half-written run of Markdown are open: emphasis and code are closed, half a link is its label.

const RUN = /^(\*+|_+|~+)/;
const SPACE = /\s/;
const EMPTY = new Set("![*_~ \n");
const WORD = /[\p{L}\p{N}]/u;
// The beginning of an address in angle brackets, of a mention, or of a `<br>`.
const HALF_ANGLE =
  /^<(?:[@#!][^<>\n]*|b(?:r\s*\/?)?|[a-zA-Z][a-zA-Z0-9+.-]{0,31}:[^\s<>|]*(?:\|[^<>\n]*)?|ht{0,2}|https?)?$/i;
const MOST_OPEN = 20; // more than a person opens; closing thousands would nest elements that deep
const LONGEST_RUN = 32;
const LONGEST_ANGLE = 3_000; // an address in Slack has no more
// The beginning of an emoji's name, or of a picture, where a word begins.
const HALF_WORD = /(?<=^|\s)(?::[a-z0-9_+-]{0,40}|!)$/;

/** A run of inline text, with what is open closed. */
export function closed(text) {
  const line = new Line(text.replace(HALF_WORD, ""));
  while (line.at < line.text.length) line.step();
  return line.end();
}

class Line {
  /** @type {{mark: string, at: number, end: number}[]} emphasis that nothing has closed */
  emphasis = [];
  /** @type {{at: number, end: number}[]} where a `[` or `![` stands that nothing has closed */
  brackets = [];
  at = 0;
  closer = "";

  constructor(text) {
    this.text = text;
  }

  step() {
    const sign = this.text[this.at];
    if (sign === "\\") this.skip(2);
    else if (sign === "`") this.code();
    else if (sign === "[") this.bracket();
    else if (sign === "]") this.label();
    else if (sign === "<" && this.text.length - this.at < LONGEST_ANGLE && HALF_ANGLE.test(this.text.slice(this.at))) {
      this.cut(this.at);
    } else if (RUN.test(sign)) this.delimiter();
    else this.at += 1;
  }

  skip(length) {
    if (this.at + length > this.text.length) this.cut(this.at);
    else this.at += length;
  }

  cut(at) {
    this.text = this.text.slice(0, at);
    this.at = at;
  }

  code() {
    const marks = "`".repeat(this.text.slice(this.at).search(/[^`]|$/));
    const inside = this.at + marks.length;
    const end = new RegExp(`(?<!\`)${marks}(?!\`)`).exec(this.text.slice(inside));
    if (end) this.at = inside + end.index + marks.length;
    else if (!this.text.slice(inside).replace(/[` \n]/g, "")) this.cut(this.at);
    else {
      this.text = this.text.replace(/`+$/, "");
      this.at = this.text.length;
      this.closer = marks;
    }
  }

  bracket() {
    const image = this.at > 0 && this.text[this.at - 1] === "!";
    this.at += 1;
    this.brackets.push({ at: this.at - 1 - Number(image), end: this.at });
  }

  label() {
    const end = this.at;
    this.at += 1;
    const open = this.brackets[this.brackets.length - 1];
    if (!open) return;
    if (this.at === this.text.length && !/^\d+$/.test(this.text.slice(open.end, end)))
      this.cut(end); // a target may follow
    else if (this.text[this.at] !== "(") this.brackets.pop();
    else this.target(end);
  }

  target(label) {
    let depth = 0;
    for (let at = this.at; at < this.text.length; at += 1) {
      depth += Number(this.text[at] === "(") - Number(this.text[at] === ")");
      if (depth) continue;
      this.brackets.pop();
      this.at = at + 1;
      return;
    }
    this.cut(label); // half a target: the label alone is shown
  }

  delimiter() {
    const mark = RUN.exec(this.text.slice(this.at, this.at + LONGEST_RUN))?.[0] ?? "";
    const start = this.at;
    const before = start ? this.text[start - 1] : " ";
    const after = this.text[start + mark.length] ?? "";
    this.at += mark.length;
    const open = this.emphasis.findLastIndex((one) => one.mark === mark);
    if (open >= 0 && !SPACE.test(before)) this.emphasis.length = open;
    else if (!after) this.cut(start);
    else if (!SPACE.test(after) && !(mark[0] === "_" && WORD.test(before))) {
      this.emphasis.push({ mark, at: start, end: this.at });
    }
  }

  end() {
    let last = this.text.length; // where the last character stands that is no mark
    while (EMPTY.has(this.text[last - 1])) last -= 1;
    const empty = this.emphasis.filter((one) => !this.closer && one.end >= last);
    const gone = [...this.brackets, ...empty].sort((one, other) => other.at - one.at);
    for (const { at, end } of gone) this.text = this.text.slice(0, at) + this.text.slice(end);
    const marks = this.emphasis
      .slice(-MOST_OPEN)
      .filter((one) => !empty.includes(one))
      .map((one) => one.mark);
    const closing = this.closer + marks.reverse().join("");
    return closing ? this.text.trimEnd() + closing : this.text;
  }
}

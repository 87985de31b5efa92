// Asks the server for the versions of one message, and again when the message has changed.

const EVERY = 300;

export class History {
  /** `changed()` is called when there are other versions than before. */
  constructor(get, changed) {
    this.get = get;
    this.changed = changed;
    this.of = "";
    /** @type {{at: number, text: string, blocks: any[]}[]} oldest first */
    this.versions = [];
    this.problem = "";
    this.timer = 0;
  }

  /** Look at another message, or again at the same. */
  async follow(message) {
    const key = message ? `${message.channel}:${message.ts}` : "";
    if (key !== this.of) this.versions = [];
    this.of = key;
    if (message) await this.#ask(message, key);
    else this.changed();
  }

  /** The message has changed. Asked at most every 300 ms. */
  again(message) {
    this.timer ||= setTimeout(() => {
      this.timer = 0;
      this.follow(message);
    }, EVERY);
  }

  /** The blocks of a version as they are drawn. Only for Markdown must the server be asked for more than it has sent. */
  async drawn({ blocks }, index) {
    if (!blocks.some(holdsMarkdown)) return blocks;
    const [channel, ts] = this.of.split(":");
    try {
      return (await this.get("api/version", { channel, ts, n: index })).blocks;
    } catch {
      return blocks; // the message is gone: its Markdown is shown as it came
    }
  }

  async #ask({ channel, ts }, key) {
    let found = this.versions;
    try {
      ({ versions: found } = await this.get("api/versions", { channel, ts }));
      this.problem = "";
    } catch (error) {
      this.problem = error.message;
    }
    if (this.of !== key) return; // another message is looked at by now
    this.versions = found;
    this.changed();
  }
}

function holdsMarkdown(block) {
  return block.type === "markdown" || (block.child_blocks ?? []).some(holdsMarkdown);
}

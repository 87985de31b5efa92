// Moves from message to message by arrow keys: one of them is in the order of Tab, the others are not.

const LETTERS = { Enter: "thread", r: "pick", e: "edit", Delete: "remove", i: "inspect" };

export class Roving {
  /**
   * @param {HTMLElement} rows holds the articles
   * @param {(act: string, article: HTMLElement) => void} pressed is called for a key that does something with a message
   */
  constructor(rows, pressed) {
    this.rows = rows;
    this.current = null;
    rows.addEventListener("focusin", ({ target }) => {
      const article = target.closest("article");
      if (article) this.#move(article);
    });
    rows.addEventListener("keydown", (event) => this.#key(event, pressed));
  }

  #key(event, pressed) {
    const { target, key } = event;
    if (target.tagName !== "ARTICLE" || event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = this.#towards(target, key);
    if (wanted) wanted.focus();
    else if (LETTERS[key]) pressed(LETTERS[key], target);
    else return;
    event.preventDefault();
  }

  #towards(article, key) {
    if (key === "ArrowUp") return step(article, "previousElementSibling");
    if (key === "ArrowDown") return step(article, "nextElementSibling");
    if (key === "Home") return this.rows.querySelector("article");
    if (key === "End") return this.#last();
    return null;
  }

  #last() {
    let last = this.rows.lastElementChild;
    while (last && last.tagName !== "ARTICLE") last = last.previousElementSibling;
    return last;
  }

  #move(article) {
    if (this.current) this.current.tabIndex = -1;
    this.current = article;
    article.tabIndex = 0;
  }

  /** See to it that one message is in the order of Tab: where nobody has chosen, the last. */
  settle() {
    if (this.current?.isConnected && this.current.contains(document.activeElement)) return;
    const last = this.#last();
    if (last && last !== this.current) this.#move(last);
  }

  /** A message is removed: the focus must not go with it. */
  leave(element) {
    if (!element.contains(document.activeElement)) return;
    const near = step(element, "nextElementSibling") ?? step(element, "previousElementSibling");
    near?.focus({ preventScroll: true });
  }
}

function step(from, way) {
  let next = from[way];
  while (next && next.tagName !== "ARTICLE") next = next[way];
  return next;
}

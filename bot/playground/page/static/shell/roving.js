// Moves from message to message by arrow keys, and into one: only one of them is in the order of Tab, as a whole.

import { focusable, holdBack, letGo } from "./tabstops.js";

const LETTERS = { Enter: "thread", r: "pick", e: "edit", Delete: "remove", i: "inspect" };

export class Roving {
  /**
   * @param {HTMLElement} rows holds the articles
   * @param {(act: string, article: HTMLElement) => void} pressed is called for a key that does something with a message
   */
  constructor(rows, pressed) {
    this.rows = rows;
    this.current = null;
    /** The message that got the focus by the pointer. */
    this.pointed = null;
    rows.addEventListener("pointerdown", ({ target }) => (this.pointed = target.closest("article")));
    rows.addEventListener("focusin", ({ target }) => {
      const article = target.closest("article");
      if (!article) return;
      this.#move(article);
      if (target !== article) letGo(article);
    });
    rows.addEventListener("focusout", ({ target, relatedTarget }) => {
      const article = target.closest("article");
      if (!article) return;
      const left = !article.contains(relatedTarget);
      if (left || relatedTarget === article) holdBack(article);
      if (left && article === this.pointed) this.pointed = null;
    });
    rows.addEventListener("keydown", (event) => this.#key(event, pressed));
  }

  #key(event, pressed) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inward = sideways(target, key);
    if (inward) {
      inward.focus();
      event.preventDefault();
    }
    if (target.tagName !== "ARTICLE" || inward) return;
    const wanted = this.#towards(target, key);
    if (wanted) wanted.focus();
    else if (LETTERS[key] && this.#isMeant(target, key)) pressed(LETTERS[key], target);
    else return;
    event.preventDefault();
  }

  /** A letter is a command to whoever goes by the keys; after a press on a message one begins to write with it. */
  #isMeant(article, key) {
    return key.length > 1 || article !== this.pointed;
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

/** What stands to the right (or left) of the focus within its message; the message itself is at the very left. */
function sideways(target, key) {
  const way = { ArrowRight: 1, ArrowLeft: -1 }[key];
  if (!way || !target.matches("article, a, button, summary")) return null;
  const article = target.closest("article");
  const all = [article, ...focusable(article)];
  return all[all.indexOf(target) + way];
}

function step(from, way) {
  let next = from[way];
  while (next && next.tagName !== "ARTICLE") next = next[way];
  return next;
}

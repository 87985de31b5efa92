// Keeps a list of messages at its end, or where somebody reads, without a jump.

const NEAR = 40; // pixels from the end that still count as being there
const ANCHORS = CSS.supports("overflow-anchor", "auto");

export class Scroll {
  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} content
   * @param {(atEnd: boolean) => void} moved is called whenever the person scrolls
   */
  constructor(scroller, content, moved) {
    this.scroller = scroller;
    this.content = content;
    this.atEnd = true;
    scroller.addEventListener(
      "scroll",
      () => {
        this.atEnd = this.#left() < NEAR;
        moved(this.atEnd);
      },
      { passive: true },
    );
    // After layout and before paint: what grew at the end is never seen below the edge.
    this.sizes = new ResizeObserver(() => this.atEnd && this.toEnd());
    this.sizes.observe(scroller);
    this.sizes.observe(content);
  }

  #left() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight;
  }

  toEnd() {
    this.atEnd = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  /** Make a change while what is read stays where it is. */
  steadily(change) {
    // A browser that anchors does it by itself, but not at the very top.
    if (this.atEnd || (ANCHORS && this.scroller.scrollTop > 0)) return change();
    const read = this.#firstSeen();
    const before = read?.getBoundingClientRect().top;
    change();
    if (read?.isConnected) this.scroller.scrollTop += read.getBoundingClientRect().top - before;
  }

  #firstSeen() {
    const { left, top, width } = this.scroller.getBoundingClientRect();
    return document.elementFromPoint(left + width / 2, top + 8)?.closest(".message");
  }

  stop() {
    this.sizes.disconnect();
  }
}

// Finds the box that one writes in: of the pane that has the focus, else the one that was written in last.

export class Writing {
  /** @param {import("./channel.js").ChannelPane} main @param {import("./thread.js").ThreadPane} thread */
  constructor(main, thread) {
    this.panes = [main, thread];
    this.last = main;
    for (const pane of this.panes) pane.composer.box.addEventListener("focus", () => (this.last = pane));
  }

  /** The box for what is typed now; none where no box is to be seen. */
  get composer() {
    const within = this.panes.find(({ element }) => element.contains(document.activeElement));
    const wanted = [within, this.last, ...this.panes];
    return wanted.find((pane) => pane?.composer.open)?.composer;
  }

  focus() {
    this.composer?.focus();
  }
}

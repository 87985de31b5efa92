// Pairs the marks of one line of mrkdwn: which star opens, which one closes, and which one is just a star.

/**
 * A piece of a line: a mark (`*`, `_` or `~`) that may open or close, or something whole that is made of a text.
 * @typedef {{mark: string, opens?: boolean, closes?: boolean, node?: any}} Piece
 */

const WORD = /[\p{L}\p{N}]/u;

/**
 * Whether a mark at a place of a text may open and close. A mark opens at the beginning of a word and closes at the end
 * of one, so `snake_case` and `2 * 3 * 4` have no marks.
 */
export function markAt(text, at) {
  const before = at ? text[at - 1] : "";
  const after = text[at + 1] ?? "";
  return {
    mark: text[at],
    opens: !WORD.test(before) && after !== "" && !/\s/.test(after) && after !== text[at],
    closes: before !== "" && !/\s/.test(before) && !WORD.test(after) && before !== text[at],
  };
}

/**
 * Put what stands between two marks into one element; marks that find no partner are text. One pass, however many.
 * @param {Piece[]} pieces
 * @param {(mark: string, inside: (Node | string)[]) => Node} wrap
 * @returns {(Node | string)[]}
 */
export function pair(pieces, wrap) {
  /** @type {{mark: string, inside: (Node | string)[]}[]} */
  const open = [{ mark: "", inside: [] }];
  for (const piece of pieces) {
    const inner = open[open.length - 1];
    if (!piece.mark) inner.inside.push(piece.node);
    else if (piece.closes && open.some((one) => one.mark === piece.mark)) close(open, piece.mark, wrap);
    else if (piece.opens && !open.some((one) => one.mark === piece.mark)) open.push({ mark: piece.mark, inside: [] });
    else inner.inside.push(piece.mark);
  }
  while (open.length > 1) spill(open);
  return open[0].inside;
}

function close(open, mark, wrap) {
  while (open[open.length - 1].mark !== mark) spill(open);
  const { inside } = open.pop();
  open[open.length - 1].inside.push(inside.length ? wrap(mark, inside) : mark + mark);
}

function spill(open) {
  const { mark, inside } = open.pop();
  open[open.length - 1].inside.push(mark, ...inside);
}

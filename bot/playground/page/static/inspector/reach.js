// Knows how far into a text another one reaches that was made of it: words added, addresses left out, the rest in order.

// So many letters in a row are taken for the same place and not for chance.
const RUN = 8;
// What may stand before or between what was made of the text: a first sentence, a remark. Looked through letter by
// letter; beyond it in steps, because the run that follows may begin anywhere.
const NEAR = 400;
const STEP = 16;

/**
 * How many letters of `text` have been passed when `made` ends. Where the two part, they are taken up again at the
 * next run that both have. Looks at `text` from `from` on; what is never found again counts as not reached.
 * @param {string} text letters alone
 * @param {string} made letters alone
 */
export function reach(text, made, from = 0) {
  let [place, at, reached] = [from, 0, from];
  while (at < made.length && place < text.length) {
    const begin = at;
    while (at < made.length && place < text.length && made[at] === text[place]) {
      at++;
      place++;
    }
    const long = at - begin >= RUN || (at > begin && (at === made.length || place === text.length));
    if (long) reached = place;
    if (at === made.length || place === text.length) break;
    const next = meeting(text, made, long ? place : place - (at - begin), long ? at : begin);
    if (!next) break;
    [place, at] = next;
  }
  return reached;
}

function meeting(text, made, place, from) {
  for (let at = from; at + RUN <= made.length; at += at - from < NEAR ? 1 : STEP) {
    const found = text.indexOf(made.slice(at, at + RUN), place);
    if (found >= 0) return [found, at];
  }
  return null;
}

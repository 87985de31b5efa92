// Finds how far into a text another one goes that was made of it: words added, addresses left out, the rest in order.

// So many letters in a row are taken for the same place and not for chance.
const RUN = 8;
// What may stand before or between what was made of the text: a first sentence, a remark. Looked through letter by
// letter; beyond it in steps, because the run that follows may begin anywhere.
const NEAR = 400;
const STEP = 16;
const STRIDE = 128;

/**
 * How many letters of `text` have been passed when `made` ends. Where the two part, they are taken up again at the
 * next run that both have. Looks at `text` between two places; what is never found again counts as not reached.
 * @param {string} text letters alone
 * @param {string} made letters alone
 */
export function matchedUntil(text, made, from = 0, until = text.length) {
  let [place, at, reached] = [from, 0, from];
  while (at < made.length && place < until) {
    const same = agreeing(text, place, until, made, at);
    const ends = at + same === made.length || place + same === until;
    if (same >= RUN || (same > 0 && ends)) {
      at += same;
      place += same;
      reached = place;
    }
    if (ends) break;
    const next = meeting(text.slice(0, until), made, place, at);
    if (!next) break;
    [place, at] = next;
  }
  return reached;
}

/** How many letters are the same from two places on: by strides first, because a long answer is gone through often. */
function agreeing(text, place, until, made, at) {
  const most = Math.min(until - place, made.length - at);
  let same = 0;
  while (same + STRIDE <= most && text.startsWith(made.slice(at + same, at + same + STRIDE), place + same))
    same += STRIDE;
  while (same < most && made[at + same] === text[place + same]) same++;
  return same;
}

function meeting(text, made, place, from) {
  for (let at = from; at + RUN <= made.length; at += at - from < NEAR ? 1 : STEP) {
    const found = text.indexOf(made.slice(at, at + RUN), place);
    if (found >= 0) return [found, at];
  }
  return null;
}

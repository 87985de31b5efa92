// Finds what differs between two texts, word by word.

// The table of the comparison has (words before) x (words after) numbers; beyond this it is one cut and one addition.
const MOST_CELLS = 250_000;

/**
 * What one has to do to the text before to have the text after: parts that stay, go and come, in order.
 * @returns {{kind: "same" | "gone" | "new", text: string}[]}
 */
export function difference(before, after) {
  const old = words(before);
  const now = words(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const parts = [{ kind: "same", text: now.slice(0, start).join("") }];
  parts.push(...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)));
  parts.push({ kind: "same", text: now.slice(now.length - end).join("") });
  return joined(parts);
}

const words = (text) => text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];

function middle(old, now) {
  if (old.length * now.length > MOST_CELLS) {
    return [
      { kind: "gone", text: old.join("") },
      { kind: "new", text: now.join("") },
    ];
  }
  const common = lengths(old, now);
  const parts = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      parts.push({ kind: "same", text: old[i] });
      i++;
      j++;
    } else if (j === now.length || (i < old.length && common[i + 1][j] >= common[i][j + 1])) {
      parts.push({ kind: "gone", text: old[i++] });
    } else {
      parts.push({ kind: "new", text: now[j++] });
    }
  }
  return parts;
}

/** How long the longest common run of words is, of what follows each pair of places. */
function lengths(old, now) {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      table[i][j] = old[i] === now[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}

function joined(parts) {
  const kept = [];
  for (const part of parts) {
    if (!part.text) continue;
    if (kept.at(-1)?.kind === part.kind) kept.at(-1).text += part.text;
    else kept.push({ ...part });
  }
  return kept;
}

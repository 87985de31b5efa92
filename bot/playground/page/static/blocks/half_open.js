// Knows how Markdown that is still being written is shown: what is open is closed, what means nothing yet is held back.
//
// It looks at the end of a text only, with less care than a parser: whatever it gets wrong lasts until the next token,
// and a finished text never comes through here.

import { closed } from "./half_open_line.js";

const CONTAINERS = /^(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*/;
const FENCE = /^(`{3,}|~{3,})(.*)$/;
// A line of nothing but marks, or of a number that may become one: an item, heading, rule, fence or table begins.
const MARKS = /^[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*(?:\d{1,9}[.)]?|[-*_=+#|:`~\s]*)\s*(?:\[[ xX]?\]?)?\s*$/;
const LONGEST_MARKS = 200;
const TABLE_RULE = /^[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;
const BEGINS = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]+)*/;
const ROW = /^[ >]*\|/;

/** The source as it is best shown while more is to come. */
export function healed(source) {
  const lines = source.split("\n");
  const fence = openFence(lines.slice(0, -1)) ?? openFence(lines);
  if (fence) return inFence(lines, fence);
  if (lines[lines.length - 1].length < LONGEST_MARKS && MARKS.test(lines[lines.length - 1]))
    lines[lines.length - 1] = "";
  holdTableHeader(lines);
  while (lines.length > 1 && !lines[lines.length - 1].trim()) lines.pop();
  if (fenceIn(lines[lines.length - 1])) return lines.join("\n");
  const start = lastParagraph(lines);
  return [...lines.slice(0, start), paragraph(lines.slice(start).join("\n"))].join("\n");
}

// The marks of the fence that the text ends in.
function openFence(lines) {
  let open = null;
  for (const line of lines) {
    const found = fenceIn(line);
    if (!found) continue;
    const [, mark, info] = found;
    if (!open) open = mark[0] === "`" && info.includes("`") ? null : mark;
    else if (mark[0] === open[0] && mark.length >= open.length && !info.trim()) open = null;
  }
  return open;
}

function fenceIn(line) {
  return FENCE.exec(line.replace(CONTAINERS, ""));
}

// A last line that may become the fence's end is not shown as code.
function inFence(lines, fence) {
  const last = lines[lines.length - 1].trim();
  const ending = last && last.length < fence.length && last === fence[0].repeat(last.length);
  return (ending ? [...lines.slice(0, -1), ""] : lines).join("\n");
}

// A line that begins with a pipe and has no table above: the rule that makes it one may follow. A blank line after it
// decides that it is none.
function holdTableHeader(lines) {
  let last = lines.length - 1;
  while (last > 0 && !lines[last].trim()) last -= 1;
  if (!ROW.test(lines[last]) || last < lines.length - 2) return;
  const above = last ? lines[last - 1] : "";
  if (!ROW.test(above) && !(above && TABLE_RULE.test(above))) lines.splice(last, lines.length - last, "");
}

function lastParagraph(lines) {
  let start = lines.length - 1;
  while (start > 0 && lines[start - 1].trim() && !fenceIn(lines[start - 1])) {
    if (marksOf(lines[start]).trim() || ROW.test(lines[start])) break;
    start -= 1;
  }
  return start;
}

function marksOf(line) {
  return BEGINS.exec(line)?.[0] ?? "";
}

function paragraph(text) {
  let start = marksOf(text).length;
  if (ROW.test(text)) start = Math.max(start, text.lastIndexOf("|") + 1); // only the last cell of a row is open
  return text.slice(0, start) + closed(text.slice(start));
}

// Flattens the blocks of a message into the text that a person reads.

const ESCAPES = [
  [/&lt;/gu, "<"],
  [/&gt;/gu, ">"],
  [/&amp;/gu, "&"],
];

/** The answer alone: the rich_text, table and markdown blocks, without what stands around them; else the text. */
export function bodyText(text, blocks) {
  if (!blocks?.length) return unescaped(text ?? "");
  return blocks.map(blockText).filter(Boolean).join("\n");
}

/** mrkdwn as it is shown: links by their label, mentions by their id, the three escapes undone. */
export function unescaped(mrkdwn) {
  let shown = mrkdwn.replace(/<([^<>|]*)(?:\|([^<>]*))?>/gu, (_, target, label) => label || target);
  for (const [escape, sign] of ESCAPES) shown = shown.replace(escape, sign);
  return shown;
}

function blockText(block) {
  if (block.type === "rich_text") return (block.elements ?? []).map(partText).join("\n");
  if (block.type === "table") return (block.rows ?? []).map((row) => row.map(cellText).join("\t")).join("\n");
  if (block.type === "markdown") return block.text ?? "";
  return "";
}

function partText(part) {
  if (part.type === "rich_text_list") return (part.elements ?? []).map(partText).join("\n");
  return (part.elements ?? []).map(inlineText).join("");
}

function cellText(cell) {
  return cell.type === "rich_text" ? blockText(cell) : String(cell.text ?? "");
}

function inlineText(element) {
  return String(element.text ?? element.url ?? element.fallback ?? "");
}

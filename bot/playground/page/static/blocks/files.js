// Draws the files of a message: pictures as they are, everything else by name, kind and size.

import { h } from "../app/dom.js";
import { picture } from "./pictures.js";
import { listed, object, string, worded } from "./shapes.js";
import { unknown } from "./unknown.js";

const SHOWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const PREVIEWED = 1_000; // characters
const UNITS = ["bytes", "kB", "MB", "GB"];

export function files(sent, ctx) {
  return h(
    "ul",
    { class: "files", dataset: { key: "files" }, "aria-label": "Files" },
    listed(sent).map((file, index) => item(file, index, ctx)),
  );
}

/** A file block: a file that is elsewhere, of which a message holds no more than the app's own id. */
export function fileBlock(block) {
  return h(
    "div",
    { class: "file" },
    h("span", { class: "file-kind", "aria-hidden": "true" }, "FILE"),
    h("span", null, `Remote file ${string(block.external_id)}`),
  );
}

function item(file, index, ctx) {
  const key = `file ${worded(file?.id) || index}`;
  try {
    return h("li", { dataset: { key } }, shown(object(file), ctx));
  } catch {
    return h("li", { dataset: { key } }, unknown(file, "element"));
  }
}

function shown(file, ctx) {
  const name = worded(file.title) || worded(file.name) || "Untitled file";
  const address = ctx.fileUrl(file);
  if (SHOWN.has(file.mimetype) && address) {
    return h(
      "figure",
      { class: "picture" },
      h("figcaption", null, download(name, file, address)),
      picture(address, worded(file.alt_txt) || name),
    );
  }
  const about = [kind(file), sized(file.size)].filter(Boolean).join(" · ");
  return [
    h(
      "div",
      { class: "file" },
      h("span", { class: "file-kind", "aria-hidden": "true" }, kind(file).slice(0, 4).toUpperCase()),
      h("span", { class: "file-words" }, download(name, file, address), h("span", { class: "file-about" }, about)),
    ),
    preview(file),
  ];
}

function download(name, file, address) {
  if (!address) return h("span", { class: "file-name" }, name);
  return h(
    "a",
    { class: "link file-name", href: address, download: worded(file.name) || "file", title: `Download ${name}` },
    name,
  );
}

function preview(file) {
  const text = worded(file.preview).slice(0, PREVIEWED);
  return text ? h("pre", { class: "code file-preview" }, h("code", null, text)) : null;
}

function kind(file) {
  return worded(file.pretty_type) || worded(file.filetype) || worded(file.mimetype).split("/").pop() || "file";
}

function sized(size) {
  if (!Number.isFinite(size)) return "";
  const step = size < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(size) / 3));
  const number = size / 1_000 ** step;
  return `${number.toLocaleString("en", { maximumFractionDigits: number < 10 && step ? 1 : 0 })} ${UNITS[step]}`;
}

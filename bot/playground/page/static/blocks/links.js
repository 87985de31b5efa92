// Makes links, and decides which addresses may become one.

import { h } from "../app/dom.js";

const SCHEMES = new Set(["http:", "https:", "mailto:", "tel:"]);
const UNSEEN = /[\s\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/** Whether an address may be opened; everything else stays text. */
export function opens(address) {
  if (typeof address !== "string" || UNSEEN.test(address)) return false;
  try {
    return SCHEMES.has(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** A link, with its address as its title; only its label where the address may not be opened. */
export function link(address, ...label) {
  if (!opens(address)) return h("span", null, label.length ? label : address);
  const shown = label.length ? label : address.replace(/^(?:mailto|tel):/, "");
  return h(
    "a",
    { class: "link", href: address, title: address, target: "_blank", rel: "noopener noreferrer nofollow" },
    shown,
  );
}

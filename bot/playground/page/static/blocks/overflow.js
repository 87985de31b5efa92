// Draws overflow menus: a button with three dots, and a menu that arrow keys move through and Escape closes.

import { h } from "../app/dom.js";
import { act, busy } from "./acting.js";
import { asked, openAddress } from "./buttons.js";
import { opens } from "./links.js";
import { list, object, worded } from "./shapes.js";
import { words } from "./text.js";

const GAP = 4; // pixels between the button and its menu, and between the menu and the window's edge
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export function overflow(part, ref, ctx) {
  const options = list(part.options).map(object);
  options.forEach((option) => words(option.text, ctx)); // malformed ones are seen now, not when it opens
  const props = {
    type: "button",
    class: "button overflow",
    "aria-label": worded(part.accessibility_label) || "More actions",
    "aria-haspopup": "menu",
    dataset: { options: JSON.stringify(options), ...asked(part) },
    on: { click: (event) => open(event.currentTarget, ref, ctx) },
    ...busy(ref),
  };
  return h("button", props, h("span", { "aria-hidden": "true" }, "⋯"));
}

// The menu is made when it opens and stands apart, so that drawing the message again leaves it alone.
function open(opener, ref, ctx) {
  const options = JSON.parse(opener.dataset.options);
  const menu = h("div", {
    class: "menu",
    role: "menu",
    popover: "auto",
    "aria-label": opener.getAttribute("aria-label"),
  });
  menu.append(...options.map((option) => item(option, () => choose(opener, menu, option, ref, ctx), ctx)));
  menu.addEventListener("keydown", (event) => walk(event, menu));
  menu.addEventListener("toggle", (event) => event.newState === "closed" && menu.remove());
  (opener.closest("dialog") ?? document.body).append(menu);
  menu.showPopover();
  put(menu, opener.getBoundingClientRect());
  menu.firstElementChild?.focus();
}

function item(option, chosen, ctx) {
  const more = option.description ? h("span", { class: "menu-more" }, words(option.description, ctx)) : null;
  const shown = h("span", null, words(option.text, ctx));
  return h(
    "button",
    { type: "button", class: "menu-item", role: "menuitem", tabindex: "-1", on: { click: chosen } },
    shown,
    more,
  );
}

function choose(opener, menu, option, ref, ctx) {
  menu.hidePopover();
  opener.focus();
  if (opens(option.url)) openAddress(option.url, ctx);
  act(opener, ref, ctx, { selected_option: option });
}

function walk(event, menu) {
  const items = [...menu.children];
  const at = items.indexOf(document.activeElement);
  const steps = { ...STEPS, Home: -at, End: items.length - 1 - at };
  if (event.key === "Tab") menu.hidePopover();
  if (!Object.hasOwn(steps, event.key)) return;
  event.preventDefault();
  items[(at + steps[event.key] + items.length) % items.length].focus();
}

function put(menu, beside) {
  const { width, height } = menu.getBoundingClientRect();
  const below = beside.bottom + GAP + height <= window.innerHeight;
  const top = below ? beside.bottom + GAP : Math.max(GAP, beside.top - GAP - height);
  menu.style.top = `${top}px`;
  menu.style.left = `${Math.max(GAP, Math.min(beside.left, window.innerWidth - width - GAP))}px`;
}

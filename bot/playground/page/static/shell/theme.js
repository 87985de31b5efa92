// Sets the colours of the page: those of the system, or the ones that were chosen and are kept.

import { draw } from "./icons.js";
import { h } from "../app/dom.js";

const KEY = "playground.theme";
const NEXT = { system: "light", light: "dark", dark: "system" };

function kept() {
  const theme = localStorage.getItem(KEY);
  return theme && theme in NEXT ? theme : "system";
}

/** Put the kept theme on the page. */
export function applyTheme(theme = kept()) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** A button that goes on to the next theme. */
export function themeSwitch() {
  const button = h("button", { class: "tool", type: "button", on: { click: () => turn(button) } });
  show(button, kept());
  return button;
}

function turn(button) {
  const theme = NEXT[kept()];
  localStorage.setItem(KEY, theme);
  applyTheme(theme);
  show(button, theme);
}

function show(button, theme) {
  const says = `Colours: ${theme === "system" ? "as the system" : theme}`;
  button.replaceChildren(draw(theme));
  button.setAttribute("aria-label", `${says}. Switch to ${NEXT[theme]}`);
  button.title = says;
}

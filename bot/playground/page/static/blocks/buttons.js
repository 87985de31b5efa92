// Draws buttons, and sends what they hold when they are pressed.

import { h } from "../app/dom.js";
import { act, busy } from "./acting.js";
import { opens } from "./links.js";
import { object, worded } from "./shapes.js";
import { textObject } from "./text.js";

const STYLES = new Set(["primary", "danger"]);

export function button(part, ref, ctx) {
  const style = STYLES.has(part.style) ? part.style : "";
  const pressed = (event) => press(event.currentTarget, ref, ctx);
  const props = {
    type: "button",
    class: `button ${style}`.trim(),
    title: worded(part.url) || null,
    "aria-label": worded(part.accessibility_label) || null,
    dataset: { sent: sent(part), ...asked(part) },
    on: { click: pressed },
    ...busy(ref),
  };
  return h(
    "button",
    props,
    textObject(part.text, ctx),
    opens(part.url) ? h("span", { class: "leaves", "aria-hidden": "true" }, "↗") : null,
  );
}

/** What an element sends besides its type and ids, as it is kept on the element. */
function sent({ text, value, url, style }) {
  return JSON.stringify({ text, value, url, style });
}

/** The app's question before an action, as it is kept on the element. */
export function asked({ confirm }) {
  return confirm ? { confirm: JSON.stringify(object(confirm)) } : {};
}

async function press(pressed, ref, ctx) {
  const chosen = JSON.parse(pressed.dataset.sent);
  if (opens(chosen.url)) openAddress(chosen.url, ctx);
  await act(pressed, ref, ctx, chosen);
}

/** Open an address as the page wants it, else in a tab that knows nothing of this one. */
export function openAddress(address, ctx) {
  if (ctx.openUrl) ctx.openUrl(address);
  else window.open(address, "_blank", "noopener,noreferrer");
}

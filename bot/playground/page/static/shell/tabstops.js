// Keeps what stands in a message out of the order of Tab, so that a list of messages is one stop of it.

const STOPS = "a[href], button, input, select, textarea, summary, [tabindex='0']";
// A table that is wider than its place can be scrolled by whoever has no pointer.
const KEPT = ".table-scroll, [tabindex='-1']";

/** Take all within an element out of the order of Tab; it can still be focused by the arrow keys and the pointer. */
export function holdBack(within) {
  for (const stop of within.querySelectorAll(STOPS)) {
    if (stop.matches(KEPT)) continue;
    stop.dataset.stop = stop.getAttribute("tabindex") ?? "";
    stop.setAttribute("tabindex", "-1");
  }
}

/** Put it back, for whoever has gone into the message. */
export function letGo(within) {
  for (const stop of within.querySelectorAll("[data-stop]")) {
    if (stop.dataset.stop) stop.setAttribute("tabindex", stop.dataset.stop);
    else stop.removeAttribute("tabindex");
    delete stop.dataset.stop;
  }
}

/** All that can be focused within an element and is seen, in order. */
export function focusable(within) {
  const all = within.querySelectorAll(`${STOPS}, [data-stop]`);
  return [...all].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled);
}

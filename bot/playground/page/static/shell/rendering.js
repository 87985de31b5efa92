// Decides which part of the page is drawn again when something changes.

import { mountInspector } from "../inspector/index.js";
import { StatusAges } from "./status.js";

const MESSAGES = new Set(["hello", "message", "deleted", "status", "person"]);
const INTRO = new Set(["hello", "controls", "channel"]);
const PLACE = ["user", "channel", "tab"];
const THREAD = ["user", "channel", "thread"];

/** @param {import("../app/state.js").State} state */
export function rendering(state, { main, thread, panes, get, post }) {
  const lists = () => {
    main.list?.ask();
    thread.list?.ask();
  };
  new StatusAges(state, lists);
  state.addEventListener("change", ({ detail }) => {
    if (MESSAGES.has(detail.kind)) lists();
    if (INTRO.has(detail.kind)) main.refresh();
    if (detail.kind === "home" || detail.kind === "hello") main.home?.draw();
  });
  state.addEventListener("ui", ({ detail }) => {
    const has = (names) => detail.some((name) => names.includes(name));
    main.show(has(PLACE));
    thread.show(has(THREAD));
    if (has(["message", "thread"])) lists();
    if (has(["user", "channel"])) arrive(state, { main, thread, panes });
    else if (has(["thread"]) && state.ui.thread) enter(thread, main, panes);
    if (has(["inspector"])) inspect(state, panes, get, post);
  });
}

/** The focus goes into the box of the place that is shown; on a small screen without the keyboard that would come. */
export function arrive({ ui }, { main, thread, panes }) {
  if (!ui.channel || ui.tab !== "messages") return;
  const pane = ui.thread ? thread : main;
  if (panes.narrow || !pane.composer.open) pane.element.focus({ preventScroll: true });
  else pane.composer.focus();
}

/** The focus goes into a thread that was opened, but not away from what somebody is writing. */
function enter(thread, main, panes) {
  const { box } = main.composer;
  if (panes.narrow) thread.element.focus();
  else if (document.activeElement !== box || !box.value) thread.composer.focus();
}

let mounted = false;

/** The inspector is made when it is first wanted. */
function inspect(state, panes, get, post) {
  if (!state.ui.inspector) return;
  if (!mounted) {
    mounted = true;
    mountInspector(panes.inspector, { state, get, post });
  }
  panes.inspector.focus({ preventScroll: true });
}

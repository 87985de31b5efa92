// Decides which part of the page is drawn again when something changes.

import { StatusAges } from "./status.js";

const MESSAGES = new Set(["hello", "message", "deleted", "status", "person"]);
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
    if (detail.kind === "home" || detail.kind === "hello") main.home?.draw();
  });
  state.addEventListener("ui", ({ detail }) => {
    const has = (names) => detail.some((name) => names.includes(name));
    main.show(has(PLACE));
    thread.show(has(THREAD));
    if (has(["message", "thread"])) lists();
    if (has(["thread"]) && state.ui.thread && !has(["channel"])) enter(thread, panes);
    if (has(["inspector"])) inspect(state, panes, get, post);
  });
}

/** The focus goes into a thread that was opened; on a small screen without the keyboard that would come with the box. */
function enter(thread, panes) {
  if (panes.narrow) thread.element.focus();
  else thread.composer.focus();
}

let mounted = false;

/** The inspector is fetched when it is first wanted. */
async function inspect(state, panes, get, post) {
  if (!state.ui.inspector) return;
  if (!mounted) {
    mounted = true;
    const { mountInspector } = await import("../inspector/index.js");
    mountInspector(panes.inspector, { state, get, post });
  }
  panes.inspector.focus({ preventScroll: true });
}

// Puts the inspector together: chooses the panel, and draws only what is seen, once a frame at most.

import { h } from "../app/dom.js";
import { callsPanel } from "./calls.js";
import { Chats } from "./chats.js";
import { controlsPanel } from "./controls.js";
import { faultBar } from "./faults.js";
import { keysPanel } from "./keys.js";
import { placeOf, same, titleOf } from "./place.js";
import { flowisePanel } from "./predictions.js";
import { Tabs } from "./tabs.js";
import { timelinePanel } from "./timeline.js";
import { versionsPanel } from "./versions.js";

const PLACES = new Set(["channel", "thread", "message", "user"]);

/**
 * Put the inspector into an element. It follows what the person looks at (`state.ui`).
 * @param {HTMLElement} element
 */
export function mountInspector(element, { state, get, post }) {
  const tools = { state, get, post, chats: new Chats(get) };
  const panels = [timelinePanel, callsPanel, versionsPanel, flowisePanel, keysPanel, controlsPanel].map((make) =>
    make(tools),
  );
  const bar = faultBar(tools);
  const title = h("p", { class: "i-inspected" });
  const tabs = new Tabs("Inspector", panels, (panel, before) => {
    before?.hide?.();
    if (seen()) panel.show();
  });
  const root = h("div", { class: "inspector" }, bar.element, tabs.list, title, tabs.bodies);
  const seen = () => root.offsetWidth > 0;
  let changes = [];
  let place = placeOf(state);
  let moved = true;
  let frame = 0;

  function draw() {
    frame = 0;
    const happened = changes;
    changes = [];
    if (!seen()) return;
    bar.refresh();
    const now = placeOf(state);
    if (!same(place, now)) moved = true; // without a choice one looks at the thread where the app is busy
    place = now;
    title.textContent = titleOf(state, place);
    if (moved) tabs.current.show();
    else if (happened.length) tabs.current.update(happened);
    moved = false;
  }

  const soon = () => (frame ||= requestAnimationFrame(draw));
  state.addEventListener("change", ({ detail }) => {
    if (detail.kind === "hello") moved = true;
    if (seen()) changes.push(detail);
    soon();
  });
  state.addEventListener("ui", ({ detail }) => {
    if (!detail.some((name) => PLACES.has(name))) return;
    moved = true;
    soon();
  });
  // It is opened and closed by whoever placed it.
  let open = false;
  new ResizeObserver(() => {
    if (open === seen()) return;
    open = !open;
    moved = open;
    if (open) soon();
    else tabs.current.hide?.();
  }).observe(root);

  element.append(root);
  tabs.choose(panels[0].id);
}

// Knows whether the person at this tab has seen a thread: a newcomer does not know yet that answers come there.

const KEY = "playground.knows-threads";

/** Note it when a thread is opened, however it is. */
export function follow(state) {
  state.addEventListener(
    "ui",
    ({ detail }) => detail.includes("thread") && state.ui.thread && sessionStorage.setItem(KEY, "yes"),
  );
}

export const isNewcomer = () => !sessionStorage.getItem(KEY);

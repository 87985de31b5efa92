// Schedules drawing: once a frame for what changes many times in a moment, when idle for what can wait.

/** A function that asks for `draw`; however often it is asked for within a frame, it is done once. */
export function eachFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** Do `work` when nothing else is to be done. It is given a function that says whether there is still time for more. */
export function whenIdle(work) {
  if ("requestIdleCallback" in window) {
    requestIdleCallback((deadline) => work(() => deadline.timeRemaining() > 2), { timeout: 200 });
    return;
  }
  setTimeout(() => {
    const until = performance.now() + 8;
    work(() => performance.now() < until);
  }, 16);
}

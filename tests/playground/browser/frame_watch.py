"""Watches how an answer looks while it grows, in every frame that the browser paints."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import JSHandle, Locator

# Each frame: the last message of the app, its text and height, how far the end is below the edge, where the first
# message stands. What is kept is the worst.
_WATCH = """(pane) => {
    const scroller = pane.querySelector(".scroller");
    const seen = { texts: [], nodes: new Set(), shrunk: 0, away: 0, moved: 0, frames: 0, ended: false };
    const top = () => pane.querySelector("article").getBoundingClientRect().top;
    const began = top();
    let height = 0;
    const look = () => {
        if (seen.ended) return;
        seen.frames += 1;
        const answer = [...pane.querySelectorAll("article")].findLast((it) => / app, /.test(`${it.ariaLabel} `));
        if (answer) {
            seen.nodes.add(answer);
            const text = answer.innerText;
            if (seen.texts.at(-1) !== text) seen.texts.push(text);
            const now = answer.getBoundingClientRect().height;
            if (now < height - 1) seen.shrunk += 1;
            height = now;
        }
        seen.away = Math.max(seen.away, scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop);
        seen.moved = Math.max(seen.moved, Math.abs(top() - began));
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
    return seen;
}"""


@dataclass(frozen=True)
class Seen:
    """`texts` are the different states of the answer, `nodes` how many elements it was, `shrunk` how often it became
    lower. In pixels, at worst: `away_from_end` is how much of the end could not be seen, `moved` how far the first
    message was from where it had been."""

    texts: list[str]
    nodes: int
    shrunk: int
    away_from_end: float
    moved: float


@dataclass(frozen=True)
class FrameWatch:
    """The observation of a pane."""

    seen: JSHandle

    async def grown(self, states: int) -> None:
        """Wait until the answer has had so many different states."""
        await self.seen.evaluate(
            """(seen, states) => new Promise((done) => {
                const look = () => (seen.texts.length >= states ? done() : requestAnimationFrame(look));
                look();
            })""",
            states,
        )

    async def end(self) -> Seen:
        """End the observation."""
        told = await self.seen.evaluate(
            "(seen) => { seen.ended = true; return { ...seen, nodes: seen.nodes.size }; }",
        )
        return Seen(told["texts"], told["nodes"], told["shrunk"], told["away"], told["moved"])


async def watch(pane: Locator) -> FrameWatch:
    """Observe a pane with messages from now on."""
    return FrameWatch(await pane.evaluate_handle(_WATCH))

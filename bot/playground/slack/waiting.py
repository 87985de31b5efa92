"""Waits for something to happen in the workspace, and describes the workspace when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from bot.playground.slack.workspace import LocalWorkspace

_LOOK = 0.05  # seconds


class Watch:
    """Waits for changes. `changed` is to be called after each of them."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def changed(self) -> None:
        for event in self._waiting:
            event.set()

    async def until(self, predicate: Callable[[], bool], timeout: float) -> None:
        """Wait until the predicate holds; it is asked after every change, and now and then for what is elsewhere.

        Raises:
            TimeoutError: it never did.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            end = asyncio.get_running_loop().time() + timeout
            while not predicate():
                if asyncio.get_running_loop().time() >= end:
                    raise TimeoutError
                # It may swallow a cancellation on Python 3.11, so the end is looked for by the clock.
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _LOOK)
                changed.clear()
        finally:
            self._waiting.discard(changed)


def picture(workspace: LocalWorkspace) -> str:
    """Describe the workspace, a line for each message."""
    lines = []
    for channel in workspace.channels.values():
        for message in channel.messages.values():
            what = f"{message.user} ({len(message.edits)} edits): {message.plain[:300]!r}"
            lines.append(f"#{channel.name} {message.root} {message.ts} {what}")
    return "\n".join(lines)

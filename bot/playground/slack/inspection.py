"""Reads what people see in a local Slack, and waits until something holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.playground.slack.changes import Session
from bot.playground.slack.core import SlackCore
from bot.playground.slack.message import File, Message
from bot.playground.slack.waiting import picture


class Inspection:
    """Reads what people see, and waits for it."""

    def __init__(self, core: SlackCore) -> None:
        self._core, self._workspace = core, core.workspace

    def messages(self, channel: str) -> list[Message]:
        """All messages of a channel, replies included, oldest first."""
        return list(self._core.channel(channel).messages.values())

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        """A thread's first message and its replies, oldest first."""
        self._core.channel(channel)
        return self._workspace.thread(channel, thread_ts)

    def ephemerals(self, channel: str, user: str) -> list[Message]:
        """What only this person sees in the channel."""
        return [message for message in self._workspace.hidden if (message.channel, message.to) == (channel, user)]

    def status(self, channel: str, thread_ts: str) -> str:
        """The status line under a thread; empty where there is none."""
        return self._workspace.status(channel, thread_ts)

    def session(self, channel: str, thread_ts: str) -> Session | None:
        """The session of an agent in a thread; None where there is none."""
        return self._workspace.sessions.get((channel, thread_ts))

    def prompts(self, channel: str) -> list[dict[str, str]]:
        """What an agent's pane suggests to begin with, each with its `title` and the `message` that a click writes."""
        return self._workspace.prompts.get(channel, [])

    def file(self, file_id: str) -> File | None:
        """A file that somebody has shared."""
        return self._workspace.files.get(file_id)

    async def until(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait until the predicate holds; it is asked again after every change and every call, and now and then for
        what is outside of Slack.

        Raises:
            TimeoutError: it never did. The text tells what the threads look like.
        """
        try:
            await self._core.watch.until(predicate, timeout)
        except TimeoutError:
            last = [(call.method, call.answer) for call in self._core.calls[-5:]]
            counts = f"{self._core.sockets.count} sockets, {len(self._core.calls)} calls"
            state = f"{counts}; the last: {last}\n{picture(self._workspace)}"
            raise TimeoutError(f"not within {timeout:g} s; {state}") from None

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until the app has acknowledged every event so far, or Slack has given up. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._core.outbox.settled()

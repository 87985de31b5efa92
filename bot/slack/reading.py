"""Knows what the bot reads in Slack: a thread's earlier messages, and the names of people."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping

import structlog

from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import Marked, Said
from bot.slack.once import REPLIES_PAGE, mark_of
from bot.slack.payload import mentions, plain
from bot.slack.wire import Wire, messages, string
from bot.thread import Thread

log = structlog.get_logger(__name__)

_REPLIES_PAGES = 5
_NAME_SECONDS = 3600.0
_NO_NAME_SECONDS = 60.0
_NAMES = 5_000


class Reading:
    """What one workspace tells. `clock` is in seconds of any steady clock."""

    def __init__(self, wire: Wire, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._clock = clock
        self._names: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[str]] = {}

    async def replies(self, thread: Thread, *, before: str, limit: int) -> tuple[Said, ...]:
        """See `bot.ports.Slack.replies`."""
        earlier: list[Mapping[str, object]] = []
        cursor = ""
        for _ in range(_REPLIES_PAGES):
            params: dict[str, object] = {"channel": thread.channel, "ts": thread.thread_ts, "limit": REPLIES_PAGE}
            params |= {"latest": before, "inclusive": False} | ({"cursor": cursor} if cursor else {})
            answer = await self._wire.ask("conversations.replies", params)
            earlier = [*earlier, *(said for said in messages(answer) if _earlier(said, before))][-limit:]
            cursor = _next_cursor(answer)
            if not cursor:
                break
        return tuple([said for message in earlier if (said := await self._said(message)) is not None])

    async def _said(self, message: Mapping[str, object]) -> Said | None:
        user, text = string(message, "user"), string(message, "text")
        if not text:
            return None
        names = {mentioned: await self.name(mentioned) for mentioned in mentions(text)}
        author = await self.name(user) if user else string(message, "username") or "A bot"
        return Said(ts=string(message, "ts"), author=author, text=plain(text, names))

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        """See `bot.ports.Slack.marked`."""
        params: dict[str, object] = {"channel": thread.channel, "oldest": since, "include_all_metadata": True}
        if thread.thread_ts:
            params |= {"ts": thread.thread_ts, "limit": REPLIES_PAGE}
        answer = await self._wire.ask("conversations.replies" if thread.thread_ts else "conversations.history", params)
        marked = [(mark_of(message), message) for message in messages(answer)]
        return tuple(
            Marked(string(message, "ts"), mark, string(message, "text"))
            for mark, message in marked
            if mark.startswith(f"{reference}-")
        )

    async def name(self, user: str) -> str:
        """See `bot.ports.Slack.name`."""
        known = self._names.get(user)
        if known and known[0] > self._clock():
            return known[1]
        # Whoever asks for the same name meanwhile waits for the same answer; one who goes away takes it from nobody.
        if user not in self._asked:
            self._asked[user] = task = asyncio.create_task(self._ask_name(user))
            task.add_done_callback(lambda _: self._asked.pop(user))
        return await asyncio.shield(self._asked[user])

    async def _ask_name(self, user: str) -> str:
        now, known = self._clock(), self._names.get(user)
        try:
            answer = await self._wire.ask("users.info", {"user": user})
        except (SlackRefused, SlackUnavailable) as error:
            log.debug("no name for a user", user=user, reason=str(error))
            # Kept for a while too: the sign of life waits for names, and must not wait for each time-out again.
            return self._keep_name(user, known[1] if known else user, now + _NO_NAME_SECONDS)
        return self._keep_name(user, _display_name(answer.get("user")) or user, now + _NAME_SECONDS)

    def _keep_name(self, user: str, name: str, until: float) -> str:
        self._names[user] = (until, name)
        self._names.move_to_end(user)
        if len(self._names) > _NAMES:
            self._names.popitem(last=False)
        return name


def _next_cursor(answer: Mapping[str, object]) -> str:
    metadata = answer.get("response_metadata")
    return string(metadata, "next_cursor") if isinstance(metadata, Mapping) else ""


def _earlier(message: Mapping[str, object], before: str) -> bool:
    # A `ts` is opaque but ordered as text: seconds and microseconds of fixed widths (Slack docs, messages).
    return string(message, "ts") < before


def _display_name(user: object) -> str:
    if not isinstance(user, Mapping):
        return ""
    profile = user.get("profile")
    if isinstance(profile, Mapping) and (name := string(profile, "display_name") or string(profile, "real_name")):
        return name
    return string(user, "real_name") or string(user, "name")

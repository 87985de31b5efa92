"""Reads threads in Slack: their earlier messages, the bot's own, and whether an app's bot has written there."""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import SlackUnavailable
from bot.slack.exactly_once import mark_of
from bot.slack.messages import EarlierMessage, Marked
from bot.slack.names import Names
from bot.slack.payload import app_of, plain
from bot.slack.search import REPLIES_PAGE, Message
from bot.slack.wire import Wire, messages, next_cursor, string
from bot.thread import Thread

# The most calls that are made for the earlier messages of a long thread.
_MOST_CALLS = 12
# Seconds before its end from which on it is read, until enough is found: an hour, a day, 24 days, 1.6 years.
_LOOK_BACK = (3_600, 24 * 3_600, 24**2 * 3_600, 24**3 * 3_600)


class Reading:
    """Reads in one workspace."""

    def __init__(self, wire: Wire, names: Names) -> None:
        self._wire = wire
        self._names = names

    async def replies(self, thread: Thread, *, before: str, limit: int, asker: str = "") -> tuple[EarlierMessage, ...]:
        """See `bot.ports.Slack.replies`."""
        earlier = await self._earlier(thread, before, limit)
        return tuple([said for message in earlier if (said := await self._said(message, asker)) is not None])

    async def _earlier(self, thread: Thread, before: str, limit: int) -> Sequence[Message]:
        """The last messages before one; fewer where more would take too many calls, but never older ones instead."""
        found, left = await self._between(thread, "", before, limit, calls=1)
        if left is not None:  # one page has held the whole thread
            return found
        calls, last = _MOST_CALLS, found[:0]
        times = (f"{float(before) - seconds:.6f}" for seconds in _LOOK_BACK)
        for oldest in (*(time for time in times if time > thread.thread_ts), ""):
            found, left = await self._between(thread, oldest, before, limit, calls=calls)
            if left is None:
                break
            calls, last = left, found
            if len(last) >= limit:
                break
        return last

    async def _between(
        self, thread: Thread, oldest: str, before: str, limit: int, *, calls: int
    ) -> tuple[Sequence[Message], int | None]:
        """The last messages between two, and how many of the calls are left; None: there are more messages than that.

        Slack returns a thread from its start, page by page, and its first message whatever the time.
        """
        found: list[Message] = []
        where: dict[str, object] = {"channel": thread.channel, "ts": thread.thread_ts, "limit": REPLIES_PAGE}
        where |= {"latest": before, "inclusive": False} | ({"oldest": oldest} if oldest else {})
        for left in reversed(range(calls)):
            page = await self._wire.ask("conversations.replies", where)
            # A `ts` is opaque but ordered as text: seconds and microseconds of fixed widths (Slack docs, messages).
            found = [*found, *(said for said in messages(page) if oldest < string(said, "ts") < before)][-limit:]
            where["cursor"] = next_cursor(page)
            if not where["cursor"]:
                return found, left
        return found, None

    async def _said(self, message: Message, asker: str) -> EarlierMessage | None:
        user, text = string(message, "user"), string(message, "text")
        if not text:
            return None
        names = await self._names.of(text, asker=asker)
        person = await self._names.person(user) if user else None
        author = person.name if person is not None else string(message, "username")
        return EarlierMessage(author=author or ("Somebody" if user else "A bot"), text=plain(text, names))

    async def bot_wrote(self, thread: Thread, *, app: str, bot: str) -> bool:
        """Whether an app has written in a thread as its bot, which may be known by its own id alone.

        Raises:
            SlackRefused, SlackUnavailable: the thread cannot be read.
        """
        where: dict[str, object] = {"channel": thread.channel, "ts": thread.thread_ts, "limit": REPLIES_PAGE}
        for _ in range(_MOST_CALLS):
            page = await self._wire.ask("conversations.replies", where)
            for message in messages(page):
                is_its = app_of(message) == app or (bot and string(message, "bot_id") == bot)
                if is_its and await self._is_by_bot(message):
                    return True
            where["cursor"] = next_cursor(page)
            if not where["cursor"]:
                return False
        raise SlackUnavailable("conversations.replies: the thread is too long")

    async def _is_by_bot(self, message: Message) -> bool:
        """Whether a message that an app has posted is its bot's, and not one of a person's, in whose name it posts."""
        user = string(message, "user")
        person = await self._names.person(user) if user and string(message, "subtype") != "bot_message" else None
        return person is None or person.is_bot

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

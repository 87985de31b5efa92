"""Reads threads in Slack: their earlier messages, the bot's own, and whether an app's bot has written there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from bot.errors import SlackUnavailable
from bot.records.thread import Thread
from bot.slack import wording
from bot.slack.exactly_once import mark_of
from bot.slack.fields import string
from bot.slack.message_text import message_text, quoted_text
from bot.slack.messages import EarlierMessage, Marked, StandingMessage
from bot.slack.names import Names
from bot.slack.payload import (
    IncomingMessage,
    Instruction,
    app_of,
    incoming_message,
    instruction,
    mentions,
    plain,
)
from bot.slack.search import REPLIES_PAGE, Message
from bot.slack.wire import Wire, messages, next_cursor

log = structlog.get_logger(__name__)

# Messages that Slack writes itself, in the place of one that was deleted or about the channel.
_NOTICES = frozenset(
    {"tombstone", "channel_join", "channel_leave", "group_join", "group_leave", "bot_add", "bot_remove"}
)
# The most calls that are made for the earlier messages of a long thread.
_MOST_CALLS = 12
# Seconds before its end from which on it is read, until enough is found: an hour, a day, 24 days, 1.6 years.
_LOOK_BACK = (3_600, 24 * 3_600, 24**2 * 3_600, 24**3 * 3_600)


class Reading:
    """Reads in one workspace."""

    def __init__(self, wire: Wire, names: Names) -> None:
        self._wire = wire
        self._names = names

    async def replies(
        self, thread: Thread, us: str, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        """See `bot.ports.slack.Slack.replies`; `us` is the bot's user id."""
        found = await (self._since(thread, after, before) if after else self._earlier(thread, before, limit))
        kept: list[tuple[Message, str]] = []
        for message in reversed(found):
            if len(kept) == limit:
                break
            if not (after and _is_by(message, us)) and (text := _text_of(message, us)):
                kept.insert(0, (message, text))
        return tuple([await self._as_earlier(message, text, us, asker) for message, text in kept])

    async def _since(self, thread: Thread, after: str, before: str) -> Sequence[Message]:
        """The messages between two. One request: a longer gap would cost as much for every question that follows."""
        found, left = await self._between(thread, after, before, REPLIES_PAGE, calls=1)
        if left is None:
            log.info("messages in between not read", thread=str(thread), reason="more than one page")
            return ()
        return found

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
            found = [*found, *(reply for reply in messages(page) if oldest < string(reply, "ts") < before)][-limit:]
            where["cursor"] = next_cursor(page)
            if not where["cursor"]:
                return found, left
        return found, None

    async def _as_earlier(self, message: Message, text: str, us: str, asker: str) -> EarlierMessage:
        user = string(message, "user")
        names = await self._names.of(text, asker=asker)
        person = await self._names.person(user) if user else None
        author = person.name if person is not None else _name_of_app(message)
        author = author or (wording.SOMEBODY if user else "A bot")
        return EarlierMessage(author, plain(text, names), is_ours=_is_by(message, us), ts=string(message, "ts"))

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

    async def wrote(self, thread: Thread, user: str) -> bool:
        """Whether a person has written in a thread.

        Raises:
            SlackRefused, SlackUnavailable: the thread cannot be read.
        """
        where: dict[str, object] = {"channel": thread.channel, "ts": thread.thread_ts, "limit": REPLIES_PAGE}
        for _ in range(_MOST_CALLS):
            page = await self._wire.ask("conversations.replies", where)
            if any(_is_by(message, user) for message in messages(page)):
                return True
            where["cursor"] = next_cursor(page)
            if not where["cursor"]:
                return False
        raise SlackUnavailable("conversations.replies: the thread is too long")

    async def standing(self, thread: Thread, ts: str) -> StandingMessage | None:
        """A message of a thread, or outside threads, as it stands; None where there is none.

        Raises:
            SlackRefused, SlackUnavailable: it cannot be read.
        """
        message = await self._message(thread, ts)
        if message is None:
            return None
        blocks = message.get("blocks")
        shown = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
        return StandingMessage(string(message, "text"), tuple(shown))

    async def written(self, thread: Thread, ts: str) -> IncomingMessage | None:
        """A person's message in a thread, or outside threads, as it stands now; None where it is gone.

        Raises:
            SlackRefused, SlackUnavailable: it cannot be read.
        """
        message = await self._message(thread, ts)
        return incoming_message({**message, "channel": thread.channel}) if message is not None else None

    async def _message(self, thread: Thread, ts: str) -> Message | None:
        where: dict[str, object] = {"channel": thread.channel, "oldest": ts, "latest": ts, "inclusive": True}
        # The first message of a thread is given in any case.
        where |= {"ts": thread.thread_ts, "limit": 2} if thread.thread_ts else {"limit": 1}
        answer = await self._wire.ask("conversations.replies" if thread.thread_ts else "conversations.history", where)
        return next((message for message in messages(answer) if string(message, "ts") == ts), None)

    async def _is_by_bot(self, message: Message) -> bool:
        """Whether a message that an app has posted is its bot's, and not one of a person's, in whose name it posts."""
        user = string(message, "user")
        person = await self._names.person(user) if user and string(message, "subtype") != "bot_message" else None
        return person is None or person.is_bot

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        """See `bot.ports.slack.Slack.marked`."""
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


def _is_by(message: Message, user: str) -> bool:
    return bool(user) and string(message, "user") == user


def _text_of(message: Message, us: str) -> str:
    """What a message says; empty for notices of Slack, and for what only tells the bot what to do."""
    if message.get("hidden") or string(message, "subtype") in _NOTICES:
        return ""
    if _is_by(message, us):  # what the bot writes stands in `text`; its blocks add sources and buttons
        return string(message, "text")
    read = message_text(message)
    told = instruction(plain(read.words, {}, without=us))
    is_for_us = told is Instruction.QUIET or (told is not Instruction.ANSWER and us in mentions(read.words))
    if is_for_us and not (read.quotes or read.files):
        return ""
    return quoted_text(read)


def _name_of_app(message: Message) -> str:
    profile = message.get("bot_profile")
    named = string(profile, "name") if isinstance(profile, Mapping) else ""
    return string(message, "username") or named

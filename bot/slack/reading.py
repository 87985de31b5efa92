"""Reads from Slack: a thread's earlier messages, the bot's own messages, and the names of people."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import structlog

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack.exactly_once import mark_of
from bot.slack.message_text import message_text, quoted_text
from bot.slack.messages import EarlierMessage, Marked
from bot.slack.payload import Instruction, instruction, mentions, plain
from bot.slack.search import REPLIES_PAGE, Message
from bot.slack.wire import Wire, messages, next_cursor, string
from bot.thread import Thread

log = structlog.get_logger(__name__)

# Messages that Slack writes itself, in the place of one that was deleted or about the channel.
_NOTICES = frozenset(
    {"tombstone", "channel_join", "channel_leave", "group_join", "group_leave", "bot_add", "bot_remove"}
)
# The most calls that are made for the earlier messages of a long thread.
_MOST_CALLS = 12
# Seconds before its end from which on it is read, until enough is found: an hour, a day, 24 days, 1.6 years.
_LOOK_BACK = (3_600, 24 * 3_600, 24**2 * 3_600, 24**3 * 3_600)
_NAME_SECONDS = 3600.0
_NO_NAME_SECONDS = 60.0
_NAMES = 5_000
# The most mentions in one message that are looked up: the question waits for them.
_NAMED = 10


class Reading:
    """Reads in one workspace. `clock` is in seconds of any monotonic clock."""

    def __init__(self, wire: Wire, clock: Callable[[], float]) -> None:
        self._wire = wire
        self._clock = clock
        self._names: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[str]] = {}

    async def replies(
        self, thread: Thread, us: str, *, before: str, limit: int, after: str = ""
    ) -> tuple[EarlierMessage, ...]:
        """See `bot.ports.Slack.replies`; `us` is the bot's user id."""
        found = await (self._since(thread, after, before) if after else self._earlier(thread, before, limit))
        kept: list[tuple[Message, str]] = []
        for message in reversed(found):
            if len(kept) == limit:
                break
            if not (after and _is_by(message, us)) and (text := _text_of(message, us)):
                kept.insert(0, (message, text))
        return tuple([await self._said(message, text, us) for message, text in kept])

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
            found = [*found, *(said for said in messages(page) if oldest < string(said, "ts") < before)][-limit:]
            where["cursor"] = next_cursor(page)
            if not where["cursor"]:
                return found, left
        return found, None

    async def _said(self, message: Message, text: str, us: str) -> EarlierMessage:
        user = string(message, "user")
        names = {mentioned: await self.name(mentioned) for mentioned in mentions(text)[:_NAMED]}
        author = await self.name(user) if user else _name_of_app(message)
        return EarlierMessage(author=author, text=plain(text, names), is_ours=_is_by(message, us))

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
        # Others who need the same name meanwhile wait for the same request; if one is cancelled, the request is not.
        if user not in self._asked:
            self._asked[user] = task = asyncio.create_task(self._ask_name(user))
            task.add_done_callback(lambda _: self._asked.pop(user))
        return await asyncio.shield(self._asked[user])

    async def _ask_name(self, user: str) -> str:
        now, known = self._clock(), self._names.get(user)
        try:
            answer = await self._wire.ask("users.info", {"user": user})
        except (SlackRefused, SlackUnavailable) as error:
            log.debug("name not read", user=user, reason=str(error))
            # Kept for a while too: the first message waits for names, and must not wait for each time-out again.
            return self._keep_name(user, known[1] if known else user, now + _NO_NAME_SECONDS)
        return self._keep_name(user, _display_name(answer.get("user")) or user, now + _NAME_SECONDS)

    def _keep_name(self, user: str, name: str, until: float) -> str:
        self._names[user] = (until, name)
        self._names.move_to_end(user)
        if len(self._names) > _NAMES:
            self._names.popitem(last=False)
        return name


def _is_by(message: Message, user: str) -> bool:
    return bool(user) and string(message, "user") == user


def _text_of(message: Message, us: str) -> str:
    """What a message says; empty for notices of Slack, and for what only tells the bot what to do."""
    if message.get("hidden") or string(message, "subtype") in _NOTICES:
        return ""
    if _is_by(message, us):  # what the bot writes stands in `text`; its blocks add sources and buttons
        return string(message, "text")
    read = message_text(message)
    is_instruction = instruction(plain(read.words, {}, without=us)) is not Instruction.ANSWER
    if us in mentions(read.words) and is_instruction and not (read.quotes or read.files):
        return ""
    return quoted_text(read)


def _name_of_app(message: Message) -> str:
    profile = message.get("bot_profile")
    named = string(profile, "name") if isinstance(profile, Mapping) else ""
    return string(message, "username") or named or "A bot"


def _display_name(user: object) -> str:
    if not isinstance(user, Mapping):
        return ""
    profile = user.get("profile")
    if isinstance(profile, Mapping) and (name := string(profile, "display_name") or string(profile, "real_name")):
        return name
    return string(user, "real_name") or string(user, "name")

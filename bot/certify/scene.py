"""Holds what a check works with: one thread of one channel, and the steps that most checks are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.certify.calls import Calls, UnseenError, WrongError, taken
from bot.certify.report import Observed, Result
from bot.reply.streams import LAST_CALL, LIFE
from bot.slack.calls import Call, Posted, PostMessage, StartStream, StopStream, UpdateMessage
from bot.slack.fields import string
from bot.slack.identity import Identity
from bot.slack.text.block import Blocks
from bot.slack.text.pages import Document, Page
from bot.slack.wire import messages


@dataclass(frozen=True, slots=True)
class Times:
    """How long is waited, in seconds: for a `preview` to come; for the last text of a stream (`life`), and for Slack to
    have ended it after that (`over`); for a `minute` of Slack's to pass. All checks together take `longest` at most."""

    preview: float = 6.0
    life: float = LIFE + LAST_CALL
    over: float = 60.0
    minute: float = 61.0
    longest: float = 900.0


@dataclass(slots=True)
class Scene:
    """One run: `root` is the `ts` of its thread, `person` a member of the channel, empty where none is known.

    `shares` collects the shares of documented rate limits that were let through, by method.
    """

    calls: Calls
    identity: Identity
    channel: str
    root: str
    person: str = ""
    app_token: str = ""
    times: Times = field(default_factory=Times)
    shares: dict[str, float] = field(default_factory=dict)
    burst: tuple[int, str | None] | None = None
    """How many edits Slack has taken at once, and the Retry-After that came then: see `bot.certify.other_checks`."""

    async def post(self, page: Page, *, mark: str = "") -> str:
        """Post a message into the thread, and return its `ts`. Raises WrongError, UnseenError."""
        result = taken(
            await self.calls.make(PostMessage(self.channel, page.text, page.blocks, self.root, mark)), "the post"
        )
        return _ts(result)

    async def edit(self, ts: str, page: Page) -> None:
        """Edit a message. Raises WrongError, UnseenError."""
        await self.done(UpdateMessage(self.channel, ts, page.text, page.blocks), "the edit")

    async def done(self, call: Call, what: str) -> None:
        """Make a call that should be taken. Raises WrongError, UnseenError."""
        taken(await self.calls.make(call), what)

    async def stream(self, markdown: str) -> str:
        """Begin a stream in the thread, and return its `ts`. Raises WrongError, UnseenError."""
        if not self.person:
            raise UnseenError("no member of the channel is known for whom a stream could be")
        place = (self.channel, self.root, self.person, self.identity.team)
        result = taken(await self.calls.make(StartStream(*place, markdown, mark="")), "the stream")
        return _ts(result)

    async def streamed(self, markdown: str, blocks: Blocks = ()) -> str:
        """Stream a whole message, with blocks under it, and return its `ts`. Raises WrongError, UnseenError."""
        ts = await self.stream(markdown)
        await self.done(StopStream(self.channel, ts, blocks=blocks), "the end of the stream")
        return ts

    async def read(self, ts: str) -> Mapping[str, object]:
        """A message of the thread as Slack gives it. Raises UnseenError."""
        where: dict[str, object] = {"channel": self.channel, "ts": self.root, "oldest": ts, "latest": ts}
        answer = await self.calls.ask("conversations.replies", {**where, "inclusive": True, "limit": 2})
        found = next((message for message in messages(answer) if string(message, "ts") == ts), None)
        if found is None:
            raise UnseenError("the message was not found again")
        return found

    async def not_previewed(self, ts: str) -> Observed:
        """Whether no preview has come under a message. Raises WrongError, UnseenError."""
        await asyncio.sleep(self.times.preview)
        attachments = (await self.read(ts)).get("attachments")
        if attachments:
            raise WrongError("a preview came")
        return Observed(Result.HOLDS, f"no preview within {self.times.preview:g} s")


def _ts(result: object) -> str:
    if not isinstance(result, Posted):
        raise UnseenError("the message has no ts")
    return result.ts


def holds(text: str) -> Observed:
    """It is as expected."""
    return Observed(Result.HOLDS, text)


def page_of(markdown: str, under: Blocks = ()) -> Page:
    """A text as the bot shows it, in one message."""
    document = Document(most=1)
    document.append(markdown)
    return document.pages(growing=False, footer=under)[0]


def same(sent: object, read: object, *, spaces: bool = True) -> bool:
    """Whether all that was sent is in what was read: Slack adds ids, characters of emoji and what is so by default.
    Without `spaces`, those at the ends of a text do not count."""
    if isinstance(sent, str):
        return isinstance(read, str) and (sent == read if spaces else sent.strip() == read.strip())
    if isinstance(sent, Mapping):
        return isinstance(read, Mapping) and all(
            same(value, read.get(key), spaces=spaces) for key, value in sent.items() if value not in (0, False, None)
        )
    if isinstance(sent, Sequence):
        return (
            isinstance(read, Sequence)
            and len(sent) == len(read)
            and all(same(one, other, spaces=spaces) for one, other in zip(sent, read, strict=True))
        )
    return sent == read


def blocks_of(message: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The blocks of a message as Slack gives it."""
    blocks = message.get("blocks")
    return [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []


def has(value: object, **wanted: object) -> bool:
    """Whether there is an object with these values anywhere in a value of JSON."""
    if isinstance(value, Mapping):
        here = all(value.get(key) == one for key, one in wanted.items())
        return here or any(has(inner, **wanted) for inner in value.values())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(has(inner, **wanted) for inner in value)
    return False

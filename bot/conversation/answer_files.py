"""Fetches the files that a flow has made for one answer, and holds what it wrote into the answer in their place.

Flowise is asked for a file by its chatflow, its chat and the file's name alone, never at an address that a model wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import structlog

from bot.conversation.file_room import FileRoom
from bot.conversation.flows import Flow
from bot.errors import FlowiseError, FlowiseFailed
from bot.flowise.events import Event, ResultFile, ResultFiles, Token
from bot.flowise.result_content import inline_content, name_in_slack
from bot.flowise.result_files import MOST_FILES
from bot.ports.files import FetchedFile
from bot.records.thread import OpenAnswer
from bot.reply.arriving import Arriving
from bot.reply.contract import ArrivedEvent, Finished, TurnEvent

log = structlog.get_logger(__name__)

# How often a file is asked for that has not come, and the seconds between.
_TRIES = 3
_PAUSE = 1.0
# While it is sent, what was written into an answer is held as text and as bytes.
_TWICE = 2
_SLICE = 4_000


class AnswerFiles:
    """Implements `bot.ports.files.FilesToSend`. `flow` returns the flow that was asked, None where there is none any
    more; `opened` tells what was noted of the answer, `largest` is in bytes.

    Bytes that are fetched have their place in `room`, where one waits for it; contents of answers in `inline`, where
    none waits, since whoever holds some must not. `close` gives all of it back. Contents that another process has had
    are read from the answer that Flowise has stored, where there is a key for it.
    """

    def __init__(
        self,
        flow: Callable[[], Awaitable[Flow | None]],
        room: FileRoom,
        inline: FileRoom,
        *,
        largest: int,
        opened: Callable[[], OpenAnswer],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flow = flow
        self._room = room
        self._inline = inline
        self._largest = largest
        self._opened = opened
        self._has_looked = False
        self._sleep = sleep
        self._files: dict[str, ResultFile] = {}

    async def taken_from(self, events: AsyncGenerator[ArrivedEvent, None]) -> AsyncGenerator[ArrivedEvent, None]:
        """The events of the answer without what its files hold, which is kept here."""
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ResultFiles):
                    self._take_all(event)
                    yield event.without_contents
                else:
                    yield event

    def close(self) -> None:
        """Let go of what is held."""
        for file in self._files.values():
            self._inline.give(_TWICE * len(file.content))
        self._files = {}

    def _take_all(self, event: ResultFiles) -> None:
        for file in event.files:
            self._take(file)

    def _take(self, file: ResultFile) -> None:
        known = self._files.get(file.key)
        if known is not None and (known.content or not file.content):
            return
        if known is None and len(self._files) == MOST_FILES:
            return
        fits = len(file.content) <= _TWICE * self._largest and self._inline.take_at_once(_TWICE * len(file.content))
        self._files[file.key] = file if fits else replace(file, content="")

    @asynccontextmanager
    async def fetched(self, key: str) -> AsyncIterator[FetchedFile | None]:
        """A file by its key; None where it cannot be had."""
        file = self._files.get(key)
        if file is None:
            yield None
        elif file.stored:
            await self._room.take(self._largest)  # how large it is, is only known at its end
            try:
                yield _named(file, await self._stored(file))
            finally:
                self._room.give(self._largest)
        else:
            if not file.content:
                await self._look()
            content = inline_content(self._files[key])
            yield _named(file, content if len(content) <= self._largest else b"")

    async def _stored(self, file: ResultFile) -> bytes | bytearray:
        if (flow := await self._flow()) is None:
            return b""
        for attempt in range(_TRIES):
            try:
                return await flow.flowise.files.made(self._opened().chat_id, file.stored, largest=self._largest)
            except FlowiseError as error:
                log.info("result file not fetched", reason=str(error))
                if isinstance(error, FlowiseFailed) or attempt + 1 == _TRIES:
                    break
            await self._sleep(_PAUSE)
        return b""

    async def _look(self) -> None:
        """Take what the files hold from the answer that Flowise has stored, once."""
        opened, flow = self._opened(), await self._flow()
        if self._has_looked or flow is None or not flow.reads_answers or opened.expected is None:
            return
        self._has_looked = True
        try:
            found = await flow.flowise.stored_answer(opened.chat_id, opened.expected)
        except FlowiseError as error:
            log.info("stored answer not read", reason=str(error))
            return
        arriving = Arriving()
        for event in _in_slices(found or ()):
            for arrived in arriving.receive(event):
                if isinstance(arrived, ResultFiles):
                    self._take_all(arrived)
            await asyncio.sleep(0)


def _in_slices(events: Iterable[Event]) -> Iterator[TurnEvent]:
    """The files and the text of an answer, in pieces none of which takes long to read; pictures may be in the text."""
    for event in events:
        if isinstance(event, Token):
            yield from (Token(event.text[start : start + _SLICE]) for start in range(0, len(event.text), _SLICE))
        elif isinstance(event, ResultFiles):
            yield event
    yield Finished()


def _named(file: ResultFile, content: bytes | bytearray) -> FetchedFile | None:
    """A file with its name; None for an empty one, which Slack does not take."""
    return FetchedFile(name_in_slack(file, content), content) if content else None

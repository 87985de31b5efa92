"""Fetches the files that a flow has made for one answer, and holds what it wrote into the answer in their place.

Flowise is asked for a file by its chatflow, its chat and the file's name alone, never at an address that a model wrote.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import structlog

from bot.conversation.file_room import FileRoom
from bot.errors import FlowiseError, FlowiseFailed
from bot.flowise.events import ResultFile, ResultFiles
from bot.flowise.result_content import inline_content, name_in_slack
from bot.ports.files import FetchedFile
from bot.ports.flowise import FlowFiles
from bot.reply.contract import ArrivedEvent

log = structlog.get_logger(__name__)

# How often a file is asked for that has not come, and the seconds between.
_TRIES = 3
_PAUSE = 1.0
# While it is sent, what was written into an answer is held as text and as bytes.
_TWICE = 2


class AnswerFiles:
    """Implements `bot.ports.files.FilesToSend`. `chat_id` tells the chat of the answer, `largest` is in bytes.

    Bytes that are fetched have their place in `room`, where one waits for it; contents of answers in `inline`, where
    none waits, since whoever holds some must not. `close` gives all of it back.
    """

    def __init__(
        self,
        flow: FlowFiles,
        room: FileRoom,
        inline: FileRoom,
        *,
        largest: int,
        chat_id: Callable[[], str],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._flow = flow
        self._room = room
        self._inline = inline
        self._largest = largest
        self._chat_id = chat_id
        self._sleep = sleep
        self._files: dict[str, ResultFile] = {}

    async def taken_from(self, events: AsyncGenerator[ArrivedEvent, None]) -> AsyncGenerator[ArrivedEvent, None]:
        """The events of the answer without what its files hold, which is kept here."""
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ResultFiles):
                    for file in event.files:
                        self._take(file)
                    yield event.without_contents
                else:
                    yield event

    def close(self) -> None:
        """Let go of what is held."""
        for file in self._files.values():
            self._inline.give(_TWICE * len(file.content))
        self._files = {}

    def _take(self, file: ResultFile) -> None:
        known = self._files.get(file.key)
        if known is not None and (known.content or not file.content):
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
            content = inline_content(file)
            yield _named(file, content if len(content) <= self._largest else b"")

    async def _stored(self, file: ResultFile) -> bytes | bytearray:
        for attempt in range(_TRIES):
            try:
                return await self._flow.made(self._chat_id(), file.stored, largest=self._largest)
            except FlowiseError as error:
                log.info("result file not fetched", reason=str(error))
                if isinstance(error, FlowiseFailed) or attempt + 1 == _TRIES:
                    break
            await self._sleep(_PAUSE)
        return b""


def _named(file: ResultFile, content: bytes | bytearray) -> FetchedFile | None:
    """A file with its name; None for an empty one, which Slack does not take."""
    return FetchedFile(name_in_slack(file, content), content) if content else None

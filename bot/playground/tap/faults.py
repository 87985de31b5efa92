"""Alters an answer on its way: not at all, or by one of the faults that Flowise has in real life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, Literal, TypeAlias

from aiohttp import web

from bot.playground.flowise.wire import END, HEARTBEAT, frame, prediction_error
from bot.playground.tap.frames import FramePiece, Frames
from bot.playground.tap.record import Record, RecordedPrediction

Fault: TypeAlias = Literal["none", "slow", "cut", "cut_without_key", "error", "silent", "down"]
FAULTS: Final[tuple[Fault, ...]] = ("none", "slow", "cut", "cut_without_key", "error", "silent", "down")
CUTS: Final[frozenset[Fault]] = frozenset({"cut", "cut_without_key"})
"""Without a key, nobody can read what Flowise has stored, and so what is missing of an answer."""

MIDDLE = 12
"""How many tokens come before an answer breaks: enough that something is to be seen."""
SLOW_SECONDS = 0.2
"""The pause after each frame of a slow answer: five tokens a second."""

# An answer that is shorter than MIDDLE breaks before these.
_CLOSING = frozenset({"metadata", "error", "abort", "end"})
_HEARTBEAT_SECONDS = 30.0  # Flowise's own (measured on Flowise 3.1.4)
# aiohttp's client reports a reset before it gives out what came just before it.
_BEFORE_CUT = 0.1

REASON = "terminated"
"""What Flowise says of a model whose connection broke (measured on Flowise 3.1.4)."""


class Switch:
    """The current fault. What waits because of it goes on when it changes."""

    def __init__(self) -> None:
        self._fault: Fault = "none"
        self._changed = asyncio.Event()

    @property
    def fault(self) -> Fault:
        return self._fault

    def set(self, fault: Fault) -> None:
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()

    async def pause(self, seconds: float) -> bool:
        """Wait so long, or until the fault has changed; whether it has not."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return True
        return False

    async def noise(self) -> None:
        """Wait while Flowise is to be silent."""
        while self._fault == "silent":
            await self._changed.wait()


class StreamRelay:
    """One stream on its way to the client, who has got its head.

    `fail` has the run itself fail where it can be made to, and says whether it does.
    """

    def __init__(
        self,
        switch: Switch,
        record: Record,
        recorded: RecordedPrediction,
        out: web.StreamResponse,
        fail: Callable[[], bool],
    ) -> None:
        self._switch, self._record, self._recorded, self._out, self._fail = switch, record, recorded, out, fail
        self._frames = Frames()
        self._between = True
        self._failing = False
        self._ended = "closed"

    async def through(self, chunks: AsyncIterator[bytes]) -> str:
        """Pass the stream on as it comes, to its end; how it has ended, as `RecordedPrediction` has it."""
        async for chunk in chunks:
            if self._switch.fault == "none":
                await self._send(chunk, *self._frames.feed(chunk))
                continue
            for piece in self._frames.feed(chunk):
                await self._silence()
                if self._is_in_the_middle(piece):
                    if self._switch.fault in CUTS:
                        await asyncio.sleep(_BEFORE_CUT)
                        return "cut"
                    if self._fails():
                        return await self._broken(chunks)
                await self._send(piece.data, piece)
                if self._switch.fault == "slow" and piece.frame is not None:
                    await self._switch.pause(SLOW_SECONDS)
        return self._ended

    def _is_in_the_middle(self, piece: FramePiece) -> bool:
        closing = piece.frame is not None and piece.frame.event in _CLOSING
        return closing or self._recorded.tokens >= MIDDLE

    def _fails(self) -> bool:
        """Whether the tap must send the error, and now; the local Flowise sends its own."""
        if self._switch.fault != "error" or self._failing or not self._between:
            return False
        self._failing = True
        return not self._fail()

    async def _broken(self, chunks: AsyncIterator[bytes]) -> str:
        """Send an error once the run is over: a client then takes the chat for free, and may ask again at once."""
        async for _ in chunks:
            pass
        for piece in self._frames.feed(frame("error", prediction_error(REASON)) + END):
            await self._send(piece.data, piece)
        return "error"

    async def _silence(self) -> None:
        while self._switch.fault == "silent":
            if await self._switch.pause(_HEARTBEAT_SECONDS) and self._between:
                await self._out.write(HEARTBEAT)

    async def _send(self, data: bytes, *pieces: FramePiece) -> None:
        """Pass bytes on, and note the pieces that they are."""
        await self._out.write(data)
        self._recorded.bytes += len(data)
        for piece in pieces:
            self._between = piece.frame is not None
            if piece.frame is not None:
                self._record.frame(self._recorded, piece.frame)
                self._note(piece.frame.event)

    def _note(self, event: str) -> None:
        if event == "error":
            self._ended = "error"
        elif event == "end":
            # All is said; a client may leave now without waiting for the connection's end.
            self._record.end(self._recorded, self._ended)

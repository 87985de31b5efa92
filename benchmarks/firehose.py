"""Stands in for Flowise at next to no cost for a token, so that what is measured is the bot's part."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from bot.playground.flowise.essay import WORDS_AT_MOST, essay
from bot.playground.flowise.wire import END, STREAM_HEADERS, frame

CHATFLOW_ID = "00000000-0000-4000-8000-00000000f1fe"

# Real streams are not in step: every tick serves one stream in so many.
_PHASES = 10
# A longer answer comes in larger tokens, or it would take minutes.
_LONG_ANSWER = 5_000
_LARGE_TOKEN = 50
_WORDS = re.compile(r"(\d+) words")


@dataclass(eq=False, slots=True)
class _Stream:
    transport: asyncio.Transport
    tokens: list[bytes]
    over: asyncio.Event
    sent: int = 0


class Firehose:
    """A server on 127.0.0.1 that answers "… in 1000 words …" with so many tokens, `rate` a second for each answer.

    An async context manager. It knows the prediction, the probe and the ping, and no more of Flowise. While `held` is
    set to a number, every answer waits once it has sent so many tokens.
    """

    def __init__(self, rate: float) -> None:
        self.url = ""
        self.sent = 0
        self.held: int | None = None
        self._tick = 1 / rate / _PHASES
        self._essays: dict[int, list[bytes]] = {}
        self._phases: list[list[_Stream]] = [[] for _ in range(_PHASES)]
        self._begun = 0

    @property
    def under_way(self) -> int:
        """How many answers have not been sent to their end."""
        return sum(map(len, self._phases))

    @property
    def waiting(self) -> int:
        """How many answers have sent as much as `held` lets them."""
        return sum(stream.sent == self.held for phase in self._phases for stream in phase)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/api/v1/chatflows-streaming/{flow}", self._probe)
        app.router.add_post("/api/v1/prediction/{flow}", self._predict)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._ticker = asyncio.create_task(self._ticks())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ticker.cancel()
        await asyncio.wait([self._ticker])
        for phase in self._phases:
            for stream in phase:
                stream.over.set()
        await self._runner.cleanup()

    async def _probe(self, _: web.Request) -> web.Response:
        return web.json_response({"isStreaming": True})

    async def _predict(self, request: web.Request) -> web.StreamResponse:
        asked = _WORDS.search((await request.json())["question"])
        response = web.StreamResponse(headers=dict(STREAM_HEADERS))
        response.enable_chunked_encoding()
        await response.prepare(request)
        transport = cast("asyncio.Transport", request.transport)  # uvloop's is one by its methods alone
        stream = _Stream(transport, self._tokens(int(asked[1]) if asked else 10), asyncio.Event())
        phase = self._phases[self._begun % _PHASES]
        self._begun += 1
        phase.append(stream)
        try:
            await stream.over.wait()
        finally:
            phase.remove(stream)
        return response

    def _tokens(self, words: int) -> list[bytes]:
        """The frames of an answer, as chunks of HTTP."""
        if words not in self._essays:
            parts = [essay(min(WORDS_AT_MOST, words - start)) for start in range(0, words, WORDS_AT_MOST)]
            size = _LARGE_TOKEN if words > _LONG_ANSWER else 1
            text = re.findall(rf"(?:\s*\S+){{1,{size}}}", "\n\n".join(parts))
            frames = [frame("start", ""), *(frame("token", token) for token in text), END]
            self._essays[words] = [b"%x\r\n%b\r\n" % (len(data), data) for data in frames]
        return self._essays[words]

    async def _ticks(self) -> None:
        """Written past aiohttp's response, whose drain and time-outs cost more than the bot's own reading."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for phase in self._phases:
                due += self._tick
                await asyncio.sleep(due - loop.time())
                for stream in phase:
                    self._send(stream)

    def _send(self, stream: _Stream) -> None:
        if stream.sent == self.held or stream.over.is_set():
            return
        stream.transport.write(stream.tokens[stream.sent])
        stream.sent += 1
        self.sent += 1
        if stream.sent == len(stream.tokens):
            stream.over.set()

"""Sends one prediction and reads its stream: aiohttp-sse-client's EventSource, changed to ask only once."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import aiohttp
from aiohttp_sse_client.client import CONTENT_TYPE_EVENT_STREAM, EventSource, MessageEvent

from bot.errors import (
    FlowiseBroke,
    FlowiseError,
    FlowiseSlow,
    FlowiseUnreachable,
    FlowiseUntrusted,
    ProxyFailed,
    RunState,
)
from bot.flowise.limits import CONNECT_SETTING, Deadline, DeadlineTracker, Limits
from bot.flowise.parse import hold
from bot.flowise.prediction import Uploads
from bot.flowise.refusals import HttpReply
from bot.flowise.request_body import PredictionBody
from bot.flowise.wire import FrameTooLargeError, Opening, Reader, SseMessage
from bot.network.outgoing import was_stopped, why

log = logging.getLogger(__name__)

NO_UPLOADS: Final = Uploads()

# Seconds. Tokens that come within this time are read together: Slack shows text a few times a second at most, and
# waking up costs more than a token does (docs/performance.md).
_TOGETHER = 0.05
# The most bytes that are read in that time. A server that sends faster, more than 20,000 tokens a second, has to wait:
# nobody reads as fast, and the other answers need the processor too.
_AT_ONCE = 64 * 1024
# The bytes that are parsed in one step of the event loop: the shortest lines are a byte long.
_SLICE = 4 * 1024
# Error bodies are for one log line.
_ERROR_BODY = 64 * 1024
# Seconds in which the rest of one is read after its first bytes have told that it is no stream.
_REST_SECONDS = 0.3


class NotAStreamError(Exception):
    """Flowise answered with something else than a stream: a JSON answer, which is a success, or a refusal."""

    def __init__(self, reply: HttpReply) -> None:
        super().__init__(f"HTTP {reply.status}, {reply.content_type}")
        self.reply = reply


class PredictionStream(EventSource):
    """One POST and its stream: `await connect()`, iterate, `await close()`.

    The library would ask again at the end of a body and after a lost connection, and each request is a paid run: this
    class never does. Iteration ends with the body, without an error; only Flowise's `end` event proves an answer
    complete.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        body: Mapping[str, object],
        headers: Mapping[str, str],
        limits: Limits,
        *,
        streaming: bool,
        clock: Callable[[], float],
        uploads: Uploads = NO_UPLOADS,
    ) -> None:
        super().__init__(url, option={"method": "POST"}, session=session)
        self._body = PredictionBody(body, uploads) if uploads.files else body
        self._headers = {
            **headers,
            "Accept": f"{CONTENT_TYPE_EVENT_STREAM}, application/json",
            "Accept-Encoding": "identity",
            "Cache-Control": "no-cache",
        }
        self._limits = limits
        self._clock = clock
        size = self._body.length if isinstance(self._body, PredictionBody) else 0
        self._patience = DeadlineTracker(limits, clock(), streaming=streaming, hears=uploads.are_heard, size=size)
        self._reader = Reader(limits.frame_bytes, hold)
        self._opening = Opening()
        self._is_labelled = False
        self._head = bytearray()
        """What was read before it was known what it is: nothing that is needed of a stream."""
        self._pending: Iterator[SseMessage] = iter(())
        self._unread = memoryview(b"")
        self._asked = False
        self._read_at = -math.inf
        self._read_again_at = -math.inf

    async def connect(self, retry: int = 0) -> None:
        """Send the request, and wait for the headers of the stream.

        Raises:
            NotAStreamError: something else was received, and was read: a failure or JSON.
            FlowiseUnreachable, FlowiseSlow, FlowiseBroke: no answer, or no complete one.
            RuntimeError: the request was sent before.
        """
        if self._asked:
            raise RuntimeError("a prediction is requested only once")
        self._asked = True
        deadline = self._patience.deadline()
        try:
            async with asyncio.timeout(deadline.at - self._clock()):
                response = await self._ask()
                if response.status != 200 or "json" in response.content_type:
                    raise NotAStreamError(await read_reply(response, self._limits.frame_bytes))
        except aiohttp.ClientError as error:
            raise exchange_error(error, self._limits) from error
        except TimeoutError:
            raise _gave_up(deadline) from None
        self._response = response
        self._is_labelled = response.content_type == CONTENT_TYPE_EVENT_STREAM
        self._origin = str(response.real_url.origin())
        self._patience.opened(self._clock())
        await self._connected()

    async def _ask(self) -> aiohttp.ClientResponse:
        body, headers = self._body, self._headers
        given: dict[str, Any] = {"json": body}
        if isinstance(body, PredictionBody):
            given = {"data": each(body.pieces())}
            headers = {**headers, "Content-Type": "application/json", "Content-Length": str(body.length)}
        return await self._session.request(
            self._method,
            self._url,
            headers=headers,
            allow_redirects=False,
            timeout=connect_timeout(self._limits),
            **given,
        )

    async def __anext__(self) -> MessageEvent:
        """The next message.

        Raises:
            StopAsyncIteration: the body has ended, complete or not.
            NotAStreamError: the body is something else, by its first bytes, and was read.
            FlowiseSlow: a limit has run out.
            FlowiseBroke: the connection was lost, or a frame is too large.
        """
        while True:
            try:
                for message in self._pending:
                    self._event_type = message.event
                    self._event_data = message.data
                    self._event_id = message.last_event_id
                    return self._dispatch_event()
                piece = await self._piece()
                await self._judge(piece)
                if not piece:
                    raise StopAsyncIteration
                self._pending = self._taken(piece)
            except FrameTooLargeError as error:
                raise FlowiseBroke(str(error)) from None

    async def _judge(self, piece: bytes) -> None:
        """See from the first bytes whether this is a stream at all: some proxies label one as text/plain, or not at
        all, and others send a web page with a stream's label. Raises NotAStreamError."""
        if self._opening.is_stream is not None:
            return
        self._head += piece
        is_stream = self._opening.feed(piece)
        is_other = is_stream is False or not piece
        if self._response is not None and (self._opening.is_page or (is_other and not self._is_labelled)):
            raise NotAStreamError(await self._rest(self._response))
        if is_stream is not None:
            self._head.clear()

    async def _rest(self, response: aiohttp.ClientResponse) -> HttpReply:
        """What has come, with as much of the rest as a line in the log needs, as an answer in one piece."""
        body = self._head + self._unread
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_REST_SECONDS):
                while len(body) <= _ERROR_BODY and (chunk := await response.content.readany()):
                    body += chunk
        return _reply(response, body, _ERROR_BODY)

    async def _piece(self) -> bytes:
        """The next bytes, few enough to be parsed in one step of the event loop; empty at the end of the body."""
        if self._unread:
            await asyncio.sleep(0)
        else:
            self._unread = memoryview(await self._chunk())
        piece, self._unread = self._unread[:_SLICE], self._unread[_SLICE:]
        return bytes(piece)

    async def _chunk(self) -> bytes:
        if self._response is None:
            return b""
        if (early := self._read_again_at - self._clock()) > 0:
            await asyncio.sleep(early)
        deadline = self._patience.deadline()
        try:
            async with asyncio.timeout(deadline.at - self._clock()):
                chunk = await self._response.content.readany()
        except aiohttp.ClientError as error:
            raise exchange_error(error, self._limits) from error
        except TimeoutError:
            raise _gave_up(deadline) from None
        if chunk and (rest := self._read_at + _TOGETHER - self._clock()) > 0:
            chunk += await self._more(self._response.content, rest)
        self._read_at = self._clock()
        self._read_again_at = self._read_at + _TOGETHER * (len(chunk) // _AT_ONCE)
        return chunk

    async def _more(self, content: aiohttp.StreamReader, seconds: float) -> bytes:
        """The bytes that come within a time. A failure is left to the next read, so that they are not lost."""
        more = bytearray()
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(seconds):
                while len(more) < _AT_ONCE and (chunk := await content.readany()):
                    more += chunk
        return bytes(more)

    def _taken(self, chunk: bytes) -> Iterator[SseMessage]:
        """The messages in a chunk. After the last one the limits are set anew."""
        now, frame, left_out = self._clock(), False, self._reader.left_out
        for message in self._reader.feed(chunk):
            frame = True
            yield message
        if left_out == 0 < self._reader.left_out:
            log.warning("list left out: over %d bytes (FLOWISE_FRAME_LIMIT)", self._limits.frame_bytes)
        self._patience.received(now, frame=frame, heartbeat=self._reader.comments > 0)

    def _dispatch_event(self) -> MessageEvent:
        """Build the message. The library's method would strip all trailing newlines and log the data."""
        self._last_event_id = self._event_id
        return MessageEvent(
            type=self._event_type or None,
            message=self._event_type,
            data=self._event_data,
            origin=self._origin,
            last_event_id=self._last_event_id,
        )


async def each(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a body, for a session that sends one after the other."""
    for piece in pieces:
        yield piece


def connect_timeout(limits: Limits) -> aiohttp.ClientTimeout:
    """A limit on connecting only: aiohttp's default would end any stream after 300 s."""
    return aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_connect=limits.connect)


async def read_reply(response: aiohttp.ClientResponse, largest: int) -> HttpReply:
    """Read an answer that is no stream, up to `largest` bytes if it is JSON, and release its connection."""
    cap = largest if response.status == 200 and "json" in response.content_type else _ERROR_BODY
    body = bytearray()
    async with response:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > cap:
                response.close()
                break
    return _reply(response, body, cap)


def _reply(response: aiohttp.ClientResponse, body: bytearray, cap: int) -> HttpReply:
    return HttpReply(
        status=response.status,
        headers=response.headers,
        content_type=response.content_type,
        body=bytes(body[:cap]),
        whole=len(body) <= cap,
    )


def exchange_error(error: aiohttp.ClientError, limits: Limits) -> FlowiseError:
    """The error that a fault of the connection stands for, before or after the request was sent."""
    name = type(error).__name__
    match error:
        case aiohttp.ConnectionTimeoutError():
            text = f"no connection: {CONNECT_SETTING} ran out after {limits.connect:g} s"
            return FlowiseSlow(text, run=RunState.NOT_STARTED, setting=CONNECT_SETTING)
        case aiohttp.ClientHttpProxyError() | aiohttp.ClientProxyConnectionError():
            return ProxyFailed(why(error), run=RunState.NOT_STARTED if was_stopped(error) else RunState.UNKNOWN)
        case aiohttp.ClientConnectorCertificateError():
            return FlowiseUntrusted(why(error), run=RunState.NOT_STARTED)
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return FlowiseUnreachable(f"no connection: {why(error)} ({name})", run=RunState.NOT_STARTED)
    return FlowiseBroke(f"the connection was lost ({name})")


def _gave_up(deadline: Deadline) -> FlowiseSlow:
    return FlowiseSlow(str(deadline), setting=deadline.setting)

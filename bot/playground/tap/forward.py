"""Forwards a request through the tap to the current upstream, and its answer back as it comes."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE

from bot.playground.flowise.wire import failure, prediction_error
from bot.playground.tap.faults import CUTS, MIDDLE, REASON, SLOW_SECONDS, StreamRelay, Switch
from bot.playground.tap.frames import LONGEST, Frame
from bot.playground.tap.listener import reset
from bot.playground.tap.record import Record, RecordedPrediction
from bot.playground.tap.upstream import Upstream, passed_on

BODY_AT_MOST: Final = 64 * 1024 * 1024
"""Bytes of a request: more than Flowise takes by default (50 MB), so that it is Flowise who refuses."""

_CONNECT_SECONDS = 10.0
# Node closes an idle connection after 5 s, and what is just then sent on it is lost (measured on Flowise 3.1.4).
_KEEPALIVE = 4.0
_LOOK_SECONDS = 10.0
# Bytes of an answer in one piece that are decoded to be shown; more than is shown of a frame.
_SHOWN = 5 * LONGEST
# A chatId that is no text is refused, and so is a file without its type, by older versions as well.
_NO_QUESTION: Final = {
    "question": "",
    "streaming": False,
    "chatId": 0,
    "uploads": [{"type": "file", "name": "none", "mime": "text/plain", "data": "none"}],
}
_OWN_HEADERS = frozenset({"Accept", "Accept-Encoding", "User-Agent", "Content-Type"})


def new_session() -> aiohttp.ClientSession:
    """The session for requests upstream: no limit on waiting but for the connection, bodies as they are."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(keepalive_timeout=_KEEPALIVE, limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        skip_auto_headers=_OWN_HEADERS,
        auto_decompress=False,
    )


@dataclass(slots=True)
class Target:
    """Where requests are forwarded to now; this may change at any time.

    `asked_of` is the upstream whose probe the bot has seen last, and `streams` what another one's has told us.
    """

    upstream: Upstream
    asked_of: Upstream | None = None
    streams: tuple[Upstream, bool | None] | None = None


class Forwarding:
    """The tap's routes. `chatflow_id` is the one that the bot is told; `fail` has a chat's run on an upstream fail."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        switch: Switch,
        record: Record,
        target: Target,
        chatflow_id: str,
        fail: Callable[[Upstream, str], bool],
    ) -> None:
        self._session, self._switch, self._record, self._target = session, switch, record, target
        self._chatflow_id, self._fail = chatflow_id, fail

    def application(self) -> web.Application:
        app = web.Application(client_max_size=BODY_AT_MOST)
        app.router.add_post(f"/api/v1/prediction/{self._chatflow_id}", self._prediction)
        app.router.add_get(f"/api/v1/chatflows-streaming/{self._chatflow_id}", self._probe)
        app.router.add_get(f"/api/v1/chatmessage/{self._chatflow_id}", self._stored)
        app.router.add_route("*", "/{rest:.*}", self._small)
        app.on_response_prepare.append(_without_our_name)
        return app

    async def look(self, upstream: Upstream) -> tuple[int, bytes]:
        """The status and body of the upstream's probe. Raises aiohttp's errors and TimeoutError."""
        return await self._looked("GET", f"/api/v1/chatflows-streaming/{self._chatflow_id}", upstream, {}, None)

    async def is_let_in(self, upstream: Upstream) -> bool:
        """Whether the flow takes the upstream's key, or the lack of one, as far as can be seen without a question.

        What is sent is refused before a model is asked, and the key is looked at before that (measured on Flowise
        3.1.4). Raises aiohttp's errors and TimeoutError.
        """
        place, headers = f"/api/v1/prediction/{self._chatflow_id}", {"Content-Type": "application/json"}
        status, body = await self._looked("POST", place, upstream, headers, json.dumps(_NO_QUESTION).encode())
        return status not in {401, 403} and not str(_json(body).get("message", "")).endswith("Unauthorized")

    async def _looked(
        self, method: str, place: str, upstream: Upstream, headers: Mapping[str, str], sent: bytes | None
    ) -> tuple[int, bytes]:
        async with asyncio.timeout(_LOOK_SECONDS):
            async with await self._ask(method, place, upstream, headers, sent) as answer:
                return answer.status, await answer.read()

    async def _small(self, request: web.Request) -> web.StreamResponse:
        return await self._answered(request, self._target.upstream, await request.read() or None, None)

    async def _probe(self, request: web.Request) -> web.StreamResponse:
        self._target.asked_of = upstream = self._target.upstream
        return await self._answered(request, upstream, None, None)

    async def _stored(self, request: web.Request) -> web.StreamResponse:
        if self._switch.fault == "cut_without_key":
            return web.json_response({"error": "Unauthorized Access"}, status=401)  # as Flowise says it
        return await self._small(request)

    async def _prediction(self, request: web.Request) -> web.StreamResponse:
        upstream, raw = self._target.upstream, await request.read()
        given = _json(raw)
        body = await self._as_it_streams(upstream, given)
        raw = raw if body is given else json.dumps(body).encode()
        recorded = self._record.begin(upstream, body)
        try:
            if self._switch.fault == "error" and body.get("streaming") not in (True, "true"):
                return self._failed(recorded)  # it is not even asked, so that it remembers nothing of it
            return await self._answered(request, upstream, raw, recorded)
        except ConnectionError:
            self._gone(recorded)
            return web.Response()
        except asyncio.CancelledError:
            self._gone(recorded)
            raise

    def _gone(self, recorded: RecordedPrediction) -> None:
        """The client's connection is closed: by the client, or by us, where we are down."""
        self._record.end(recorded, "cut" if self._switch.fault == "down" else "left")

    async def _as_it_streams(self, upstream: Upstream, body: Mapping[str, object]) -> Mapping[str, object]:
        """The body as the bot would send it if it knew this upstream: it keeps the probe's answer for a minute."""
        if self._target.asked_of in (None, upstream) or not body:
            return body
        if self._target.streams is None or self._target.streams[0] is not upstream:
            self._target.streams = (upstream, await self._streams(upstream))
        streams = self._target.streams[1]
        return body if streams is None or body.get("streaming") is streams else {**body, "streaming": streams}

    async def _streams(self, upstream: Upstream) -> bool | None:
        try:
            return can_stream(*await self.look(upstream))
        except (aiohttp.ClientError, TimeoutError):
            return None  # the prediction is to meet that itself

    async def _ask(
        self, method: str, raw_path: str, upstream: Upstream, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        if body and raw_path.endswith("/feedback"):  # the one request that names the chatflow in its body alone
            body = body.replace(self._chatflow_id.encode(), upstream.chatflow_id.encode())
        return await self._session.request(
            method,
            upstream.address(raw_path, self._chatflow_id),
            headers=upstream.headers(headers, key=self._chatflow_id in raw_path),
            data=io.BytesIO(body) if body else None,  # aiohttp warns of large bodies that are bytes
            allow_redirects=False,  # it would carry the key elsewhere
        )

    async def _answered(
        self, request: web.Request, upstream: Upstream, body: bytes | None, recorded: RecordedPrediction | None
    ) -> web.StreamResponse:
        try:
            answer = await self._ask(request.method, request.raw_path, upstream, request.headers, body)
        except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError, aiohttp.InvalidURL):
            return self._unreachable(upstream, recorded)
        except aiohttp.ClientError:
            return self._cut(request, recorded)
        async with answer:
            try:
                if recorded is None:
                    return await _whole(answer)
                self._record.answered(recorded, answer.status)
                if answer.content_type == "text/event-stream":
                    return await self._stream(request, upstream, answer, recorded)
                return await self._piece(request, answer, recorded)
            except aiohttp.ClientPayloadError:
                return self._cut(request, recorded)

    async def _stream(
        self, request: web.Request, upstream: Upstream, answer: aiohttp.ClientResponse, recorded: RecordedPrediction
    ) -> web.StreamResponse:
        out = web.StreamResponse(status=answer.status, reason=answer.reason, headers=passed_on(answer.headers))
        await out.prepare(request)
        chat_id = str(recorded.request.get("chatId", ""))
        relay = StreamRelay(self._switch, self._record, recorded, out, lambda: self._fail(upstream, chat_id))
        ended = await relay.through(answer.content.iter_any())
        if ended == "cut":
            return self._cut(request, recorded)
        await out.write_eof()
        self._record.end(recorded, ended)
        return out

    async def _piece(
        self, request: web.Request, answer: aiohttp.ClientResponse, recorded: RecordedPrediction
    ) -> web.StreamResponse:
        """An answer in one piece."""
        out = await _whole(answer)
        await self._switch.noise()
        if self._switch.fault == "slow":
            await self._switch.pause(SLOW_SECONDS * MIDDLE)
        if self._switch.fault == "error":
            return self._failed(recorded)
        if self._switch.fault in CUTS:
            return self._cut(request, recorded)
        self._give(recorded, out)
        return out

    def _failed(self, recorded: RecordedPrediction) -> web.Response:
        """What Flowise answers when a run has failed and no stream was asked for."""
        reply = failure(500, prediction_error(REASON))
        return self._made(recorded, web.Response(status=reply.status, body=reply.body, headers=reply.headers))

    def _unreachable(self, upstream: Upstream, recorded: RecordedPrediction | None) -> web.Response:
        out = web.json_response({"message": f"There is no answer at {upstream.url}."}, status=502)
        return out if recorded is None else self._made(recorded, out)

    def _made(self, recorded: RecordedPrediction, out: web.Response) -> web.Response:
        self._record.answered(recorded, out.status)
        self._give(recorded, out)
        return out

    def _give(self, recorded: RecordedPrediction, out: web.Response) -> None:
        body = out.body if isinstance(out.body, bytes) else b""
        recorded.bytes = len(body)
        event = "json" if "json" in out.content_type else "text"
        self._record.frame(recorded, Frame(event, body[:_SHOWN].decode("utf-8", "replace"), len(body)))
        self._record.end(recorded, "closed" if out.status < 400 else "error")

    def _cut(self, request: web.Request, recorded: RecordedPrediction | None) -> web.Response:
        """Break the connection off; what is returned goes nowhere."""
        if recorded is not None:
            self._record.end(recorded, "cut")
        reset(request.transport)
        return web.Response()


def can_stream(status: int, body: bytes) -> bool | None:
    """Read the probe's answer: whether the flow streams, False also where there is no such flow.

    Asked for a stream, a server that has no such flow would not answer at all (measured on Flowise 3.1.4).
    """
    streams = _json(body).get("isStreaming") if status == 200 else None
    if isinstance(streams, bool):
        return streams
    return False if status >= 500 else None


async def _whole(answer: aiohttp.ClientResponse) -> web.Response:
    headers = passed_on(answer.headers)
    headers.popall("Content-Length", None)
    return web.Response(status=answer.status, reason=answer.reason, body=await answer.read(), headers=headers)


async def _without_our_name(_: web.Request, response: web.StreamResponse) -> None:
    if response.headers.get("Server") == SERVER_SOFTWARE:
        del response.headers["Server"]


def _json(raw: bytes) -> Mapping[str, object]:
    """A JSON object; an empty one where it is none."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}

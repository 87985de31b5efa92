"""The subclass of the library's EventSource, over real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.errors import FlowiseBroke, FlowiseSlow, FlowiseUnreachable, RunState
from bot.flowise.limits import Limits
from bot.flowise.stream import NotAStreamError, PredictionStream

if TYPE_CHECKING:
    from tests.flowise.conftest import Server

MakeStream = Callable[..., PredictionStream]


@pytest.fixture
def make_stream(server: Server, session: aiohttp.ClientSession) -> MakeStream:
    def make(
        limits: Limits = Limits(),  # noqa: B008 - frozen
        *,
        headers: dict[str, str] | None = None,
        streaming: bool = True,
    ) -> PredictionStream:
        url = f"{server.url}/api/v1/prediction/x"
        body = {"question": "?"}
        return PredictionStream(session, url, body, headers or {}, limits, streaming=streaming, clock=time.monotonic)

    return make


async def data_of(stream: PredictionStream) -> list[str]:
    async with stream:
        return [message.data async for message in stream]


async def test_it_posts_once_with_its_own_headers(server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.stream(b"event: token\ndata:  a\n\nid: 7\n", b"data: b\n", b"\n"))
    headers = {"Authorization": "Bearer k"}
    async with make_stream(headers=headers) as stream:
        messages = [message async for message in stream]

    assert [(message.type, message.data, message.last_event_id) for message in messages] == [
        ("token", " a", ""),
        (None, "b", "7"),
    ]
    assert messages[0].origin == server.url
    [post] = server.posts
    assert post.json() == {"question": "?"}
    assert post.headers["accept-encoding"] == "identity"
    assert post.headers["authorization"] == "Bearer k"
    assert headers == {"Authorization": "Bearer k"}


async def test_the_end_of_the_body_is_quiet_and_nothing_is_asked_again(server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.stream(b"data: a\n\ndata: lost"))
    stream = make_stream()
    assert await data_of(stream) == ["a"]
    with pytest.raises(RuntimeError):
        await stream.connect()
    assert [message.data async for message in stream] == []
    assert len(server.posts) == 1


async def test_frames_of_megabytes_pass(server: Server, make_stream: MakeStream) -> None:
    big = "x" * 2_000_000
    server.predicts(server.stream(f"data: {big}\n\n".encode(), b"data: b\n\n"))
    assert await data_of(make_stream()) == [big, "b"]


async def test_a_frame_over_the_cap_ends_it(server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.stream(b"data: a\n\n", b"data: " + b"x" * 1000, then="hang"))
    async with make_stream(Limits(frame_bytes=500)) as stream:
        assert (await anext(stream)).data == "a"
        with pytest.raises(FlowiseBroke, match="500 bytes"):
            await anext(stream)
    await server.was_left()


async def test_lists_over_the_cap_are_left_out_and_told_once(
    server: Server, make_stream: MakeStream, caplog: pytest.LogCaptureFixture
) -> None:
    large = b'data:{"event":"sourceDocuments","data":[' + b"{}," * 1000 + b"{}]}\n\n"
    server.predicts(server.stream(large, large, b"data: a\n\n"))
    frames = await data_of(make_stream(Limits(frame_bytes=500)))
    assert [len(frame) for frame in frames] == [59, 59, 1]
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "list left out: over 500 bytes (FLOWISE_FRAME_LIMIT)"
    ]


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_connection_lost_in_the_stream(then: str, server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.stream(b"data: a\n\n", then=then))
    with pytest.raises(FlowiseBroke) as failed:
        await data_of(make_stream())
    assert failed.value.run is RunState.UNKNOWN
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("sent", "limits", "setting"),
    [
        (None, Limits(headers=0.1), "FLOWISE_HEADERS_TIMEOUT ran out after 0.1 s"),
        (b"data: a\n\n", Limits(events=0.1), "FLOWISE_EVENT_TIMEOUT"),
        (b":heartbeat\n\n", Limits(silence=0.1), "FLOWISE_SILENCE_TIMEOUT"),
        (b"data: a\n\n", Limits(silence=0.01, events=0.1), "FLOWISE_EVENT_TIMEOUT"),
        (b"data: a\n\n", Limits(total=0.1), "FLOWISE_TOTAL_TIMEOUT"),
    ],
)
async def test_a_limit_runs_out(
    sent: bytes | None, limits: Limits, setting: str, server: Server, make_stream: MakeStream
) -> None:
    server.predicts(server.stream(sent, then="hang") if sent else server.silence())
    with pytest.raises(FlowiseSlow, match=setting) as failed:
        await data_of(make_stream(limits))
    assert failed.value.run is RunState.UNKNOWN
    await server.was_left()
    assert len(server.posts) == 1


async def test_an_answer_that_is_no_stream_has_the_json_limit(server: Server, make_stream: MakeStream) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    server.predicts(server.silence(sent=(head, b'{"text":')))
    with pytest.raises(FlowiseSlow, match="FLOWISE_JSON_TIMEOUT"):
        await make_stream(Limits(json=0.1), streaming=False).connect()
    await server.was_left()


async def test_a_json_answer_comes_whole(server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.json({"text": "x" * 100_000}))
    with pytest.raises(NotAStreamError) as other:
        await make_stream().connect()
    reply = other.value.reply
    assert (reply.status, reply.whole, reply.json()) == (200, True, {"text": "x" * 100_000})


async def test_a_body_is_read_up_to_a_cap(server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.json({"text": "x" * 100_000}), server.page(500, "text/plain", "x" * 100_000))
    for limits, length in ((Limits(frame_bytes=1000), 1000), (Limits(), 64 * 1024)):
        with pytest.raises(NotAStreamError) as other:
            await make_stream(limits).connect()
        assert not other.value.reply.whole
        assert len(other.value.reply.body) == length


async def test_a_redirect_is_not_followed(server: Server, make_stream: MakeStream) -> None:
    server.predicts(server.page(307, "text/plain", "", Location=f"{server.url}/elsewhere"))
    with pytest.raises(NotAStreamError) as other:
        await make_stream().connect()
    assert other.value.reply.status == 307
    assert len(server.requests) == 1


async def test_a_refused_connection(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/"
    stream = PredictionStream(session, url, {}, {}, Limits(), streaming=True, clock=time.monotonic)
    with pytest.raises(FlowiseUnreachable) as failed:
        await stream.connect()
    assert failed.value.run is RunState.NOT_STARTED


async def test_a_connection_that_is_not_made_in_time(session: aiohttp.ClientSession) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        # The queue of connections takes no more: the next ones are neither taken nor refused.
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        limits = Limits(connect=0.1, headers=20)
        url = f"http://127.0.0.1:{port}/"
        stream = PredictionStream(session, url, {}, {}, limits, streaming=True, clock=time.monotonic)
        with pytest.raises(FlowiseSlow, match="FLOWISE_CONNECT_TIMEOUT") as failed:
            await stream.connect()
        assert failed.value.run is RunState.NOT_STARTED
        for one in waiting:
            one.close()

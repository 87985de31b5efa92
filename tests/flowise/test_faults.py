"""What a network and the proxies in it do to an answer, over real sockets: each fault has its own error, and its end.

What a server says by itself is in the recordings (test_recordings.py) and in test_client.py.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import socket
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.errors import FlowiseError, RunState
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, Event, Metadata, Token
from bot.flowise.prediction import Prediction
from bot.playground.flowise import LocalFlowise, Script
from bot.playground.tap.proxy import HOST, FaultProxy, Way
from bot.playground.tap.proxy import ConnectionEnd as Ending
from bot.records.thread import Expected
from tests.flowise.conftest import FLOW, STREAM_HEAD, Answer, chunked
from tests.network.certificate import showing_it

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import MakeClient, Server

QUESTION = Prediction("Who?", "c")
IMPATIENT = Limits(headers=0.5, events=0.3, refused_pause=0)


async def asked(client: Client) -> tuple[list[Event], FlowiseError | None]:
    """The events of an answer, and the error it ended with."""
    events: list[Event] = []
    try:
        async for event in client.predict(QUESTION):
            events.append(event)  # noqa: PERF401  # what came before the error counts
    except FlowiseError as error:
        return events, error
    return events, None


async def failed(client: Client) -> tuple[type[FlowiseError], RunState, str]:
    _, error = await asked(client)
    assert error is not None
    return type(error), error.run, str(error)


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[FaultProxy]:
    """A proxy before the server of bytes."""
    async with FaultProxy(HOST, server.port) as proxy:
        yield proxy


def behind(proxy: FaultProxy, make_client: MakeClient, **more: object) -> Client:
    return make_client(url=f"http://{HOST}:{proxy.port}", **more)


def hello(server: Server) -> Answer:
    return server.events(("token", "Hello"), ("end", "[DONE]"))


# Silence --------------------------------------------------------------------------------------------------------------


async def test_a_server_that_answers_nothing_at_all(server: Server, make_client: MakeClient) -> None:
    """The probe is left, the question is asked for a stream all the same, and has the limit on headers."""
    server.probes(server.silence())
    server.predicts(server.silence())
    kind, run, text = await failed(make_client(limits=IMPATIENT))
    assert (kind, run) == (errors.FlowiseSlow, RunState.UNKNOWN)
    assert "FLOWISE_HEADERS_TIMEOUT" in text
    assert len(server.posts) == 1


async def test_headers_may_be_late_but_not_too_late(server: Server, proxy: FaultProxy, make_client: MakeClient) -> None:
    server.predicts(hello(server))
    proxy.delay(0.1, Way.TO_CLIENT)
    assert await asked(behind(proxy, make_client, limits=Limits(headers=5))) == ([Token("Hello"), End()], None)
    kind, run, text = await failed(behind(proxy, make_client, limits=Limits(headers=0.05)))
    assert (kind, run) == (errors.FlowiseSlow, RunState.UNKNOWN)
    assert "FLOWISE_HEADERS_TIMEOUT" in text


async def test_heartbeats_before_a_dead_worker_go_on_for_ever(session: aiohttp.ClientSession) -> None:
    async with LocalFlowise(heartbeat=0.01) as flowise:
        flowise.script("plain", Script(stalls=True))
        client = Client(session, flowise.url, flowise.flow("plain"), None, Limits(events=0.3))
        kind, run, text = await failed(client)
        assert (kind, run) == (errors.FlowiseSlow, RunState.UNKNOWN)
        assert "FLOWISE_EVENT_TIMEOUT" in text
        await flowise.predictions[0].gone()


async def test_a_line_that_falls_silent_in_the_stream(
    server: Server, proxy: FaultProxy, make_client: MakeClient
) -> None:
    """As where a firewall forgets a connection: nobody is told, and nothing ends."""
    server.predicts(server.events(("token", "a"), then="hang"))
    async with aclosing(behind(proxy, make_client, limits=IMPATIENT).predict(QUESTION)) as events:
        assert await anext(events) == Token("a")
        proxy.stall()
        with pytest.raises(errors.FlowiseSlow, match="FLOWISE_EVENT_TIMEOUT"):
            await anext(events)


HALF = b'message:\ndata:{"event":"token","data":"b'


@pytest.mark.parametrize(
    ("then", "kind"), [("hang", errors.FlowiseSlow), ("keep", errors.FlowiseBroke), ("reset", errors.FlowiseBroke)]
)
async def test_half_a_frame_is_no_word(
    then: str, kind: type[FlowiseError], server: Server, make_client: MakeClient
) -> None:
    whole = b'message:\ndata:{"event":"token","data":"a"}\n\n'
    server.predicts(server.stream(whole, HALF, then=then))
    events, error = await asked(make_client(limits=IMPATIENT))
    assert (events, type(error)) == ([Token("a")], kind)
    assert len(server.posts) == 1


async def test_bytes_that_never_make_a_frame_are_not_waited_for(server: Server, make_client: MakeClient) -> None:
    server.predicts(Answer((STREAM_HEAD, *[chunked(b"x")] * 100), "hang"))
    kind, _, text = await failed(make_client(limits=IMPATIENT))
    assert kind is errors.FlowiseSlow
    assert "FLOWISE_EVENT_TIMEOUT" in text


# Connections that end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", Ending)
async def test_a_proxy_that_cuts_a_connection_between_two_questions(
    how: Ending, server: Server, proxy: FaultProxy, make_client: MakeClient
) -> None:
    server.predicts(hello(server))
    client = behind(proxy, make_client)
    for _ in range(3):
        assert await asked(client) == ([Token("Hello"), End()], None)
        proxy.cut(how)
        for _ in range(10):  # turns of the loop, until the end has been heard
            await asyncio.sleep(0)
    assert len(server.posts) == 3


@pytest.mark.parametrize("how", Ending)
async def test_a_proxy_that_cuts_when_the_question_is_on_its_way(
    how: Ending, server: Server, proxy: FaultProxy, make_client: MakeClient
) -> None:
    """It may have arrived: it is not asked again."""
    server.predicts(hello(server))
    client = behind(proxy, make_client)
    assert (await asked(client))[1] is None
    proxy.cut_after(0, Way.TO_CLIENT, how)
    kind, run, _ = await failed(client)
    assert (kind, run) == (errors.FlowiseBroke, RunState.UNKNOWN)
    assert len(server.posts) == 2


@pytest.mark.parametrize("how", Ending)
async def test_a_proxy_that_cuts_an_answer_leaves_it_to_be_read_back(
    how: Ending, session: aiohttp.ClientSession
) -> None:
    async with AsyncExitStack() as stack:
        flowise = await stack.enter_async_context(LocalFlowise(api_key="k", tokens_per_second=math.inf))
        proxy = await stack.enter_async_context(FaultProxy(HOST, int(flowise.url.rpartition(":")[2])))
        goes_on = asyncio.Event()
        flowise.script("plain", Script(tokens=("All ", "of ", "it"), hold=goes_on, hold_after=1))
        client = Client(session, f"http://{HOST}:{proxy.port}", flowise.flow("plain"), "k", Limits())
        async with aclosing(client.predict(QUESTION)) as events:
            assert await anext(events) == Token("All ")
            proxy.cut(how)
            with pytest.raises(errors.FlowiseBroke) as broke:
                await anext(events)
        assert broke.value.run is RunState.UNKNOWN
        goes_on.set()
        await flowise.predictions[0].over()
        stored = await client.stored_answer("c", Expected("Who?", ""))
        assert stored is not None
        assert stored[0] == Token("All of it")
        assert len(flowise.predictions) == 1


async def test_what_answers_speaks_no_http(server: Server, make_client: MakeClient) -> None:
    server.probes(Answer((b"SSH-2.0-OpenSSH_9.2\r\n",), "close"))
    server.predicts(Answer((b"SSH-2.0-OpenSSH_9.2\r\n",), "close"))
    kind, run, _ = await failed(make_client())
    assert (kind, run) == (errors.FlowiseBroke, RunState.UNKNOWN)


# Names and certificates -----------------------------------------------------------------------------------------------


async def test_a_name_that_nobody_knows(session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)  # a real resolver may take its time to say so
    kind, run, text = await failed(Client(session, "http://flowise.invalid", FLOW, None, IMPATIENT))
    assert (kind, run) == (errors.FlowiseUnreachable, RunState.NOT_STARTED)
    assert "the name is not known" in text


@asynccontextmanager
async def speaking(server: Server) -> AsyncIterator[int]:
    """The server of bytes behind TLS; its port."""
    async with await asyncio.start_server(server.handle, HOST, 0, ssl=showing_it()) as listener:
        yield listener.sockets[0].getsockname()[1]


async def test_a_certificate_that_nobody_has_signed(server: Server, session: aiohttp.ClientSession) -> None:
    async with speaking(server) as port:
        client = Client(session, f"https://{HOST}:{port}", FLOW, "the key", IMPATIENT)
        kind, run, text = await failed(client)
        assert (kind, run) == (errors.FlowiseUntrusted, RunState.NOT_STARTED)
        assert text == "the certificate is not trusted: self-signed certificate"
        with pytest.raises(errors.FlowiseUntrusted):
            await client.check()
    assert server.requests == []


async def test_https_where_only_http_is_spoken(session: aiohttp.ClientSession) -> None:
    async with LocalFlowise() as flowise:
        url = flowise.url.replace("http:", "https:")
        kind, run, text = await failed(Client(session, url, FLOW, "the key", Limits(refused_pause=0)))
    assert (kind, run) == (errors.FlowiseUnreachable, RunState.NOT_STARTED)
    assert "SSL" in text


# Answers of something else --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed_with_the_key(status: int, server: Server, make_client: MakeClient) -> None:
    visited = asyncio.Event()

    async def elsewhere(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visited.set()
        writer.close()

    async with await asyncio.start_server(elsewhere, HOST, 0) as other:
        away = server.page(status, "text/html", "", Location=f"http://{HOST}:{other.sockets[0].getsockname()[1]}/")
        for method in ("GET", "POST", "PUT"):
            server.on(method, "/", away)
        server.probes(away)
        client = make_client(key="the key")
        kind, run, _ = await failed(client)
        assert (kind, run) == (errors.NotFlowise, RunState.NOT_STARTED)
        assert not await client.abort("c")
        assert not await client.has_stored("c", Expected("Who?", ""))
        with pytest.raises(errors.FlowiseUnreachable):
            await client.stored_answer("c", Expected("Who?", ""))
        with pytest.raises(errors.NotFlowise):
            await client.check()
    assert not visited.is_set()


async def test_a_question_that_is_too_large_for_the_proxy(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.page(413, "text/html", "<html>413 Request Entity Too Large"))
    kind, run, _ = await failed(make_client())
    assert (kind, run) == (errors.FlowiseTooLarge, RunState.NOT_STARTED)


async def test_a_json_answer_without_an_end_is_left(server: Server, make_client: MakeClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.predicts(Answer((head, chunked(b'{"text":"'), *[chunked(b"x" * 1000)] * 100), "hang"))
    kind, _, text = await failed(make_client(limits=Limits(frame_bytes=10_000)))
    assert kind is errors.FlowiseBroke
    assert "FLOWISE_FRAME_LIMIT" in text
    await server.was_left()


# Compressed, though we ask for identity -------------------------------------------------------------------------------


def packed(content_type: str, body: bytes, encoding: str = "gzip") -> Answer:
    lines = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Encoding: {encoding}\r\n"
    return Answer((f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body,))


async def test_a_stream_that_a_proxy_has_compressed(server: Server, make_client: MakeClient) -> None:
    """Frame by frame: a word is shown before the next one is there."""
    head = STREAM_HEAD.replace(b"Transfer", b"Content-Encoding: gzip\r\nTransfer")
    packer = zlib.compressobj(wbits=31)
    frames = [json.dumps({"event": "token", "data": word}).encode() for word in ("a", "b")]
    parts = [packer.compress(b"data:" + f + b"\n\n") + packer.flush(zlib.Z_SYNC_FLUSH) for f in frames]
    server.predicts(Answer((head, *map(chunked, parts)), "hang"))
    async with aclosing(make_client().predict(QUESTION)) as events:
        assert [await anext(events), await anext(events)] == [Token("a"), Token("b")]
    assert server.posts[0].headers["accept-encoding"] == "identity"


async def test_a_json_answer_that_a_proxy_has_compressed(server: Server, make_client: MakeClient) -> None:
    server.predicts(packed("application/json", gzip.compress(b'{"text":"Hello","chatId":"c"}')))
    assert await asked(make_client()) == ([Token("Hello"), Metadata("c"), End()], None)


async def test_a_small_answer_that_unpacks_to_a_huge_one(server: Server, make_client: MakeClient) -> None:
    server.predicts(packed("application/json", gzip.compress(b'{"text":"' + b"x" * 5_000_000)))
    kind, _, text = await failed(make_client(limits=Limits(frame_bytes=100_000)))
    assert kind is errors.FlowiseBroke
    assert "FLOWISE_FRAME_LIMIT" in text


@pytest.mark.parametrize("encoding", ["gzip", "br", "unheard-of"])
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
async def test_what_cannot_be_unpacked(
    encoding: str, content_type: str, server: Server, make_client: MakeClient
) -> None:
    server.predicts(packed(content_type, b"\x00no such format", encoding))
    kind, _, _ = await failed(make_client())
    assert kind in (errors.FlowiseBroke, errors.NotFlowise)

"""Strangers on the port, over real sockets: who holds connections open, who sends nonsense, who reads nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.serving.connections import ConnectionLimits, _address
from bot.serving.server import served

HALF = b"GET /fast HTTP/1.1\r\nHost: x\r\n"
WHOLE = HALF + b"\r\n"
LONG = 60.0
"""Seconds, for what is not to run out in a test."""

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Server:
    """A port within limits: /fast answers at once, /slow when it is let, /body when it has one, /much with a lot."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.let = asyncio.Event()
        self.limits = limits
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Server]:
        async def fast(_: web.Request) -> web.Response:
            return web.Response(text="here")

        async def slow(_: web.Request) -> web.Response:
            await self.let.wait()
            return web.Response(text="here")

        async def body(request: web.Request) -> web.Response:
            await request.read()
            return web.Response(text="read")

        async def much(_: web.Request) -> web.Response:
            return web.Response(body=bytes(64 * 1024 * 1024))

        application = web.Application()
        for name, handler in {"fast": fast, "slow": slow, "body": body, "much": much}.items():
            application.router.add_route("*", f"/{name}", handler)
        async with served(application, "127.0.0.1", 0, "PORT", self.limits) as self.port:
            yield self
            self.let.set()
            for writer in self._writers:
                writer.close()

    async def connect(self, sent: bytes = b"", *, source: str = "127.0.0.1") -> Pair:
        pair = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        self._writers.append(pair[1])
        pair[1].write(sent)
        return pair

    async def status(self, sent: bytes = WHOLE, *, source: str = "127.0.0.1") -> int:
        """What a newcomer is answered; 0 where the connection is closed without a word."""
        return await answered(await self.connect(sent, source=source))


async def answered(pair: Pair) -> int:
    async with asyncio.timeout(10):
        try:
            line = await pair[0].readline()
        except ConnectionError:
            return 0
    return int(line.split()[1]) if line else 0


async def closed(pair: Pair) -> bool:
    """Wait for the end of a connection, and read what comes until then."""
    try:
        async with asyncio.timeout(10):
            while await pair[0].read(65_536):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


def still_open(pair: Pair) -> bool:
    return not pair[0].at_eof() and pair[0].exception() is None


@asynccontextmanager
async def server(
    connections: int = 512, head: float = LONG, idle: float = LONG, request: float = LONG
) -> AsyncIterator[Server]:
    async with Server(ConnectionLimits(connections, head, idle, request)).running() as running:
        yield running


@contextmanager
def lines() -> Iterator[list[EventDict]]:
    with capture_logs() as found:
        yield found


# Time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"G", HALF, b"\r\n", b"GET /fast HTTP/1.1\r\nX: " + b"a" * 4000])
async def test_a_head_that_does_not_come_whole_is_not_waited_for(sent: bytes) -> None:
    async with server(head=0.05) as one:
        assert await closed(await one.connect(sent))


async def test_a_head_that_trickles_in_gets_no_more_time_for_each_byte() -> None:
    async with server(head=0.1) as one:
        reader, writer = await one.connect()
        for letter in WHOLE[:-1] + b"X" * 10_000:
            if reader.at_eof() or writer.is_closing():
                break
            writer.write(bytes([letter]))
            await asyncio.sleep(0.01)
        else:
            pytest.fail("it was let trickle on")


async def test_the_head_of_a_second_request_has_its_limit_too() -> None:
    async with server(head=0.1) as one:
        pair = await one.connect(WHOLE)
        assert await answered(pair) == 200
        pair[1].write(HALF)
        assert await closed(pair)


async def test_an_idle_connection_is_closed_and_until_then_it_serves_more() -> None:
    async with server(head=LONG, idle=0.1) as one:
        pair = await one.connect(WHOLE)
        assert await answered(pair) == 200
        pair[1].write(WHOLE)
        assert await closed(pair)


async def test_a_body_that_never_ends_and_an_answer_that_nobody_reads_are_given_up() -> None:
    async with server(request=0.1) as one:
        body = await one.connect(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        assert await closed(body)
        much = await one.connect(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        much[1].transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(0.2)
        much[1].transport.resume_reading()  # type: ignore[attr-defined]
        assert await closed(much)  # before the end of the first of three answers


# Number ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", HALF])
async def test_who_holds_connections_open_keeps_nobody_out(sent: bytes) -> None:
    async with server(connections=8) as one:
        with lines() as found:
            held = [await one.connect(sent) for _ in range(40)]
            assert [await one.status() for _ in range(3)] == [200, 200, 200]
        await asyncio.gather(*(closed(pair) for pair in held[:30]))  # the oldest went
        assert sum(still_open(pair) for pair in held) <= 4
        assert len(found) <= 2 * 10
        assert {line["log_level"] for line in found} == {"warning"}


async def test_one_address_has_half_of_the_places_and_the_other_half_is_left_alone() -> None:
    async with server(connections=8) as one:
        quiet = [await one.connect(HALF, source="127.0.0.2") for _ in range(4)]
        for _ in range(40):
            await one.connect(HALF)
        assert await one.status(source="127.0.0.3") == 200
        for reader, writer in quiet[1:]:  # one of them gave way to the third address
            writer.write(b"\r\n")
            assert await answered((reader, writer)) == 200


async def test_behind_one_address_all_places_are_for_whole_requests() -> None:
    async with server(connections=8) as one:
        busy = [await one.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(4)]
        await asyncio.sleep(0.05)
        busy += [await one.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(4)]
        await asyncio.sleep(0.05)
        with lines() as found:
            assert await one.status() == 0  # nothing gives way that is being answered
        assert [line["event"] for line in found] == ["connection refused"]
        one.let.set()
        assert [await answered(pair) for pair in busy] == [200] * 8


async def test_idle_connections_and_half_bodies_give_way_in_this_order() -> None:
    async with server(connections=4) as one:
        half = await one.connect(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        idle = await one.connect(WHOLE)
        assert await answered(idle) == 200
        busy = [await one.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2)]
        await asyncio.sleep(0.05)
        first = await one.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await closed(idle)
        await asyncio.sleep(0.05)
        assert still_open(half)
        second = await one.connect(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await closed(half)
        await asyncio.sleep(0.05)
        one.let.set()
        assert [await answered(pair) for pair in (*busy, first, second)] == [200] * 4


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::/64"),
        ("/run/socket", ""),
        (None, ""),
    ],
)
def test_who_counts_as_one(peer: object, counted: str) -> None:
    assert _address(peer) == counted


@pytest.mark.parametrize("connections", [1, 2, 3, 8, 511])
def test_one_address_never_has_less_than_half(connections: int) -> None:
    assert 2 * ConnectionLimits(connections).waiting_of_one >= connections


# Nonsense -------------------------------------------------------------------------------------------------------------

NONSENSE = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n",
    "a version": b"GET / HTTP/9.9\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a long field": b"GET /fast HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
    "many fields": b"GET /fast HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 500 + b"\r\n",
    "a long line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    "no length": b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    "no chunk": b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
    "a late bad chunk": b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nZZ\r\n",
    "escapes": b"GET /\x1b[2J\x1b]0;owned\x07 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a field's name": b"GET /fast HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n",
}


@pytest.mark.parametrize("what", NONSENSE)
async def test_what_cannot_be_read_is_one_line_without_a_traceback_or_a_word_of_it(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with server() as one:
        with lines() as found:
            reader, _ = pair = await one.connect(NONSENSE[what])
            assert await answered(pair) == 400
            assert b"aiohttp" not in await reader.read()
    assert [line["event"] for line in found] == ["malformed request"]
    assert set(found[0]) == {"event", "log_level", "reason", "sender"}
    assert found[0]["reason"].isidentifier()
    assert caplog.records == []


@pytest.mark.parametrize("rest", [b"ZZ\r\n", b"1\r\na\r\nZZ\r\n"])
async def test_nonsense_in_a_body_that_nobody_reads_is_no_traceback_either(
    rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with server() as one:
        with lines() as found:
            pair = await one.connect(WHOLE[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + rest)
            assert await answered(pair) in {200, 400}
            assert await closed(pair)
    assert [line["event"] for line in found] == ["malformed request"]
    assert caplog.records == []


async def test_nothing_is_unpacked() -> None:
    async with server() as one:
        packed = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"
        assert await one.status(packed) == 200  # bot/serving/signatures.py turns it away; here it is read as it is


async def test_a_flood_of_nonsense_fills_no_log() -> None:
    async with server() as one:
        with lines() as found:
            statuses = [await one.status(NONSENSE["a version"]) for _ in range(100)]
    assert statuses == [400] * 100
    assert len(found) == 10


async def test_who_leaves_in_the_middle_is_no_line_at_all(caplog: pytest.LogCaptureFixture) -> None:
    async with server() as one:
        with lines() as found:
            for sent in (HALF, b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"):
                _, writer = await one.connect(sent)
                await asyncio.sleep(0.02)
                writer.transport.abort()
            assert await one.status() == 200
    assert found == []
    assert caplog.records == []


async def test_no_version_is_told() -> None:
    async with server() as one:
        for sent in (WHOLE, b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", b"PUT / HTTP/9.9\r\n\r\n"):
            reader, _ = await one.connect(sent)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"aiohttp" not in head.lower()
            assert b"python" not in head.lower()

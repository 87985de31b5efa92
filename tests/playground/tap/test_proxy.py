"""The proxy between two parts: bytes come through as they are, and each fault is the one that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.playground.tap.proxy import HOST, ConnectionEnd, FaultProxy, Way


class Echo:
    """A server that sends everything back, at once, and records what it has received."""

    def __init__(self) -> None:
        self.heard = b""
        self.ends: list[str] = []
        self.word, self.ended = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                self.heard += data
                self.word.set()
                writer.write(data)
                await writer.drain()
            self.ends.append("closed")
        except ConnectionError:
            self.ends.append("reset")
        finally:
            self.ended.set()
            writer.close()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def proxy(echo: Echo) -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo.serve, HOST, 0)
    async with server, FaultProxy(HOST, server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self, count: int) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readexactly(count)

    async def ends(self) -> str:
        try:
            async with asyncio.timeout(5):
                return "closed" if await self.reader.read() == b"" else "more"
        except ConnectionError:
            return "reset"
        finally:
            self.writer.close()


async def connected(proxy: FaultProxy) -> Client:
    return Client(*await asyncio.open_connection(HOST, proxy.port))


async def test_bytes_come_through_and_are_counted(proxy: FaultProxy) -> None:
    client = await connected(proxy)
    await client.says(b"x" * 300_000)
    assert await client.hears(300_000) == b"x" * 300_000
    assert (proxy.bytes(Way.TO_SERVER), proxy.bytes(Way.TO_CLIENT)) == (300_000, 300_000)
    assert (proxy.accepted, proxy.open, proxy.bytes(Way.BOTH)) == (1, 1, 600_000)
    client.writer.write_eof()
    assert await client.ends() == "closed"


async def test_a_unix_socket_is_a_server_too(echo: Echo, tmp_path: Path) -> None:
    server = await asyncio.start_unix_server(echo.serve, tmp_path / "s")
    async with server, FaultProxy(tmp_path / "s") as proxy:
        client = await connected(proxy)
        await client.says(b"over it")
        assert await client.hears(7) == b"over it"
        proxy.cut(ConnectionEnd.RESET)
        assert await client.ends() == "reset"
        await echo.ended.wait()


async def test_a_delay_comes_each_way_and_keeps_the_order(proxy: FaultProxy) -> None:
    proxy.delay(0.05)
    client, began = await connected(proxy), asyncio.get_running_loop().time()
    for word in (b"a", b"b", b"c"):
        await client.says(word)
    assert await client.hears(3) == b"abc"
    assert asyncio.get_running_loop().time() - began >= 0.1
    client.writer.close()


async def test_a_stalled_line_holds_bytes_and_ends_until_it_passes_on(proxy: FaultProxy, echo: Echo) -> None:
    client = await connected(proxy)
    proxy.stall(Way.TO_CLIENT)
    await client.says(b"heard")
    await echo.word.wait()
    late = await connected(proxy)  # is accepted, as by a server that is stuck
    client.writer.write_eof()
    await echo.ended.wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await client.reader.read(1)
    assert proxy.bytes(Way.TO_CLIENT) == 0
    proxy.pass_on()
    assert await client.hears(5) == b"heard"
    assert await client.ends() == "closed"
    await late.says(b"late")
    assert await late.hears(4) == b"late"
    late.writer.close()


async def test_a_line_that_is_stalled_for_long_is_full_and_loses_nothing(proxy: FaultProxy, echo: Echo) -> None:
    proxy.stall(Way.TO_SERVER)
    client, much = await connected(proxy), b"y" * 16_000_000
    client.writer.write(much)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await client.writer.drain()
    assert echo.heard == b""
    proxy.pass_on()
    async with asyncio.timeout(30):
        assert len(await client.reader.readexactly(len(much))) == len(much)
    client.writer.close()


@pytest.mark.parametrize(("how", "seen"), [(ConnectionEnd.CLOSE, "closed"), (ConnectionEnd.RESET, "reset")])
async def test_a_connection_is_cut_now_and_the_next_one_goes_on(
    proxy: FaultProxy, how: ConnectionEnd, seen: str
) -> None:
    client = await connected(proxy)
    await client.says(b"one")
    assert await client.hears(3) == b"one"
    assert proxy.cut(how) == 1
    assert await client.ends() == seen
    assert proxy.open == 0
    again = await connected(proxy)
    await again.says(b"two")
    assert await again.hears(3) == b"two"
    again.writer.close()


@pytest.mark.parametrize(("how", "seen"), [(ConnectionEnd.CLOSE, "closed"), (ConnectionEnd.RESET, "reset")])
async def test_a_connection_is_cut_behind_a_number_of_bytes(
    proxy: FaultProxy, echo: Echo, how: ConnectionEnd, seen: str
) -> None:
    proxy.cut_after(4, Way.TO_SERVER, how)
    client = await connected(proxy)
    await client.says(b"1234")
    assert await client.hears(4) == b"1234"
    await client.says(b"56")
    assert await client.ends() == seen
    await echo.ended.wait()
    assert (echo.heard, echo.ends, proxy.bytes(Way.TO_SERVER)) == (b"1234", [seen], 4)
    other = await connected(proxy)  # once was asked for
    await other.says(b"123456")
    assert await other.hears(6) == b"123456"
    other.writer.close()


async def test_an_answer_is_lost_behind_a_question_that_was_heard(proxy: FaultProxy, echo: Echo) -> None:
    proxy.cut_after(0, Way.TO_CLIENT, ConnectionEnd.RESET, times=2)
    for _ in range(2):
        client = await connected(proxy)
        await client.says(b"pay")
        assert await client.ends() == "reset"
    assert (echo.heard, proxy.bytes(Way.TO_CLIENT)) == (b"paypay", 0)
    client = await connected(proxy)
    await client.says(b"pay")
    assert await client.hears(3) == b"pay"
    client.writer.close()


async def test_it_refuses_and_comes_back_on_the_same_port(proxy: FaultProxy) -> None:
    before, port = await connected(proxy), proxy.port
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        await connected(proxy)
    await before.says(b"still here")
    assert await before.hears(10) == b"still here"
    await proxy.listen()
    assert proxy.port == port
    after = await connected(proxy)
    await after.says(b"back")
    assert await after.hears(4) == b"back"
    before.writer.close()
    after.writer.close()


async def test_a_server_that_is_not_there_is_a_reset() -> None:
    async with FaultProxy(HOST, 9) as proxy:
        client = await connected(proxy)
        assert await client.ends() == "reset"

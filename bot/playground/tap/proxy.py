"""Injects network faults between two parts: a proxy on 127.0.0.1 that delays, stalls, cuts, resets, refuses.

It stands before one server, knows bytes and no protocol, and may be told anything at any time:

    async with FaultProxy("127.0.0.1", 6379) as proxy:      # or FaultProxy(Path("/run/valkey.sock"))
        ...                                                  # clients go to 127.0.0.1 and proxy.port
        proxy.delay(0.2)                                     # each way
        proxy.cut_after(0, Way.TO_CLIENT, End.RESET)         # what was asked happens, and its answer never comes
        proxy.stall(Way.TO_CLIENT)                           # the server is heard no more, and nothing ends
        proxy.pass_on()                                      # all as it should be; what was held back goes on
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import NoReturn, TypeAlias

HOST = "127.0.0.1"
_CHUNK = 64 * 1024
# What is held back of one connection and way; beyond it the sender is no longer read, as on a line that is full.
_HELD_CHUNKS = 64
# l_onoff 1, l_linger 0: the socket is closed by RST, and what it has not sent yet is dropped (socket(7)).
_NO_LINGER = struct.pack("ii", 1, 0)

Link: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Way(Enum):
    """A direction of bytes through the proxy."""

    TO_SERVER = auto()
    TO_CLIENT = auto()
    BOTH = auto()


class ConnectionEnd(Enum):
    """How a connection ends, on both of its sides: in order (FIN), or by a reset (RST)."""

    CLOSE = auto()
    RESET = auto()


@dataclass(slots=True)
class _Cut:
    """An end to come for `times` connections, each after so many bytes; `left` of them, by connection."""

    after: int
    how: ConnectionEnd
    times: int
    left: dict[object, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Direction:
    """What holds for one direction of all connections. `clear` is not set while bytes are held back."""

    delay: float = 0.0
    bytes: int = 0
    cut: _Cut | None = None
    clear: asyncio.Event = field(default_factory=asyncio.Event)

    def allowed(self, connection: object, count: int) -> int:
        """How many of so many bytes of a connection may go through before it is cut."""
        if self.cut is None:
            return count
        allowed = min(count, self.cut.left.get(connection, self.cut.after))
        self.cut.left[connection] = self.cut.left.get(connection, self.cut.after) - allowed
        return allowed

    def spent(self) -> ConnectionEnd:
        """A connection is being cut: how."""
        if self.cut is None:  # `pass_on` came between; the bytes are lost all the same
            return ConnectionEnd.CLOSE
        self.cut.times -= 1
        how = self.cut.how
        if self.cut.times <= 0:
            self.cut = None
        return how


class FaultProxy:
    """A proxy before the server at `host` and `port`, or before the Unix socket at `host` where that is a path.

    An async context manager: it listens on 127.0.0.1 at `port`, a free one, until it is left; what runs through it is
    ended then. Each fault holds for the connections that are there and for those to come, until `pass_on` or another
    word on the same; faults of different kinds hold together.
    """

    def __init__(self, host: str | Path, port: int = 0) -> None:
        self._target = host
        self._target_port = port
        self._directions = {Way.TO_SERVER: _Direction(), Way.TO_CLIENT: _Direction()}
        self._connections: set[_ProxiedConnection] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.accepted = 0
        self.pass_on()

    async def __aenter__(self) -> FaultProxy:
        # Bound and never listening: it keeps the port ours while nobody listens. A client that is refused could
        # otherwise be given that port for its own end, and be connected to itself.
        self._keeper = bound(0)
        self.port = self._keeper.getsockname()[1]
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        tasks = [connection.task for connection in self._connections]
        self.cut(ConnectionEnd.RESET)
        if tasks:
            await asyncio.wait(tasks)
        self._keeper.close()

    @property
    def open(self) -> int:
        """How many connections run through it now; `accepted` is how many there have ever been."""
        return len(self._connections)

    def bytes(self, way: Way) -> int:
        """How many bytes have gone that way in all, counted as they were passed on."""
        return sum(direction.bytes for direction in self._of(way))

    # ── faults ──

    def pass_on(self) -> None:
        """No faults from now on; what was held back goes on at once. Listening is another matter: see `listen`."""
        for direction in self._directions.values():
            direction.delay, direction.cut = 0.0, None
            direction.clear.set()

    def delay(self, seconds: float, way: Way = Way.BOTH) -> None:
        """Bytes that come from now on arrive so much later, in order; the line is as wide as before."""
        for direction in self._of(way):
            direction.delay = seconds

    def stall(self, way: Way = Way.BOTH) -> None:
        """Hold bytes, and their end, back. Connections are accepted and stay; neither side notices."""
        for direction in self._of(way):
            direction.clear.clear()

    def cut_after(self, count: int, way: Way, how: ConnectionEnd = ConnectionEnd.CLOSE, *, times: int = 1) -> None:
        """End a connection when it would carry more than `count` bytes that way from now on: those still arrive.

        So 0 ends it with the first byte: towards the client, that is an answer which is lost. `times` connections end
        so, the first to get there, and the others go on.
        """
        for direction in self._of(way):
            direction.cut = _Cut(count, how, times)

    def cut(self, how: ConnectionEnd = ConnectionEnd.CLOSE) -> int:
        """End every connection now, and let new ones come; returns how many were ended."""
        for connection in list(self._connections):
            connection.end(how)
        return len(self._connections)

    def refuse(self) -> None:
        """Listen no more: whoever connects is refused. Connections that are there stay."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def listen(self) -> None:
        """Take connections, again on the same port."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, sock=bound(self.port), limit=_CHUNK)

    def _of(self, way: Way) -> list[_Direction]:
        return list(self._directions.values()) if way is Way.BOTH else [self._directions[way]]

    # ── connections ──

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        connection = _ProxiedConnection((reader, writer), self._opened, self._directions)
        self._connections.add(connection)
        connection.task.add_done_callback(lambda _: self._connections.discard(connection))

    async def _opened(self) -> Link:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target, limit=_CHUNK)
        return await asyncio.open_connection(self._target, self._target_port, limit=_CHUNK)


class _Ended(Exception):
    """The connection has come to its end."""


class _ProxiedConnection:
    """A client's connection and the one to the server that belongs to it, until its task is done."""

    def __init__(
        self, client: Link, opened: Callable[[], Awaitable[Link]], directions: Mapping[Way, _Direction]
    ) -> None:
        self._client, self._opened, self._directions = client, opened, directions
        self._writers = [client[1]]
        self._how = ConnectionEnd.CLOSE
        self.task = asyncio.create_task(self._run())
        # Not the task's own affair: one that is cancelled before its first step never gets to its `finally`.
        self.task.add_done_callback(lambda _: self._close())

    def end(self, how: ConnectionEnd) -> None:
        self._how = how
        self.task.cancel()

    async def _run(self) -> None:
        try:
            server = await self._opened()
        except OSError:
            self._how = ConnectionEnd.RESET  # as near as one who has accepted already comes to a refusal
            return
        self._writers.append(server[1])
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(self._client[0], server[1], self._directions[Way.TO_SERVER]))
                ways.create_task(self._carry(server[0], self._client[1], self._directions[Way.TO_CLIENT]))
        except* _Ended:
            pass

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: _Direction) -> None:
        # Sent means sent: a reset that follows must not drop what has been counted.
        writer.transport.set_write_buffer_limits(0)
        queue: asyncio.Queue[tuple[float, bytes | ConnectionEnd]] = asyncio.Queue(_HELD_CHUNKS)
        reading = asyncio.create_task(_read(reader, queue, direction))
        try:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await direction.clear.wait()
                if data is ConnectionEnd.CLOSE:
                    writer.write_eof()
                    return
                await self._pass_on(data, writer, direction)
        except OSError:
            self._over(ConnectionEnd.RESET)
        finally:
            reading.cancel()

    async def _pass_on(self, data: bytes | ConnectionEnd, writer: asyncio.StreamWriter, direction: _Direction) -> None:
        if isinstance(data, ConnectionEnd):
            self._over(data)
        count = direction.allowed(self, len(data))
        writer.write(data[:count])
        direction.bytes += count
        await writer.drain()
        if count < len(data):
            self._over(direction.spent())

    def _over(self, how: ConnectionEnd) -> NoReturn:
        self._how = how
        raise _Ended

    def _close(self) -> None:
        for writer in self._writers:
            if self._how is ConnectionEnd.CLOSE:
                writer.close()
                continue
            sock = writer.get_extra_info("socket")
            # Where the other side was faster the socket is closed already, and no longer has a number.
            if sock is not None and sock.fileno() != -1 and sock.family != socket.AF_UNIX:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            writer.transport.abort()


async def _read(
    reader: asyncio.StreamReader, queue: asyncio.Queue[tuple[float, bytes | ConnectionEnd]], direction: _Direction
) -> None:
    """Queue what comes, with when it is due; its end too, so that a stalled line holds that back as well."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            data: bytes | ConnectionEnd = await reader.read(_CHUNK) or ConnectionEnd.CLOSE
        except OSError:
            data = ConnectionEnd.RESET
        await queue.put((loop.time() + direction.delay, data))
        if isinstance(data, ConnectionEnd):
            return


def bound(port: int) -> socket.socket:
    """A socket on 127.0.0.1 that several may have the port of (0: a free one), and of which none need listen."""
    # Both options: Linux lets a socket listen beside a bound one by the first, others by the second.
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((HOST, port))
    return sock

"""Stops a server on 127.0.0.1 from listening, and lets it listen again on the same port."""

from __future__ import annotations

import asyncio
import socket
import struct
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.playground.tap.proxy import bound

# l_onoff 1, l_linger 0: the socket is closed by RST, and what it has not sent yet is dropped (socket(7)).
_NO_LINGER = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport | None) -> None:
    """Break a connection off, as a machine does that has lost its power; None is one that is gone already."""
    if transport is None:
        return
    sock: socket.socket | None = transport.get_extra_info("socket")
    # Where the other side was faster the socket is closed already, and no longer has a number.
    if sock is not None and sock.fileno() != -1:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


class ReopenableListener:
    """A server's listening socket, as an async context manager: it is open inside.

    Once it is left it takes no connection; what is under way then is for the server's runner to end.
    """

    def __init__(self, server: web.Server) -> None:
        self._server = server
        self._listening: asyncio.Server | None = None
        self._opening: asyncio.Task[None] | None = None
        self._open = False
        self.port = 0

    async def __aenter__(self) -> Self:
        # Bound and never listening: it keeps the port ours while nobody listens.
        self._keeper = bound(0)
        self.port = self._keeper.getsockname()[1]
        self.open()
        await self._opened()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        await self._opened()
        self._stop()
        self._keeper.close()

    def open(self) -> None:
        """Take connections, from the next turn of the event loop on."""
        self._open = True
        if self._opening is None or self._opening.done():
            self._opening = asyncio.create_task(self._listen())

    def close(self) -> None:
        """Refuse new connections, and break off those that there are."""
        self._open = False
        self._stop()
        for connection in self._server.connections:
            reset(connection.transport)

    async def _listen(self) -> None:
        if self._open and self._listening is None:
            self._listening = await asyncio.get_running_loop().create_server(self._server, sock=bound(self.port))
        if not self._open:  # again, meanwhile
            self._stop()

    async def _opened(self) -> None:
        if self._opening is not None:
            await self._opening

    def _stop(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None

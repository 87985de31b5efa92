"""Keeps the connections of open pages, and sends each of them all that happens, in order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from aiohttp import WSCloseCode, web

# A page that is so many changes behind is cut off: it comes back and takes the whole as it is then.
_MOST_WAITING = 10_000
_HEARTBEAT = 20.0  # seconds
_CLOSE_SECONDS = 0.5
"""A page that is halted in a debugger reads nothing, and would hold up whoever waits for it for ever."""


class Live:
    """All open connections. `hello` makes the first frame of each: everything as it stands."""

    def __init__(self, hello: Callable[[], Mapping[str, object]]) -> None:
        self._hello = hello
        self._pages: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}

    def tell(self, change: Mapping[str, object]) -> None:
        """Tell all pages of a change."""
        if not self._pages:
            return
        said = _frame(change)
        for socket, waiting in tuple(self._pages.items()):
            if waiting.full():
                del self._pages[socket]
                waiting.get_nowait()
                waiting.put_nowait("")  # see _write
            else:
                waiting.put_nowait(said)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One page's connection, until it ends."""
        socket = web.WebSocketResponse(heartbeat=_HEARTBEAT)
        await socket.prepare(request)
        waiting: asyncio.Queue[str] = asyncio.Queue(_MOST_WAITING)
        waiting.put_nowait(_frame(self._hello()))
        self._pages[socket] = waiting  # in one step with the hello, so that no change is lost or told twice
        writing = asyncio.create_task(_write(socket, waiting))
        try:
            async for _ in socket:
                pass  # a page has nothing to say here
        finally:
            self._pages.pop(socket, None)
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
        return socket

    async def close(self) -> None:
        """Close all connections."""
        sockets = tuple(self._pages)
        self._pages.clear()
        await asyncio.gather(*(_closed(socket) for socket in sockets))


async def _closed(socket: web.WebSocketResponse) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await socket.close(code=WSCloseCode.GOING_AWAY)


async def _write(socket: web.WebSocketResponse, waiting: asyncio.Queue[str]) -> None:
    with suppress(ConnectionError):
        while said := await waiting.get():
            await socket.send_str(said)
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)


def _frame(change: Mapping[str, object]) -> str:
    # In ASCII: a program may have said half of a surrogate pair, which is JSON and cannot be UTF-8.
    return json.dumps(change)

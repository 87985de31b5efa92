"""Knows how lines come from a terminal or a pipe without keeping the loop waiting."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress

_CHUNK = 65_536


class Typed:
    """The lines of a file descriptor.

    A thread of its own reads it: not every descriptor can be waited for by the loop (a regular file cannot), and a
    thread of the loop's executor would be waited for at the end. It starts with the first `line`, and ends with the
    input or with the process.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def line(self) -> str | None:
        """The next line without its end; None when the input has ended."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            threading.Thread(target=self._read, args=(self._loop,), name="typed", daemon=True).start()
        return await self._lines.get()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        rest = b""
        # The loop may be closed before the input is: then nobody wants the line.
        with suppress(RuntimeError):
            while chunk := self._chunk():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(self._lines.put_nowait, line.decode("utf-8", "replace"))
            if rest:
                loop.call_soon_threadsafe(self._lines.put_nowait, rest.decode("utf-8", "replace"))
            loop.call_soon_threadsafe(self._lines.put_nowait, None)

    def _chunk(self) -> bytes:
        try:
            # Not sys.stdin: a daemon thread that holds its lock stops the interpreter from ending.
            return os.read(self._descriptor, _CHUNK)
        except OSError:  # the terminal has gone away
            return b""

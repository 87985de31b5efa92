"""Talks with a program in a terminal of its own: reads what it shows, types what is asked for."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

# The program that gives another one a terminal: it passes on what is read and shown.
_IN_A_TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
_SECONDS = 20.0


class Conversation:
    """A running program; `shown` is all that it has shown so far, `read` what of it was read."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.shown = ""
        self.read = 0

    async def until(self, pattern: str) -> str:
        """Read on until the pattern is shown; what was shown since the last reading.

        Raises AssertionError, with all that was shown, if the program ends before, or is silent.
        """
        assert self._process.stdout
        while not (found := re.search(pattern, self.shown[self.read :])):
            try:
                chunk = await asyncio.wait_for(self._process.stdout.read(4096), _SECONDS)
            except TimeoutError:
                chunk = b""
            assert chunk, f"{pattern!r} was not shown, but:\n{self.shown}"
            self.shown += chunk.decode(errors="replace").replace("\r\n", "\n")
        since = self.shown[self.read : self.read + found.end()]
        self.read += found.end()
        return since

    async def answer(self, pattern: str, text: str = "") -> str:
        """Type a line once the pattern is shown."""
        assert self._process.stdin
        since = await self.until(pattern)
        self._process.stdin.write(f"{text}\n".encode())
        await self._process.stdin.drain()
        return since

    async def ended(self) -> int | None:
        """Read to the end; the exit status."""
        assert self._process.stdout
        async with asyncio.timeout(_SECONDS):
            self.shown += (await self._process.stdout.read()).decode(errors="replace").replace("\r\n", "\n")
            return await self._process.wait()

    async def interrupt(self) -> int | None:
        """Press Ctrl-C, and read to the end; the exit status."""
        assert self._process.stdin
        self._process.stdin.write(b"\x03")
        await self._process.stdin.drain()
        return await self.ended()


@asynccontextmanager
async def talking(folder: Path, environment: Mapping[str, str], *arguments: str) -> AsyncIterator[Conversation]:
    """`python -m bot` with arguments, in a folder and a terminal of its own; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _IN_A_TERMINAL, sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield Conversation(process)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
            await process.wait()

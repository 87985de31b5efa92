"""Serves an application on a port, and says which setting is wrong where that cannot be listened on."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.errors import SettingsError
from bot.serving.connections import Connection, ConnectionLimits, Connections, note_request, without_versions
from bot.serving.sparse_log import SparseLog

# At the very end, how long requests under way are waited for, in seconds; aiohttp's own 60 would let a client that
# never sends the rest of its request hold the stop up until it is killed.
LAST_RESPONSES = 1.0
_OF_THE_PORT = {
    errno.EADDRINUSE: "expected a free port; does the bot run already, or Flowise at this port?",
    errno.EACCES: "expected a port that this user may listen on, such as one above 1023",
}


@asynccontextmanager
async def served(
    application: web.Application,
    host: str,
    port: int,
    setting: str,
    limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008  # it is frozen
) -> AsyncIterator[int]:
    """Listen; gives the port, which is a free one for 0.

    Raises:
        SettingsError: HOST is wrong, or the port, which is named by `setting`.
    """
    application.middlewares.insert(0, note_request)
    application.on_response_prepare.append(without_versions)
    runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=LAST_RESPONSES)
    await runner.setup()
    try:
        server, connections = runner.server, Connections(limits, SparseLog())
        assert server is not None  # noqa: S101  # set up just before
        try:
            listening = await asyncio.get_running_loop().create_server(
                lambda: Connection(connections, server), host, port, reuse_address=True
            )
        except (OSError, ValueError) as error:
            raise SettingsError(why_not_listening(error, host, port, setting)) from None
        try:
            yield listening.sockets[0].getsockname()[1]
        finally:
            listening.close()
    finally:
        await runner.cleanup()


def why_not_listening(error: OSError | ValueError, host: str, port: int, setting: str = "PORT") -> str:
    """Which setting keeps us from listening, and what is expected of it. A name that is none is a ValueError."""
    number = error.errno if isinstance(error, OSError) else None
    reason = os.strerror(number) if number is not None and number > 0 else "it is not the name of any address"
    if number in {errno.EMFILE, errno.ENFILE}:
        return (
            f"{setting}: cannot listen on {host}:{port} ({reason}); expected a higher limit of open files (ulimit -n)"
        )
    if expected := _OF_THE_PORT.get(number or 0):
        return f"{setting}: cannot listen on {host}:{port} ({reason}); {expected}"
    return f"HOST: cannot listen on {host} ({reason}); expected an address of this machine, or 0.0.0.0 for all"

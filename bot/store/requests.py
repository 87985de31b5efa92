"""Awaits one request to Redis, within a time limit, and turns its errors into StoreUnavailable with a plain reason."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.errors import StoreDamaged, StoreUnavailable

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that one request to the store may take, with all its retries."""

# redis-py's errors about a Cluster as a whole are not RedisErrors.
ERRORS = (RedisError, RedisClusterException)

# How Redis' error begins if a key holds a value of another type than the command is for.
_WRONG_TYPE = "WRONGTYPE"

# Seconds for a cancelled request to return its connection; it takes a few turns of the event loop.
_CANCEL_SECONDS = 0.05


async def asked(question: Awaitable[T], patience: float) -> T:
    """Redis' reply to one request.

    Raises:
        StoreUnavailable: no reply within `patience` seconds, or an error. The text reveals nothing of the settings.
    """
    # A task of its own, because redis-py sends through asyncio.wait_for, which on Python 3.11 loses a cancellation that
    # arrives in the moment of its success. A time limit around the request, or our own cancellation, could be lost: of
    # 180 requests to a frozen server, an occasional one took 0.9 s longer than its 2 s.
    task = asyncio.ensure_future(question)
    try:
        await asyncio.wait({task}, timeout=patience)
        if not task.done():
            raise StoreUnavailable("Redis does not answer in time (TimeoutError)")
        return task.result()
    except (*ERRORS, OSError) as error:
        # Not "from error": a server that does not support AUTH repeats its arguments, including the password.
        cause = _cause(error)
        kind = StoreDamaged if str(cause).startswith(_WRONG_TYPE) else StoreUnavailable
        raise kind(f"Redis {_words(cause)} ({_name_of(cause)})") from None
    finally:
        if not task.done():
            await _cancelled(task)


_left: set[asyncio.Future[Any]] = set()


async def _cancelled(task: asyncio.Future[Any]) -> None:
    """Make a request return its connection. One that loses the cancellation ends by redis-py's limits; nobody waits."""
    task.cancel()
    _left.add(task)
    task.add_done_callback(_ended)
    await asyncio.wait({task}, timeout=_CANCEL_SECONDS)


def _ended(task: asyncio.Future[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # or asyncio would log that it was never retrieved


# The first entry that matches applies.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (MasterNotFoundError, "has no master that a Sentinel would name"),
    (AuthenticationError, "refuses the user name or the password"),
    (NoPermissionError, "does not permit this user what the bot needs"),
    (ReadOnlyError, "is a replica and takes no writes"),
    (OutOfMemoryError, "is out of memory"),
    (BusyLoadingError, "is still loading its data"),
    (ClusterDownError, "has a part of its Cluster down"),
    (MovedError, "is a Cluster, which REDIS_URL must say: redis+cluster://"),
    (RedisClusterException, "cannot be reached as a Cluster"),
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted here"),
    (ssl.SSLError, "does not speak TLS as it should"),
    (TimeoutError, "does not answer in time"),
    (RedisTimeoutError, "does not answer in time"),
    (RedisConnectionError, "cannot be reached"),
    (OSError, "cannot be reached"),
)


def _cause(error: Exception) -> Exception:
    """The error that redis-py has wrapped: a failed handshake is raised as a connection error."""
    if isinstance(error.__context__, ssl.SSLError):
        return error.__context__
    while isinstance(error.__cause__, ERRORS):
        error = error.__cause__
    return error


def _words(error: Exception) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "does not answer as it should")


def _name_of(error: Exception) -> str:
    """The error's name and Redis' error code, which come from code and never from the settings."""
    name = type(error).__name__
    code = str(error).split(" ", 1)[0]
    # Redis' errors begin with a code in capitals: READONLY, NOPERM, CROSSSLOT.
    known = isinstance(error, ERRORS) and code.isascii() and code.isalpha() and code.isupper()
    return f"{name}: {code}" if known else name

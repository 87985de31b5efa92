"""Knows how one question is asked of Redis: how long it is waited for, and what may be wrong, in words."""

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
"""Seconds after which a question to the store counts as unanswered, with all its tries."""

# redis-py's own: what it says of a Cluster as a whole is not among its other errors.
ERRORS = (RedisError, RedisClusterException)

# How Redis begins its answer when a key holds another type of value than the command is for.
_WRONG_TYPE = "WRONGTYPE"

# Seconds in which a question that is given up gives its connection back; it takes a few turns of the event loop.
_FAREWELL = 0.05


async def asked(question: Awaitable[T], patience: float) -> T:
    """Redis' answer to one question.

    Raises:
        StoreUnavailable: there was none within `patience` seconds, or an error. The text holds nothing of the settings.
    """
    # A task of its own, because redis-py sends through asyncio.wait_for, which on Python 3.11 loses a cancellation that
    # comes in the moment of its success. A limit around the question, or whoever ends us, would be overheard: of 180
    # questions to a frozen server, one now and then took 0.9 s longer than its 2 s.
    task = asyncio.ensure_future(question)
    try:
        await asyncio.wait({task}, timeout=patience)
        if not task.done():
            raise StoreUnavailable("Redis does not answer in time (TimeoutError)")
        return task.result()
    except (*ERRORS, OSError) as error:
        # Not "from error": a server that does not know AUTH repeats its arguments, the password among them.
        cause = _cause(error)
        kind = StoreDamaged if str(cause).startswith(_WRONG_TYPE) else StoreUnavailable
        raise kind(f"Redis {_words(cause)} ({_name_of(cause)})") from None
    finally:
        if not task.done():
            await _let_go(task)


_left: set[asyncio.Future[Any]] = set()


async def _let_go(task: asyncio.Future[Any]) -> None:
    """Have a question give its connection back. One that overhears it ends by its own limits, and nobody waits."""
    task.cancel()
    _left.add(task)
    task.add_done_callback(_ended)
    await asyncio.wait({task}, timeout=_FAREWELL)


def _ended(task: asyncio.Future[Any]) -> None:
    _left.discard(task)
    if not task.cancelled():
        task.exception()  # or asyncio would report that nobody has asked for it


# The first that fits tells.
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
    """What redis-py has wrapped: a handshake without an answer comes as a connection that failed."""
    if isinstance(error.__context__, ssl.SSLError):
        return error.__context__
    while isinstance(error.__cause__, ERRORS):
        error = error.__cause__
    return error


def _words(error: Exception) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "does not answer as it should")


def _name_of(error: Exception) -> str:
    """What went wrong, in words that come from the client's code and never from the settings."""
    name = type(error).__name__
    code = str(error).split(" ", 1)[0]
    # Redis opens its errors with a code in capitals: READONLY, NOPERM, CROSSSLOT.
    known = isinstance(error, ERRORS) and code.isascii() and code.isalpha() and code.isupper()
    return f"{name}: {code}" if known else name

"""Checks that Redis, or the private store, is reachable, new enough, writable and keeps what it is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError

from bot.doctor.findings import About, Finding
from bot.errors import BotError, SettingsError
from bot.store.embedded import EmbeddedValkey
from bot.store.health import KEEP_KEYS, KEEP_WRITES, OLDEST, RedisHealth, reported

REDIS = About("Redis")

_MORE_MEMORY = "Raise maxmemory, or give the bot a Redis server of its own."
_WRITES_FAIL = "Check the server's log and the free space on its disk."

# Under the store's prefix, so that a user who may only use those keys is tested fairly; it expires after a second.
_TEST_KEY = "flowise-slack:doctor"
_TEST_WRITE = "return redis.call('SET', KEYS[1], '1', 'PX', 1000)"

Connect = Callable[[str], Redis]
"""Returns a client for a URL; raises SettingsError if the URL cannot be parsed."""


More = Callable[[Redis], Awaitable[list[Finding]]]
"""Finds what the store has kept, once it is known to answer."""


async def redis(url: str | None, folder: Path, connect: Connect, more: More | None = None) -> list[Finding]:
    """All findings about the Redis at `url`, or about the private store in `folder` if `url` is None; and `more` from
    what is in it."""
    if url is not None:
        return await _examined(url, connect, more)
    return await _private(folder, connect, more)


async def _private(folder: Path, connect: Connect, more: More | None) -> list[Finding]:
    """Start the private store as the bot would, or check the one that a running bot has started."""
    valkey = EmbeddedValkey(folder)
    try:
        url = await valkey.start()
    except SettingsError as error:
        do = "Set REDIS_URL, or set DATA_DIR to a writable folder. `make install` installs the private store."
        return [REDIS.wrong("private store", str(error), do)]
    except BotError as error:
        return [REDIS.wrong("private store", str(error), f"Check the log in {folder}.")]
    try:
        found = f"REDIS_URL is not set, so the bot uses a private store in {folder}: run one replica only"
        return [REDIS.well("private store", found), *await _examined(url, connect, more)]
    finally:
        await valkey.stop()


async def _examined(url: str, connect: Connect, more: More | None) -> list[Finding]:
    try:
        client = connect(url)
    except SettingsError as error:
        return [REDIS.wrong("server", str(error), "Correct REDIS_URL.")]
    try:
        health = await reported(client)
        found = [server(health), await _test_write(client, health), persistence(health), eviction(health)]
        return [*found, *(await more(client) if more is not None else [])]
    except RedisError as error:
        return [unreachable(error)]
    finally:
        await client.aclose()


def unreachable(error: RedisError) -> Finding:
    """The finding about a server that cannot be asked anything."""
    found = f"{type(error).__name__}: {error}"
    # During the handshake, redis-py raises a connection error, with the reason as its cause.
    if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
        return REDIS.wrong("server", found, "Correct the user name and password in REDIS_URL.")
    do = "Check REDIS_URL (rediss:// if the server requires TLS), and that the server is up and reachable from here."
    return REDIS.wrong("server", found, do)


def server(health: RedisHealth) -> Finding:
    """The finding about the server's version."""
    if health.version is None or health.compatible is None:
        do = f"Make sure that it is Redis {OLDEST[0]} or newer, or Valkey."
        return REDIS.unknown("server", "reachable, but it does not report its version", do)
    if health.old:
        return REDIS.wrong("server", f"{health.version} is too old", "Use Redis 7 or 8, or Valkey.")
    return REDIS.well("server", health.version)


async def _test_write(client: Redis, health: RedisHealth) -> Finding:
    try:
        # A script that writes, because that is how the bot takes in each question.
        await client.eval(_TEST_WRITE, 1, _TEST_KEY)
    except RedisError as error:
        return refused(error, health)
    return REDIS.well("writing", "accepts writes and scripts")


def refused(error: RedisError, health: RedisHealth) -> Finding:
    """The finding about a refused write."""
    match error:
        case ReadOnlyError():
            return REDIS.wrong("writing", "this is a replica, which is read-only", "Point REDIS_URL at the master.")
        case OutOfMemoryError():
            limit = f" of {health.memory_limit} bytes" if health.memory_limit else ""
            return REDIS.wrong("writing", f"its memory{limit} is used up", _MORE_MEMORY)
        case NoPermissionError():
            do = "Allow the user EVAL and EVALSHA, and all keys that begin with flowise-slack: (ACL SETUSER)."
            return REDIS.wrong("writing", f"the user in REDIS_URL lacks a permission: {error}", do)
    return REDIS.wrong("writing", f"refused: {error}", _WRITES_FAIL)


def persistence(health: RedisHealth) -> Finding:
    """The finding about what a restart of the server would lose."""
    if health.writes_fail:
        return REDIS.wrong("persistence", "its last write to disk failed", _WRITES_FAIL)
    if health.append_only:
        return REDIS.well("persistence", "every write goes to disk (append-only file)")
    if health.append_only is None:
        return REDIS.unknown("persistence", "the server does not report it", KEEP_WRITES)
    if health.snapshots:
        found = "snapshots only: a restart loses the minutes since the last one, and the questions asked in them"
    elif health.snapshots is None:
        found = "no append-only file; the server does not report whether it takes snapshots"
    else:
        found = "none: a restart loses everything, conversations and open questions"
    return REDIS.warning("persistence", found, KEEP_WRITES)


def eviction(health: RedisHealth) -> Finding:
    """The finding about what is deleted when memory is full: any key may be a question that is still open."""
    if health.eviction is None:
        return REDIS.unknown("eviction", "the server does not report it", KEEP_KEYS)
    if health.eviction == "noeviction":
        return REDIS.well("eviction", "none (noeviction)")
    if health.memory_limit == 0:
        found = f"{health.eviction}, but nothing is deleted while there is no memory limit"
        return REDIS.warning("eviction", found, KEEP_KEYS)
    found = f"{health.eviction}: when memory is full, open questions and conversations are deleted"
    return REDIS.wrong("eviction", found, KEEP_KEYS)

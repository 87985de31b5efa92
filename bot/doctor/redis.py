"""Knows what the store needs of its Redis, and where the private one stands in for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, OutOfMemoryError, ReadOnlyError, RedisError

from bot.doctor.findings import About, Finding
from bot.doctor.redis_health import RedisHealth, health, trial
from bot.errors import BotError, SettingsError
from bot.store.embedded import EmbeddedValkey

REDIS = About("Redis")

# SET with NX and GET together, by which a message is claimed (Redis docs, SET).
_OLDEST = (7, 0)

_KEEP_WRITES = "Set appendonly yes and appendfsync everysec (redis.conf or the service's console)."
_KEEP_KEYS = "Set maxmemory-policy noeviction (redis.conf or the service's console)."
_ROOM = "Give it more memory (maxmemory), or a server of its own."
_WRITES_FAIL = "Look into the server's log and at the free space of its disk."

Connect = Callable[[str], Redis]
"""Gives a client for an address; raises SettingsError where it cannot be read."""


async def redis(url: str | None, folder: Path, connect: Connect) -> list[Finding]:
    """Everything about Redis: the one at `url`, or where that is None the private one in `folder`."""
    if url is not None:
        return await _examined(url, connect)
    return await _private(folder, connect)


async def _private(folder: Path, connect: Connect) -> list[Finding]:
    """Start the private store, as the bot would, or look at the one that a running bot has started."""
    valkey = EmbeddedValkey(folder)
    try:
        url = await valkey.start()
    except SettingsError as error:
        do = "Set REDIS_URL, or DATA_DIR to a folder that may be written; make install brings the private store."
        return [REDIS.wrong("private store", str(error), do)]
    except BotError as error:
        return [REDIS.wrong("private store", str(error), f"Look into the log in {folder}.")]
    try:
        found = f"REDIS_URL is not set, so it is one of the bot's own, in {folder}: run one replica only"
        return [REDIS.well("private store", found), *await _examined(url, connect)]
    finally:
        await valkey.stop()


async def _examined(url: str, connect: Connect) -> list[Finding]:
    try:
        client = connect(url)
    except SettingsError as error:
        return [REDIS.wrong("server", str(error), "Correct REDIS_URL.")]
    try:
        told = await health(client)
        return [server(told), await _tried(client, told), persistence(told), eviction(told)]
    except RedisError as error:
        return [away(error)]
    finally:
        await client.aclose()


def away(error: RedisError) -> Finding:
    """A server that cannot be asked."""
    found = f"{type(error).__name__}: {error}"
    # Met while it connects, redis-py tells it as a connection that failed, and the reason as the cause.
    if isinstance(error, AuthenticationError) or isinstance(error.__cause__, AuthenticationError):
        return REDIS.wrong("server", found, "Correct the name and password in REDIS_URL.")
    do = "Check REDIS_URL (rediss:// where it wants TLS), and that the server is up and can be reached from here."
    return REDIS.wrong("server", found, do)


def server(told: RedisHealth) -> Finding:
    """What it is, and whether it is new enough."""
    if told.version is None or told.compatible is None:
        return REDIS.unknown("server", "it answers, and does not tell us its version", "It should be Redis 7 or newer.")
    name = f"{(told.server or 'redis').capitalize()} {told.version}"
    if told.compatible < _OLDEST:
        return REDIS.wrong("server", f"{name} is too old", "Use Redis 7 or 8, or Valkey.")
    return REDIS.well("server", name)


async def _tried(client: Redis, told: RedisHealth) -> Finding:
    try:
        await trial(client)
    except RedisError as error:
        return refused(error, told)
    return REDIS.well("writing", "it takes writes and scripts")


def refused(error: RedisError, told: RedisHealth) -> Finding:
    """A write that was refused."""
    match error:
        case ReadOnlyError():
            return REDIS.wrong("writing", "it is a replica, which only reads", "Point REDIS_URL at the primary server.")
        case OutOfMemoryError():
            limit = f" of {told.memory_limit} bytes" if told.memory_limit else ""
            return REDIS.wrong("writing", f"its memory{limit} is used up", _ROOM)
        case NoPermissionError():
            do = "Give its user EVAL and EVALSHA, and every key that begins with flowise-slack: (ACL SETUSER)."
            return REDIS.wrong("writing", f"the user of REDIS_URL may not: {error}", do)
    return REDIS.wrong("writing", f"it refuses: {error}", _WRITES_FAIL)


def persistence(told: RedisHealth) -> Finding:
    """What a restart of the server would lose."""
    if told.writes_fail:
        return REDIS.wrong("persistence", "its last write to disk has failed", _WRITES_FAIL)
    if told.append_only:
        return REDIS.well("persistence", "every write goes to a file (append-only)")
    if told.append_only is None:
        return REDIS.unknown("persistence", "it does not tell", _KEEP_WRITES)
    if told.snapshots:
        found = "snapshots only: a restart loses the minutes since the last one, and what was asked in them"
    elif told.snapshots is None:
        found = "no append-only file; it does not tell whether it takes snapshots"
    else:
        found = "none: a restart loses everything, conversations and what was just asked"
    return REDIS.warning("persistence", found, _KEEP_WRITES)


def eviction(told: RedisHealth) -> Finding:
    """What it throws away when its memory is full: a claim that is gone is answered twice."""
    if told.eviction is None:
        return REDIS.unknown("eviction", "it does not tell", _KEEP_KEYS)
    if told.eviction == "noeviction":
        return REDIS.well("eviction", "none (noeviction)")
    if told.memory_limit == 0:
        found = f"{told.eviction}, though without a limit on memory nothing is thrown away yet"
        return REDIS.warning("eviction", found, _KEEP_KEYS)
    found = f"{told.eviction}: when memory is full keys vanish, and questions are answered twice"
    return REDIS.wrong("eviction", found, _KEEP_KEYS)

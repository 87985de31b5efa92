"""Knows how a Redis is asked about itself, and tried: the only commands of the doctor's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import ResponseError

# A name of the store's prefix, so that a user who may only touch those keys is tried fairly; gone in a second.
_TRIAL_KEY = "flowise-slack:doctor"
_TRIAL = "return redis.call('SET', KEYS[1], '1', 'PX', 1000)"


@dataclass(frozen=True, slots=True)
class RedisHealth:
    """What a server tells of itself. None: it does not tell, or not us.

    Attributes:
        server: redis, valkey, or what else speaks their language.
        version: its own number.
        compatible: the version of Redis whose commands it has, as (major, minor).
        role: "master", or "slave" for a replica, which takes no writes.
        append_only: whether every write goes to a file.
        snapshots: whether the whole is written to a file now and then.
        writes_fail: whether the last write to either file has failed.
        eviction: what it throws away when its memory is full, such as "noeviction".
        memory_limit: in bytes; 0 is none.
    """

    server: str | None = None
    version: str | None = None
    compatible: tuple[int, int] | None = None
    role: str | None = None
    append_only: bool | None = None
    snapshots: bool | None = None
    writes_fail: bool | None = None
    eviction: str | None = None
    memory_limit: int | None = None


async def health(client: Redis) -> RedisHealth:
    """Ask the server. What it does not tell us, for want of leave or of the command, is None.

    Raises:
        RedisError: it does not answer.
    """
    try:
        told: Mapping[str, object] = await client.info("everything")
    except ResponseError:
        return RedisHealth()
    compatible = _text(told, "redis_version")
    failed = {told.get("aof_last_write_status"), told.get("rdb_last_bgsave_status")}
    limit = told.get("maxmemory")
    return RedisHealth(
        server=_text(told, "server_name") or "redis",
        version=_text(told, "valkey_version") or compatible,
        compatible=_major_and_minor(compatible),
        role=_text(told, "role"),
        append_only=_flag(told, "aof_enabled"),
        snapshots=await _snapshots(client),
        writes_fail=None if failed == {None} else "err" in failed,
        eviction=_text(told, "maxmemory_policy"),
        memory_limit=limit if isinstance(limit, int) else None,
    )


async def trial(client: Redis) -> None:
    """Write one key by a script, as the bot does.

    Raises:
        RedisError: it is refused or not answered.
    """
    await client.eval(_TRIAL, 1, _TRIAL_KEY)


async def _snapshots(client: Redis) -> bool | None:
    """INFO does not tell the rule for snapshots, and services for rent often forbid CONFIG."""
    try:
        rule = (await client.config_get("save")).get("save")
    except ResponseError:
        return None
    return bool(rule) if isinstance(rule, str) else None


def _text(told: Mapping[str, object], name: str) -> str | None:
    # redis-py reads what looks like a number as one.
    value = told.get(name)
    return None if value is None else str(value)


def _flag(told: Mapping[str, object], name: str) -> bool | None:
    value = told.get(name)
    return None if value is None else str(value) == "1"


def _major_and_minor(version: str | None) -> tuple[int, int] | None:
    major, _, rest = (version or "").partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None

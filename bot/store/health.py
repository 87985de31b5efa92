"""Asks a Redis about itself, and says which of its settings cannot keep what the bot promises."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.store.requests import PATIENCE, asked

OLDEST = (7, 0)
"""The oldest version of Redis, as (major, minor), that the bot is tested with."""

KEEP_WRITES = "Set appendonly to yes and appendfsync to everysec (in redis.conf or in your provider's console)."
KEEP_KEYS = "Set maxmemory-policy to noeviction (in redis.conf or in your provider's console)."

Persistence = Literal["append-only file", "snapshots", "none"]


@dataclass(frozen=True, slots=True)
class RedisHealth:
    """What a server reports about itself. None means unknown: this user may not ask, or the provider hides it."""

    version: str | None = None
    """Name and version, for example "Redis 7.0.15" or "Valkey 9.1.2"."""
    compatible: tuple[int, int] | None = None
    """The version of Redis whose commands it supports, as (major, minor). For Redis, its own version."""
    role: Literal["master", "replica"] | None = None
    cluster: bool | None = None
    append_only: bool | None = None
    """Whether every write goes to a file."""
    snapshots: bool | None = None
    """Whether the whole data set is written to a file from time to time."""
    writes_fail: bool | None = None
    """Whether the last write to either file failed."""
    eviction: str | None = None
    """`maxmemory-policy`, for example "noeviction"."""
    memory_limit: int | None = None
    """In bytes; 0 means no limit."""
    memory_used: int | None = None
    """In bytes."""

    @property
    def old(self) -> bool:
        """Whether it is known to be older than the versions the bot is tested with."""
        return self.compatible is not None and self.compatible < OLDEST

    @property
    def persistence(self) -> Persistence | None:
        """How it keeps its data over a restart."""
        if self.append_only:
            return "append-only file"
        if self.append_only is None or self.snapshots is None:
            return None
        return "snapshots" if self.snapshots else "none"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What cannot keep the bot's promises: a sentence each, with what to change."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[str]:
        if self.old:
            yield f"It is {self.version}; the bot is tested with Redis {OLDEST[0]} and newer, and with Valkey."
        if self.role == "replica":
            yield "It is a replica, which takes no writes. Set REDIS_URL to the master, or to its Sentinels."
        if self.eviction not in {None, "noeviction"}:
            yield (
                f"maxmemory-policy is {self.eviction}: when its memory is full, Redis drops questions and their order."
                f" {KEEP_KEYS}"
            )
        if self.persistence == "none":
            yield f"It writes nothing to disk: a restart loses every open question and conversation. {KEEP_WRITES}"
        if self.persistence == "snapshots":
            yield f"It writes snapshots only: a crash loses what came after the last one. {KEEP_WRITES}"


async def health(client: Redis, *, patience: float = PATIENCE) -> RedisHealth:
    """Ask the server about itself; in a Cluster, one of its masters answers for all.

    Raises:
        StoreUnavailable: it did not answer within `patience` seconds. Refusing to tell something is no error.
    """
    return await asked(reported(client), patience)


async def reported(client: Redis) -> RedisHealth:
    """As `health`, without a time limit of its own.

    Raises:
        RedisError: it did not answer.
    """
    info: Mapping[str, Any] = await _permitted(client.info()) or {}
    saves: Mapping[str, str] = await _permitted(client.config_get("save")) or {}
    save = saves.get("save")
    writes = {info.get("aof_last_write_status"), info.get("rdb_last_bgsave_status")}
    return RedisHealth(
        version=_version(info),
        compatible=_major_and_minor(str(info.get("redis_version", ""))),
        role=None if "role" not in info else "master" if info["role"] == "master" else "replica",
        cluster=_flag(info, "cluster_enabled"),
        append_only=_flag(info, "aof_enabled"),
        snapshots=None if save is None else bool(save),
        writes_fail=None if writes == {None} else "err" in writes,
        eviction=info.get("maxmemory_policy"),
        memory_limit=info.get("maxmemory"),
        memory_used=info.get("used_memory"),
    )


async def _permitted(question: Awaitable[Any]) -> Any:
    try:
        return await question
    except ResponseError:  # NOPERM, or a command that the provider has renamed or removed
        return None


def _version(info: Mapping[str, Any]) -> str | None:
    # Valkey reports, as `redis_version`, the version of Redis it is compatible with.
    for name, field in (("Valkey", "valkey_version"), ("Redis", "redis_version")):
        if field in info:
            return f"{name} {info[field]}"
    return None


def _flag(info: Mapping[str, Any], name: str) -> bool | None:
    return bool(info[name]) if name in info else None


def _major_and_minor(version: str) -> tuple[int, int] | None:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None

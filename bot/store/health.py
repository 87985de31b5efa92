"""Knows what a Redis tells of itself, and which of it cannot keep what the bot promises."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bot.store.requests import PATIENCE, asked

# What the tests run on; older ones lack parts of what is used.
_OLDEST = 7


@dataclass(frozen=True, slots=True)
class RedisHealth:
    """What is known of a server. None: it does not tell, because this user may not ask or the provider hides it."""

    version: str | None = None
    """With the name: "Redis 7.0.15", "Valkey 9.1.2"."""
    role: Literal["master", "replica"] | None = None
    cluster: bool | None = None
    persistence: Literal["append-only file", "snapshots", "none"] | None = None
    eviction: str | None = None
    """`maxmemory-policy`."""
    memory_limit: int | None = None
    """In bytes; 0 is no limit."""
    memory_used: int | None = None
    """In bytes."""
    old: bool = False
    """Whether it is older than what the bot is tried on."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What cannot keep the promises, each as a sentence with what to change."""
        return tuple(self._warnings())

    def _warnings(self) -> Iterator[str]:
        if self.old:
            yield f"It is {self.version}; the bot is tried on Redis {_OLDEST} and newer, and on Valkey."
        if self.role == "replica":
            yield "It is a replica, which takes no writes. Set REDIS_URL to the master, or to its Sentinels."
        if self.eviction not in {None, "noeviction"}:
            yield (
                f"maxmemory-policy is {self.eviction}: when its memory is full, Redis forgets questions and whose turn"
                " it is. Set it to noeviction."
            )
        if self.persistence == "none":
            yield "It writes nothing to its disk, and forgets every question with its restart. Set appendonly to yes."
        if self.persistence == "snapshots":
            yield "It writes snapshots only, and a crash forgets what came after the last one. Set appendonly to yes."


async def health(client: Redis, *, patience: float = PATIENCE) -> RedisHealth:
    """What the server tells of itself; of a Cluster, one of its masters speaks for all.

    Raises:
        StoreUnavailable: it does not answer. A server that answers but hides something is no error.
    """
    return await asked(_health(client), patience)


async def _health(client: Redis) -> RedisHealth:
    told: dict[str, Any] = await _permitted(client.info()) or {}
    saves: dict[str, str] = await _permitted(client.config_get("save")) or {}
    return RedisHealth(
        version=_version(told),
        role=None if "role" not in told else "master" if told["role"] == "master" else "replica",
        cluster=None if "cluster_enabled" not in told else bool(told["cluster_enabled"]),
        persistence=_persistence(told.get("aof_enabled"), saves.get("save")),
        eviction=told.get("maxmemory_policy"),
        memory_limit=told.get("maxmemory"),
        memory_used=told.get("used_memory"),
        old=int(str(told.get("redis_version", _OLDEST)).partition(".")[0]) < _OLDEST,
    )


async def _permitted(question: Awaitable[Any]) -> Any:
    try:
        return await question
    except ResponseError:  # NOPERM, or a command that a provider has renamed or taken out
        return None


def _version(told: dict[str, Any]) -> str | None:
    # Valkey gives, as `redis_version`, that of the Redis it is compatible with.
    for name, field in (("Valkey", "valkey_version"), ("Redis", "redis_version")):
        if field in told:
            return f"{name} {told[field]}"
    return None


def _persistence(append_only: int | None, save: str | None) -> Literal["append-only file", "snapshots", "none"] | None:
    """`save` is the setting of that name: when snapshots are made; empty for never."""
    if append_only:
        return "append-only file"
    if append_only is None or save is None:
        return None
    return "snapshots" if save else "none"

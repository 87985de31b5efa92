"""Deletes every key that belongs to one workspace."""

from __future__ import annotations

import re

from redis.asyncio import Redis

# Keys that one step of SCAN examines, and keys that are unlinked in one round trip: neither blocks the server for long.
_LOOKED_AT = 500
_BATCH = 200


async def purge(client: Redis, prefix: str, team: str) -> int:
    """Delete the keys under `prefix` that contain the workspace's id as a whole word; return how many there were.

    Keys written meanwhile may be missed. Raises redis-py's errors; may be run again.
    """
    found, count = [], 0
    pattern = f"{_literal(prefix)}:*{_literal(team)}*"
    async for key in client.scan_iter(match=pattern, count=_LOOKED_AT):
        if not is_of(key, prefix, team):
            continue
        found.append(key)
        if len(found) >= _BATCH:
            count += await _unlinked(client, found)
            found = []
    return count + await _unlinked(client, found)


def is_of(key: str, prefix: str, team: str) -> bool:
    """Whether a key is of a workspace: `{T1:C1:1.0}:mail` and `{lines:T1}:due` are T1's, `{T12:D1}:mail` is not."""
    rest = key.removeprefix(f"{prefix}:")
    return bool(team) and rest != key and re.search(rf"(?<![\w-]){re.escape(team)}(?![\w-])", rest) is not None


def _literal(text: str) -> str:
    """The text, escaped for use in a pattern of Redis."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)


async def _unlinked(client: Redis, keys: list[str]) -> int:
    if not keys:
        return 0
    # One command for each key, because they are in different slots of a Cluster.
    async with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.unlink(key)
        return sum(await pipeline.execute())

"""Knows how everything that is kept of one workspace is deleted, whatever kinds of keys there are."""

from __future__ import annotations

import re

from redis.asyncio import Redis

# Keys a step of SCAN looks at, and keys that are unlinked in one round trip: neither holds up the server's other work.
_LOOKED_AT = 500
_BATCH = 200


async def purge(client: Redis, prefix: str, team: str) -> int:
    """Delete the keys under a prefix that have the workspace's id in them as a word of its own; returns how many.

    What is written meanwhile may be missed. Raises redis-py's errors; may be begun again.
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
    """Whether a key is of a workspace: `claim:T1:C1` and `{line:T1}` are of T1, `claim:T12:C1` is not."""
    rest = key.removeprefix(f"{prefix}:")
    return bool(team) and rest != key and re.search(rf"(?<![\w-]){re.escape(team)}(?![\w-])", rest) is not None


def _literal(text: str) -> str:
    """A text as a part of a pattern of Redis that means itself."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)


async def _unlinked(client: Redis, keys: list[str]) -> int:
    if not keys:
        return 0
    # One command a key: they are in different slots of a cluster.
    async with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.unlink(key)
        return sum(await pipeline.execute())

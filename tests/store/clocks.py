"""Sets the clock of Redis as far as its keys show it: changes them to what a server of another time would have left."""

from __future__ import annotations

from typing import Any

from bot.store.redis import RedisStore

# The parts of a key's name, and the figures of a value that are times, in which unit of a second.
_SETS = {":leases": 1000, ":due": 1000, ":processes": 1000, ":taken": 1}
_HASHES = {":bucket": ("full_at", "blocked_until", "seen_at"), ":lesson": ("raise_at", "refused_at")}
_LISTED = {":answers": (0,), ":endings": (0, 1, 2)}


async def set_clock(store: RedisStore, by: float) -> None:
    """Set the server's clock forward by so many seconds, or back: what is kept was written that much longer ago."""
    client: Any = store._client
    async for key in client.scan_iter(match=f"{store._prefix}:*"):
        for part, unit in _SETS.items():
            if f"{part}:" in f"{key}:":
                kept = await client.zrange(key, 0, -1, withscores=True)
                # A lease of 0 is over at any time.
                await client.zadd(key, {member: score and score - by * unit for member, score in kept})
        for ending, names in _HASHES.items():
            if key.endswith(ending):
                kept = await client.hgetall(key)
                moved = {name: f"{float(kept[name]) - by:.6f}" for name in names if name in kept}
                await client.hset(key, mapping=kept | moved)
        for ending, places in _LISTED.items():
            if key.endswith(ending):
                kept = await client.hgetall(key)
                await client.hset(key, mapping={name: _moved(value, places, by) for name, value in kept.items()})
        if key.endswith(":until"):
            kept = await client.hgetall(key)
            await client.hset(key, mapping={name: int(value) - round(by * 1000) for name, value in kept.items()})


def _moved(value: str, places: tuple[int, ...], by: float) -> str:
    figures = value.split()
    return " ".join(f"{float(figure) - by:.6f}" if place in places else figure for place, figure in enumerate(figures))

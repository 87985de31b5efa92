"""Reads what Redis keeps of one thread for people to look at: its keys, their expiry, their values, its chats."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias, cast

from redis.asyncio import Redis

from bot.records.thread import Thread
from bot.store.connections import connect
from bot.store.requests import PATIENCE, asked

Value: TypeAlias = object

KEYS_AT_MOST: Final = 200
"""Far more than a thread has: some ten, and two for each question of the last days."""
ITEMS_AT_MOST: Final = 100
"""Of what a key holds."""
LONGEST: Final = 4_000
"""Characters of one text in a value."""
PREFIX: Final = "flowise-slack"
"""What the store puts before its keys, unless it is told otherwise (bot/store/redis.py)."""

# Keys a step of SCAN looks at.
_LOOKED_AT = 500


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One key. `ttl` is in seconds, None where it lives on. `value` is JSON: what is JSON in Redis is told as such."""

    key: str
    type: str
    ttl: float | None
    value: Value


async def of_thread(redis_url: str, team: str, channel: str, thread_ts: str) -> dict[str, Value]:
    """What is kept of a thread now, as the page is told it; of a direct message, what is kept of all of it.

    `keys` are its keys by name, `chat_ids` the Flowise chats that are found in them, each once.

    Raises:
        SettingsError: the URL cannot be read.
        StoreUnavailable: Redis does not answer.
    """
    client = connect(redis_url)
    try:
        return await asked(_read(client, Thread(team, channel, thread_ts).line), PATIENCE)
    finally:
        await client.aclose()


async def _read(client: Redis, line: str) -> dict[str, Value]:
    found: list[StoredKey] = []
    for key in sorted(await _names(client, line)):
        kept = await _kept(client, key)
        if kept is not None:
            found.append(kept)
    chats = dict.fromkeys(chat for kept in found for chat in _chats(kept))
    return {"keys": [asdict(kept) for kept in found], "chat_ids": list(chats)}


async def _names(client: Redis, line: str) -> set[str]:
    tag = f"{PREFIX}:{{{line}}}:"
    names: set[str] = set()  # SCAN may give one twice
    async for key in client.scan_iter(match=re.sub(r"([*?\[\]\\^-])", r"\\\1", tag) + "*", count=_LOOKED_AT):
        names.add(key)
        if len(names) >= KEYS_AT_MOST:
            break
    return names


async def _kept(client: Redis, key: str) -> StoredKey | None:
    """A key as it is now; None where it is gone meanwhile."""
    kind = str(await client.type(key))
    left = int(await client.pttl(key))
    value = await _value(client, key, kind)
    return None if left == -2 else StoredKey(key, kind, None if left < 0 else left / 1000, value)


async def _value(client: Redis, key: str, kind: str) -> Value:
    last = ITEMS_AT_MOST - 1
    match kind:
        case "string":
            return _told(str(await client.get(key) or ""))
        case "hash":
            fields = await cast("Awaitable[Mapping[str, str]]", client.hgetall(key))
            return {name: _told(fields[name]) for name in sorted(fields)[:ITEMS_AT_MOST]}
        case "zset":
            scored = cast("Sequence[tuple[str, float]]", await client.zrange(key, 0, last, withscores=True))
            return [[_told(member), score] for member, score in scored]
        case "list":
            return [_told(item) for item in await cast("Awaitable[list[str]]", client.lrange(key, 0, last))]
        case "set":
            members = await cast("Awaitable[set[str]]", client.smembers(key))
            return [_told(member) for member in sorted(members)[:ITEMS_AT_MOST]]
    return ""


def _told(text: str) -> Value:
    """A text as it is to be shown: an object or array of JSON by its value, long texts cut."""
    if text[:1] in {"{", "["}:
        try:
            return _cut(json.loads(text))
        except (ValueError, RecursionError):
            pass
    return _cut(text)


def _cut(value: Any) -> Value:
    match value:
        case str():
            return value if len(value) <= LONGEST else f"{value[:LONGEST]}…"
        case dict():
            return {name: _cut(inner) for name, inner in list(value.items())[:ITEMS_AT_MOST]}
        case list():
            return [_cut(inner) for inner in value[:ITEMS_AT_MOST]]
    return value


def _chats(kept: StoredKey) -> Iterator[str]:
    """The chat ids in a key and its value."""
    kind, _, rest = kept.key.partition("}:")[2].partition(":")
    if kind == "run":
        yield rest
    if kind == "message" and isinstance(kept.value, list) and kept.value:
        yield str(kept.value[0])
    yield from _noted(kept.value)


def _noted(value: Value) -> Iterator[str]:
    if isinstance(value, Mapping):
        chat_id = value.get("chat_id")
        if isinstance(chat_id, str) and chat_id:
            yield chat_id
        for inner in value.values():
            yield from _noted(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _noted(inner)

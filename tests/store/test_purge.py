"""Tests what is deleted with a workspace, and that other workspaces' data stay."""

from __future__ import annotations

from uuid import uuid4

import pytest
from redis.asyncio import Redis

from bot.store.connections import connect
from bot.store.purge import is_of
from bot.store.redis import RedisStore

OURS = (
    "claim:T123:C1:1700.1",
    "chat:T123:C1:1700.1",
    "message:T123:D1:1700.1",
    "{T123:C1:1700.1}:claim:x",
    "{lines:T123}",
    "{budget:T123}:chat.update:bucket",
    "{answers:T123}:open",
    "T123",
)
OTHERS = ("claim:T1234:C1:1", "claim:XT123:C1", "{lines:T12}", "run:3f2b-T123-x", "claim:T9:C1:1", "t123")


@pytest.mark.parametrize("key", OURS)
def test_keys_of_the_workspace_are_known_by_its_id_as_a_whole_word(key: str) -> None:
    assert is_of(f"p:{key}", "p", "T123")


@pytest.mark.parametrize("key", OTHERS)
def test_keys_of_others_are_not(key: str) -> None:
    assert not is_of(f"p:{key}", "p", "T123")


def test_a_prefix_is_no_workspace() -> None:
    assert not is_of("T123:claim:T9", "T123", "T123")
    assert not is_of("other:claim:T123", "p", "T123")
    assert not is_of("p:claim:x", "p", "")


async def test_all_of_one_workspace_goes_and_nothing_else(redis_url: str) -> None:
    prefix = f"test-[{uuid4().hex}]*"  # what means something in a pattern stands for itself
    client: Redis = connect(redis_url)
    store = RedisStore(client, prefix=prefix)
    near = prefix.replace("[", "").replace("]*", "x")
    many = [f"{prefix}:claim:T123:C1:{number}" for number in range(1_500)]
    kept = [*(f"{prefix}:{key}" for key in OTHERS), f"{near}:claim:T123:C1:1"]
    async with client.pipeline(transaction=False) as pipeline:
        for key in [*many, *(f"{prefix}:{key}" for key in OURS), *kept]:
            pipeline.set(key, "1", px=60_000)
        await pipeline.execute()
    try:
        assert await store.purge("T123") == len(many) + len(OURS)
        assert await store.purge("T123") == 0
        assert await client.exists(*kept) == len(kept)
    finally:
        await client.unlink(*kept)
        await store.aclose()

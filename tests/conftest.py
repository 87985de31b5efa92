"""Knows the store the tests run on: a real server, TEST_REDIS_URL's or a private one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis or Valkey to test on. Others may be on it too: keep to keys of your own, never FLUSH."""
    given = os.environ.get("TEST_REDIS_URL")
    if given:
        yield given
        return
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    yield asyncio.run(server.start())
    asyncio.run(server.stop())


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[RedisStore]:
    """A store that shares its keys with no other test."""
    store = RedisStore.at(redis_url, prefix=f"test-{uuid4().hex}")
    yield store
    await store.aclose()

"""Tests how the store fails: a lost reply repeats nothing, and a dead server is reported in time."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from bot.errors import StoreUnavailable
from bot.records.thread import Conversation, Hold, Item, NotedFlow, OpenAnswer, Run, Thread, UnansweredQuestion
from bot.store.embedded import EmbeddedValkey
from bot.store.mailbox import RedisMailboxes
from bot.store.redis import RedisStore

THREAD = Thread("T1", "C1", "1700000000.000100")
ENOUGH = 10.0  # seconds: far more than anything here takes


def held(reference: str, ts: float) -> Hold:
    return Hold(Item(THREAD.team, THREAD.line, reference, f"{ts:.6f}", "message", "{}"), "process")


async def accepted(mailboxes: RedisMailboxes, hold: Hold) -> bool:
    return await mailboxes.accept(hold, ENOUGH, opens=None, opened=OpenAnswer())


@dataclass
class Proxy:
    """A TCP port before the server that can lose replies: it cuts the connection instead of handing one back."""

    to: str
    port: int = 0
    lose: int = 0
    lost: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = urlsplit(self.to)
        if address.scheme == "unix":
            upstream, onward = await asyncio.open_unix_connection(unquote(address.path))
        else:
            upstream, onward = await asyncio.open_connection(address.hostname, address.port or 6379)
        self.writers |= {writer, onward}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.pump(reader, onward, [writer, onward]))
                group.create_task(self.pump(upstream, writer, [writer, onward], replies=True))
        finally:
            for end in (writer, onward):
                end.close()

    async def pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ends: list[asyncio.StreamWriter],
        replies: bool = False,
    ) -> None:
        try:
            while data := await reader.read(65536):
                if replies and self.lose:
                    self.lose, self.lost = self.lose - 1, self.lost + 1
                    break
                writer.write(data)
        except OSError:
            pass
        for end in ends:
            end.close()


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(url)
    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for writer in proxy.writers:
            writer.close()


@pytest.fixture
async def lossy(tmp_path: Path) -> AsyncIterator[tuple[RedisStore, Proxy]]:
    """A store behind a proxy, on a server of its own (the shared one may need TLS or a password)."""
    server = EmbeddedValkey(tmp_path)
    async with proxied(await server.start()) as proxy:
        store = RedisStore.at(f"redis://127.0.0.1:{proxy.port}")
        yield store, proxy
        await store.aclose()
    await server.stop()


async def test_a_lost_reply_doubles_nothing(lossy: tuple[RedisStore, Proxy]) -> None:
    store, proxy = lossy
    # So that the scripts are known to the server and the reply that is lost is the one that matters.
    await store.start_over(THREAD, now=1)
    mailboxes, hold, behind = store.mailboxes, held("a", 1), held("b", 2)
    assert await accepted(mailboxes, held("x", 1))
    assert await mailboxes.stand(held("x", 1), ENOUGH) == 0
    assert await mailboxes.note(held("x", 1), OpenAnswer(chat_id="chat"))
    await mailboxes.settle(held("x", 1))
    await store.remember(Thread("T9", "C9", "9"), "chat", NotedFlow("", "flow"), 0, now=1)
    assert await store._client.incr("control") == 1

    async def losing_its_reply(asked: Callable[[], Awaitable[Any]]) -> object:
        lost = proxy.lost
        proxy.lose = 1
        answer = await asked()
        assert proxy.lost == lost + 1
        return answer

    # The control: this is what happens to a command that is not made for it.
    assert await losing_its_reply(lambda: store._client.incr("control")) == 3

    assert await losing_its_reply(lambda: accepted(mailboxes, hold)) is True
    assert await losing_its_reply(lambda: accepted(mailboxes, hold)) is False
    assert await accepted(mailboxes, behind)
    assert await losing_its_reply(lambda: store.start_over(THREAD, now=2)) == 2
    assert await store.start_over(THREAD, now=3) == 3
    assert await losing_its_reply(lambda: store.remember(THREAD, "chat", NotedFlow("", "flow"), 3, now=4)) is True
    assert await losing_its_reply(lambda: mailboxes.stand(hold, ENOUGH)) == 0
    assert await losing_its_reply(lambda: mailboxes.stand(behind, ENOUGH)) == 1
    assert await losing_its_reply(lambda: mailboxes.note(hold, OpenAnswer(chat_id="chat"), Run(1.5))) is True
    assert await store.run_on(THREAD.line, "chat") == Run(1.5)
    again = UnansweredQuestion(hold.item, ("5.5",))
    assert await losing_its_reply(lambda: mailboxes.settle(hold, again)) is None
    assert await mailboxes.asked(THREAD.line, "a") == again
    assert await mailboxes.stand(behind, ENOUGH) == 0


async def test_a_refused_connection_is_reported(tmp_path: Path) -> None:
    store = RedisStore.at(f"unix://{tmp_path}/nothing.sock")
    async with asyncio.timeout(ENOUGH):
        with pytest.raises(StoreUnavailable, match="ConnectionError"):
            await store.conversation(THREAD)
        with pytest.raises(StoreUnavailable, match="ConnectionError"):
            await store.ping()
    await store.aclose()


async def test_a_server_that_hangs_up_is_tried_a_few_times() -> None:
    tries = itertools.count()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        next(tries)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        store = RedisStore.at(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        async with asyncio.timeout(2 * ENOUGH):
            with pytest.raises(StoreUnavailable):
                await store.start_over(THREAD, now=1)
        assert 2 <= next(tries) <= 10
        await store.aclose()


async def test_a_server_that_never_answers_is_given_up() -> None:
    gone = asyncio.Event()
    left = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.append(1)
        writer.close()
        gone.set()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        store = RedisStore.at(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}", patience=0.2)
        async with asyncio.timeout(ENOUGH):
            with pytest.raises(StoreUnavailable):
                await accepted(store.mailboxes, held("a", 1))
            with pytest.raises(StoreUnavailable):
                await store.ping()
            await gone.wait()
        await store.aclose()
    assert left


async def test_a_server_that_comes_back_is_used_again(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    store = RedisStore.at(await server.start())
    await store.remember(THREAD, "chat", NotedFlow("", "flow"), 0, now=1)
    await server.stop()
    with pytest.raises(StoreUnavailable):
        await store.conversation(THREAD)
    await server.start()
    assert await store.conversation(THREAD) == Conversation("chat", "flow", 0, 1, 1)
    await store.ping()
    await store.aclose()
    await server.stop()


async def test_a_refused_password_is_not_told(lossy: tuple[RedisStore, Proxy]) -> None:
    store, proxy = lossy
    await store._client.acl_setuser("bot", enabled=True, passwords=["+right-Secret"], keys=["*"], categories=["+@all"])
    right = RedisStore.at(f"redis://bot:right-Secret@127.0.0.1:{proxy.port}/0")
    wrong = RedisStore.at(f"redis://bot:wrong-Secret@127.0.0.1:{proxy.port}/0")
    assert await accepted(right.mailboxes, held("a", 1))
    await right.ping()
    for asked in (lambda: accepted(wrong.mailboxes, held("b", 2)), wrong.ping):
        with pytest.raises(StoreUnavailable, match="Redis refuses the user name or the password") as caught:
            await asked()
        assert "Secret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    await right.aclose()
    await wrong.aclose()

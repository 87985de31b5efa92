"""A question that no process here can read is handed on, then put aside with a sentence, and keeps nobody waiting."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bot.mailbox.durations import Durations
from bot.mailbox.lease import MOST_FAILURES
from bot.playground.sandbox import Sandbox, sandbox
from bot.records.thread import Hold, Item, OpenAnswer, Thread
from bot.slack.payload import IncomingMessage
from bot.store.connections import connect
from bot.store.redis import RedisStore
from bot.workspace.work import reference_of
from handlers import questions as hearing

ASIDE = "can no longer read a question"


@dataclass
class Left:
    """Questions of ada's that dead processes have left behind, each in a thread of a channel of its own."""

    home: Sandbox
    store: RedisStore
    raw: Redis
    rooms: list[tuple[str, Item]] = field(default_factory=list)

    async def question(self, text: str = "why?", **changes: object) -> tuple[str, Item]:
        """Ada asks while no bot is there: the channel, and the item as a process would have stored it."""
        home, team = self.home, self.home.slack.team_id
        channel = home.slack.channel(f"room-{len(self.rooms)}", members=[home.ada])
        said = f"{home.mention} {text}"
        root = await home.ask(said, channel=channel)
        heard = IncomingMessage(channel, "channel", home.ada, said, root, "", (), (team,), edited=False)
        note = {"message": asdict(heard), "addressed": True} | changes
        item = Item(
            team, Thread(team, channel, root).line, reference_of(team, channel, root), root, "message", json.dumps(note)
        )
        self.rooms.append((channel, item))
        return channel, item

    async def abandoned(self, item: Item, **parts: bytes) -> None:
        """Its item, handed over by the dead process, with some parts of what is stored replaced."""
        hold = Hold(item, "dead")
        assert await self.store.mailboxes.accept(hold, 60.0, opens=None, opened=OpenAnswer())
        for part, value in parts.items():
            await self.raw.hset(self.key(item, part), item.reference, value)
        await self.raw.zadd(self.key(item, "leases"), {item.reference: 0})
        await self.raw.zadd(f"{self.store._prefix}:{{lines}}:due", {item.line: 0})

    def key(self, item: Item, part: str) -> str:
        return f"{self.store._prefix}:{{{item.line}}}:{part}"

    def answers(self, number: int) -> list[str]:
        channel, item = self.rooms[number]
        return self.home.answers(item.ts, channel=channel)


@pytest.fixture
async def left(own_redis: str) -> AsyncIterator[Left]:
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=50) as home:
        home.durations = Durations(lease=0.4, renewal=0.1, call=0.2)
        store, raw = RedisStore.at(own_redis), connect(own_redis)
        yield Left(home, store, raw)
        assert home.slack.violations == []
        await raw.aclose()
        await store.aclose()


def stored(item: Item, **changes: Any) -> bytes:
    return json.dumps(asdict(item) | changes).encode()


def damaged(item: Item) -> list[dict[str, bytes]]:
    """What may become of what is stored of a question; each way of it is tried in tests/store/test_mailbox.py."""
    inner = json.loads(item.heard)
    return [
        {"items": b"not json"},
        {"items": json.dumps({name: value for name, value in asdict(item).items() if name != "heard"}).encode()},
        {"items": stored(item).replace(b"why?", b"why\xff?")},
        {"items": stored(item, surface="a newer surface")},
        {"items": stored(item, heard=json.dumps(inner | {"message": inner["message"] | {"files": "none"}}))},
        {"open": b'{"asked_at": NaN}', "holders": b"garbage", "failures": b"many"},
    ]


async def test_what_cannot_be_read_is_put_aside_with_a_sentence_and_its_thread_goes_on(left: Left) -> None:
    kinds = len(damaged((await left.question())[1]))
    for number in range(kinds):
        channel, item = left.rooms[number] if number < len(left.rooms) else await left.question()
        await left.abandoned(item, **damaged(item)[number])
        await left.home.ask(f"{left.home.mention} and then?", thread_ts=item.ts, channel=channel)
    _, healthy = await left.question("a good one")
    await left.abandoned(healthy)
    with capture_logs() as logs:
        async with left.home.bot() as bot:
            await left.home.slack.until(lambda: any("a good one" in text for text in left.answers(kinds)))
            await left.home.slack.until(
                lambda: (
                    all(
                        len(answers) == 2 and any(ASIDE in text for text in answers)
                        for answers in map(left.answers, range(kinds))
                    )
                    and left.home.idle
                ),
                20,
            )
            assert bot._supervisor.failing == ""
    for number in range(kinds):
        [sentence] = [text for text in left.answers(number) if ASIDE in text]
        _, item = left.rooms[number]
        assert item.reference in sentence
        parts = damaged(item)[number]
        kept = await left.raw.hgetall(left.key(item, f"aside:{item.reference}"))
        assert str(kept["item"]).encode("utf-8", "surrogateescape") == parts.get("items", stored(item))
        assert str(kept["open"]).encode("utf-8", "surrogateescape") == parts.get("open", b"")
        told = [log["event"] for log in logs if log.get("ref") == item.reference]
        assert [event for event in told if event not in {"question taken over", "question failed"}] == [
            "question handed on",
            "question put aside",
        ]
        assert told.count("question taken over") == 1
    asked = sorted(one.question.splitlines()[-1] for one in left.home.flowise.predictions)
    assert asked == ["a good one", *["and then?"] * kinds]


async def test_what_a_newer_version_has_stored_is_answered_all_the_same(left: Left) -> None:
    channel, item = await left.question(mood={"new": [1, None]})
    note = json.loads(item.heard)
    note["message"] |= {"language": "en", "parts": [{"a": 1}]}
    opened = asdict(OpenAnswer()) | {"shade": {"deep": [{}]}}
    newer = stored(replace(item, heard=json.dumps(note)), priority=5, tags=[{"a": 1}])
    await left.abandoned(item, items=newer, open=json.dumps(opened).encode())
    async with left.home.bot():
        await left.home.answered(item.ts, channel=channel)
    assert "why?" in left.answers(0)[0]


async def test_what_a_process_cannot_read_a_newer_one_takes_over(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, item = await left.question()
    await left.abandoned(item, items=stored(item, surface="newer"))
    with capture_logs() as logs:
        async with left.home.bot():
            async with asyncio.timeout(5):
                while not [log for log in logs if log["event"] == "question handed on"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            monkeypatch.setattr(hearing, "SURFACE", "newer")  # a process that starts from here on can read it
            async with left.home.bot():
                await left.home.answered(item.ts, channel=channel)
    assert "why?" in left.answers(0)[0]
    assert not [log for log in logs if log["event"] == "question put aside"]


async def test_a_question_over_which_every_process_fails_is_given_up(
    left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel, item = await left.question()
    await left.abandoned(item)
    tries: list[str] = []

    def broken(*_: object) -> None:
        tries.append("")
        raise KeyError("a mistake of ours")

    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(hearing, "_question", broken)
        async with left.home.bot():
            await left.home.slack.until(lambda: any("several times" in text for text in left.answers(0)), 10)
    assert len(tries) == MOST_FAILURES
    assert [log["event"] for log in logs if "exc_info" in log] == ["question handed on", "question put aside"]
    async with left.home.bot():
        await left.home.ask(f"{left.home.mention} and then?", thread_ts=item.ts, channel=channel)
        await left.home.slack.until(lambda: "and then?" in left.answers(0)[-1])


async def test_being_handed_over_by_those_who_stop_counts_for_nothing(left: Left) -> None:
    channel, item = await left.question()
    await left.abandoned(item)
    for number in range(2 * MOST_FAILURES):
        [taken] = (await left.store.mailboxes.abandoned([item.team], f"stopped-{number}", 60.0))[0]
        await left.store.mailboxes.release(taken.hold)
    async with left.home.bot():
        await left.home.answered(item.ts, channel=channel)
    assert "why?" in left.answers(0)[0]

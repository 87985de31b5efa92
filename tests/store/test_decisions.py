"""Decisions on a real server: made once, closed by whatever is newer, kept as long as a conversation."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.ports.notes import Decisions
from bot.records.codec import encoded
from bot.records.decision import KeptDecision, MadeDecision, PendingDecision, PendingTool
from bot.records.thread import NotedFlow, Run, Thread
from bot.store.redis import RedisStore

THREAD = Thread("T1", "C1", "1700000000.000100")
LINE = THREAD.line
ASKED = PendingDecision(
    "ref1", THREAD, "chat-1", "U1", "action", "Proceed", "Reject", "node_0", True, (PendingTool("t", "c"),), "row-1"
)
MADE = MadeDecision("ref1", "U1", True, "1700000001.000100", "1700000002.000100", "a comment", ("T1",))
WAITING = Run(1.0, 2.0, agentflow=True, awaits_decision=True, after="row-1", decision="ref1")
DAY_MS = 86_400_000


@pytest.fixture
async def decisions(store: RedisStore) -> Decisions:
    """A thread with a chat, and a decision that its newest run waits for."""
    await store.remember(THREAD, "chat-1", NotedFlow("", "flow"), 0, now=1.0)
    await store.decisions.offer(ASKED, WAITING)
    return store.decisions


async def test_what_is_asked_and_made_is_kept(decisions: Decisions, store: RedisStore, raw: Redis) -> None:
    assert await decisions.kept(LINE, "ref1") == KeptDecision(ASKED)
    assert await store.run_on(LINE, "chat-1") == WAITING
    assert await decisions.is_newest(ASKED)
    assert await decisions.decide(ASKED, MADE) == MADE
    assert await decisions.kept(LINE, "ref1") == KeptDecision(ASKED, MADE)
    left = [await raw.pttl(f"{store._prefix}:{{{LINE}}}:{key}") for key in ("decision:ref1", "run:chat-1")]
    assert all(29 * DAY_MS < each <= 30 * DAY_MS for each in left)
    assert await store.purge("T1") >= 2
    assert await decisions.kept(LINE, "ref1") is None


async def test_of_many_who_decide_at_once_one_wins_and_all_are_told_who(decisions: Decisions) -> None:
    others = [replace(MADE, user=f"U{number}", approves=bool(number % 2)) for number in range(20)]
    found = await asyncio.gather(*(decisions.decide(ASKED, made) for made in others))
    assert len(set(found)) == 1
    assert found[0] in others
    # Sent twice, because the reply was lost, it counts once.
    assert found[0] is not None
    assert await decisions.decide(ASKED, found[0]) == found[0]


async def test_an_offer_that_is_repeated_changes_nothing_once_it_was_made(
    decisions: Decisions, store: RedisStore
) -> None:
    await decisions.offer(ASKED, WAITING)
    await decisions.decide(ASKED, MADE)
    await store.run_started(LINE, "chat-1", Run(5.0))
    await decisions.offer(replace(ASKED, approve="Other"), WAITING)
    assert await decisions.kept(LINE, "ref1") == KeptDecision(ASKED, MADE)
    assert await store.run_on(LINE, "chat-1") == Run(5.0)


async def newer_run(store: RedisStore) -> None:
    await store.run_started(LINE, "chat-1", Run(5.0))


async def newer_stop(store: RedisStore) -> None:
    newer = replace(ASKED, reference="ref2", row="row-2")
    await store.decisions.offer(newer, replace(WAITING, decision="ref2", after="row-2"))


async def run_over(store: RedisStore) -> None:
    await store.run_ended(LINE, "chat-1")


async def started_over(store: RedisStore) -> None:
    await store.start_over(THREAD, 2.0)


async def other_chat(store: RedisStore) -> None:
    await store.remember(THREAD, "chat-2", NotedFlow("", "flow"), 0, now=2.0)


async def closed(store: RedisStore) -> None:
    await store.decisions.close(ASKED)


@pytest.mark.parametrize("newer", [newer_run, newer_stop, run_over, started_over, other_chat, closed])
async def test_whatever_is_newer_ends_a_decision(newer: object, decisions: Decisions, store: RedisStore) -> None:
    assert callable(newer)
    await newer(store)
    assert await decisions.is_newest(ASKED) is (newer is closed)  # whether it is kept, only a decision asks
    assert await decisions.decide(ASKED, MADE) is None
    kept = await decisions.kept(LINE, "ref1")
    assert kept is None if newer is closed else kept == KeptDecision(ASKED)


async def test_the_newer_of_two_stops_is_open(decisions: Decisions, store: RedisStore) -> None:
    await newer_stop(store)
    newer = replace(ASKED, reference="ref2", row="row-2")
    made = replace(MADE, reference="ref2")
    assert await decisions.decide(newer, made) == made
    assert await decisions.decide(ASKED, MADE) is None


@pytest.mark.parametrize("value", ["", "{", "[]", "5", '"x"', '{"decision": "ref1"}', '{"awaits_decision": true}'])
async def test_a_note_that_cannot_be_read_closes_it_and_breaks_nothing(
    value: str, decisions: Decisions, store: RedisStore, raw: Redis
) -> None:
    await raw.set(f"{store._prefix}:{{{LINE}}}:run:chat-1", value)
    assert await decisions.decide(ASKED, MADE) is None


async def test_damaged_notes_are_no_decisions(decisions: Decisions, store: RedisStore, raw: Redis) -> None:
    key = f"{store._prefix}:{{{LINE}}}:decision:ref1"
    await raw.hset(key, "made", "{")
    assert await decisions.kept(LINE, "ref1") == KeptDecision(ASKED)
    assert await decisions.decide(ASKED, MADE) is None
    await raw.hset(key, mapping={"asked": "[]", "made": encoded(MADE)})
    assert await decisions.kept(LINE, "ref1") is None


async def test_a_direct_message_outside_threads_has_decisions_too(store: RedisStore) -> None:
    outside = Thread("T1", "D1", "")
    asked = replace(ASKED, thread=outside)
    await store.remember(outside, "chat-1", NotedFlow("", "flow"), 0, now=1.0)
    await store.decisions.offer(asked, WAITING)
    assert await store.decisions.decide(asked, MADE) == MADE

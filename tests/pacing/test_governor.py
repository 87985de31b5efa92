"""Tests that permits are granted by urgency, within the shared budget, whatever happens to Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from bot.pacing.governor import Governor
from bot.pacing.permits import Kind, Permit, Want
from bot.ports.budget import Counts, Spent
from bot.slack.tiers import QUOTAS, keys
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import RedisStore

UPDATE = "chat.update"
BURST = QUOTAS[UPDATE].burst
QUARTER = 0.25
FEW = int(BURST * QUARTER)


START, APPEND, STOP = "chat.startStream", "chat.appendStream", "chat.stopStream"


def wanted(
    kind: Kind,
    *,
    channel: str = "C1",
    method: str = UPDATE,
    unseen: int = 100,
    answer: str = "",
    waits: bool = True,
    last_write: float = -60.0,
) -> Want:
    """A want of now; `last_write` counts from now."""
    now = time.monotonic()
    return Want(method, channel, kind, now - 5.0, unseen, now + last_write, answer=answer, waits=waits)


async def leave_for(governor: Governor, want: Want) -> Permit:
    async with asyncio.timeout(2):
        return await governor.granted(lambda: want)


@asynccontextmanager
async def governing(store: RedisStore, *, scale: float = 1.0) -> AsyncIterator[Governor]:
    governor = Governor(store, "T1", scale=scale, now=time.monotonic)
    try:
        yield governor
    finally:
        await governor.stop()


async def test_a_call_of_no_method_needs_no_leave(store: RedisStore) -> None:
    async with governing(store) as governor:
        free = wanted(Kind.ENDING, method="")
        assert (await governor.granted(lambda: free)).method == ""


@pytest.mark.slow
async def test_endings_are_granted_up_to_the_burst_and_no_further(store: RedisStore) -> None:
    async with governing(store, scale=QUARTER) as governor:
        ending = wanted(Kind.ENDING)
        asked = [asyncio.create_task(governor.granted(lambda: ending)) for _ in range(FEW + 5)]
        done, waiting = await asyncio.wait(asked, timeout=3)
        assert len(done) in {FEW, FEW + 1}
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


@pytest.mark.slow
async def test_an_ending_goes_before_progress_that_waits(store: RedisStore) -> None:
    async with governing(store) as governor:
        ending, progress = wanted(Kind.ENDING), wanted(Kind.PROGRESS)
        for _ in range(BURST):
            await governor.granted(lambda: ending)
        order: list[Kind] = []

        async def ask(want: Want) -> None:
            await governor.granted(lambda: want)
            order.append(want.kind)

        tasks = [asyncio.create_task(ask(progress))]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(ask(ending)))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert order == [Kind.ENDING]
        tasks[0].cancel()
        await asyncio.wait(tasks)


async def until_put_off(governor: Governor) -> None:
    async with asyncio.timeout(2):
        while not any(one.not_before for one in governor._lanes[UPDATE].waiting.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_answer_that_ends_while_its_progress_waits_need_not_wait_as_long(store: RedisStore) -> None:
    async with governing(store, scale=QUARTER) as governor, governor.answering("a"):
        await leave_for(governor, wanted(Kind.FIRST, method="chat.postMessage", answer="a"))
        for _ in range(FEW - 1):
            await leave_for(governor, wanted(Kind.ENDING))
        # The last token is reserved for the ending of the answer, so its progress waits for some ten seconds.
        wants = [wanted(Kind.PROGRESS, answer="a")]
        waiting = asyncio.create_task(governor.granted(lambda: wants[-1]))
        await until_put_off(governor)
        wants.append(wanted(Kind.ENDING, answer="a"))
        governor.touch()
        async with asyncio.timeout(2):
            assert (await waiting).method == UPDATE


@pytest.mark.slow
async def test_endings_that_wait_for_the_same_token_go_in_the_order_in_which_they_became_due(
    store: RedisStore,
) -> None:
    async with governing(store) as governor:
        await governor.refused(await leave_for(governor, wanted(Kind.ENDING)), 1.0)
        order: list[str] = []

        async def ask(name: str, want: Want) -> None:
            await governor.granted(lambda: want)
            order.append(name)

        older, newer = wanted(Kind.ENDING), wanted(Kind.ENDING)
        tasks = [asyncio.create_task(ask("older", older))]
        await until_put_off(governor)
        for one in governor._lanes[UPDATE].waiting.values():
            one.not_before += 0.01  # as far as its way to Redis took longer
        tasks.append(asyncio.create_task(ask("newer", newer)))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert order == ["older"]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.mark.slow
async def test_two_replicas_share_what_there_is(redis_url: str) -> None:
    prefix = f"test-{time.monotonic_ns()}"
    stores = [RedisStore.at(redis_url, prefix=prefix) for _ in range(2)]
    async with governing(stores[0], scale=QUARTER) as one, governing(stores[1], scale=QUARTER) as other:
        ending = wanted(Kind.ENDING)
        asked = [asyncio.create_task((one, other)[n % 2].granted(lambda: ending)) for n in range(2 * FEW)]
        done, waiting = await asyncio.wait(asked, timeout=3)
        assert len(done) in {FEW, FEW + 1}
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    for store in stores:
        await store.aclose()


async def test_a_channel_s_own_limit_holds_up_nobody_elsewhere(store: RedisStore) -> None:
    async with governing(store) as governor:
        post = "chat.postMessage"
        here = wanted(Kind.ENDING, method=post)
        held = [asyncio.create_task(governor.granted(lambda: here)) for _ in range(6)]
        done, waiting = await asyncio.wait(held, timeout=0.3)
        assert len(done) < 6
        elsewhere = wanted(Kind.ENDING, method=post, channel="C2")
        async with asyncio.timeout(1):
            await governor.granted(lambda: elsewhere)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_after_a_refusal_nothing_is_granted_until_slack_allows_it(store: RedisStore) -> None:
    async with governing(store) as governor:
        ending = wanted(Kind.ENDING)
        permit = await governor.granted(lambda: ending)
        refused_at = time.monotonic()
        await governor.refused(permit, 0.3)
        async with asyncio.timeout(10):
            await governor.granted(lambda: ending)
        assert time.monotonic() - refused_at > 0.25


@pytest.mark.slow
async def test_without_redis_a_budget_of_our_own_serves(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = EmbeddedValkey(tmp_path_factory.mktemp("store"))
    store = RedisStore.at(await server.start())
    await server.stop()
    async with governing(store, scale=0.2) as governor:
        ending = wanted(Kind.ENDING)
        asked = [asyncio.create_task(governor.granted(lambda: ending)) for _ in range(12)]
        done, waiting = await asyncio.wait(asked, timeout=3)
        assert len(done) == int(BURST * 0.2)
        async with governor.answering("a"):
            assert governor._shared_counts.counts.editing == 1
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    await store.aclose()


async def test_who_no_longer_waits_is_forgotten(store: RedisStore) -> None:
    async with governing(store, scale=0.05) as governor:
        ending = wanted(Kind.ENDING)
        await governor.granted(lambda: ending)
        tasks = [asyncio.create_task(governor.granted(lambda: ending)) for _ in range(5)]
        await asyncio.wait(tasks, timeout=0.1)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert not any(lane.waiting for lane in governor._lanes.values())


async def test_replicas_know_of_each_other_s_answers(redis_url: str) -> None:
    prefix = f"test-{time.monotonic_ns()}"
    stores = [RedisStore.at(redis_url, prefix=prefix) for _ in range(2)]
    async with governing(stores[0]) as one, governing(stores[1]) as other:
        async with one.answering("a"), other.answering("b"):
            await leave_for(one, wanted(Kind.FIRST, method="chat.postMessage", answer="a"))
            await leave_for(other, wanted(Kind.ENDING, method="assistant.threads.setStatus", answer="b"))
            known = other._shared_counts.counts
            assert (known.editing, known.standing) == (2, 1)
            assert known.speed > 0
        # Both have ended, and said so.
        await leave_for(other, wanted(Kind.ENDING))
        assert other._shared_counts.counts.editing == 0
    for store in stores:
        await store.aclose()


# Streams -------------------------------------------------------------------------------------------------------------


def start(answer: str, *, waits: bool = False) -> Want:
    return wanted(Kind.FIRST, method=START, answer=answer, waits=waits)


async def test_streams_are_begun_until_no_more_can_be_ended_or_pays(store: RedisStore) -> None:
    async with governing(store) as governor, AsyncExitStack() as answers:
        begun = 0
        for number in range(40):
            await answers.enter_async_context(governor.answering(str(number)))
        for number in range(40):
            leave = await leave_for(governor, start(str(number)))
            begun += leave.denied == 0
            assert leave.denied == 0 or begun in {11, 12}
        assert governor._shared_counts.counts == Counts(editing=40 - begun, streaming=begun)


async def test_one_more_stream_is_denied_where_edits_are_had_more_often(store: RedisStore) -> None:
    async with governing(store) as governor, AsyncExitStack() as answers:
        for number in range(5):
            await answers.enter_async_context(governor.answering(str(number)))
            leave = await leave_for(governor, start(str(number)))
        assert leave.denied > 0  # alone with all the edits
        assert (await leave_for(governor, start("4", waits=True))).denied == 0


async def test_what_is_denied_was_not_drawn(store: RedisStore) -> None:
    async with governing(store, scale=0.1) as governor:
        leaves = [await leave_for(governor, start("")) for _ in range(3)]
        assert [leave.denied > 0 for leave in leaves] == [False, True, True]
        assert leaves[1].denied >= leaves[2].denied > 30
        spent = await store.spend("T1", keys(STOP, "C1"), 0, "a stop")
        assert spent.level == pytest.approx(QUOTAS[STOP].burst - 1, abs=0.1)


async def test_who_does_not_wait_is_told_while_others_wait(store: RedisStore) -> None:
    async with governing(store, scale=0.1) as governor:
        await leave_for(governor, start("a"))
        patient = start("b", waits=True)
        waiting = asyncio.create_task(governor.granted(lambda: patient))
        leaves = await asyncio.gather(*(leave_for(governor, start(name)) for name in "cd"))
        assert all(leave.denied > 0 for leave in leaves)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_an_edit_that_does_not_wait_is_denied_while_it_is_not_worth_it(store: RedisStore) -> None:
    async with governing(store) as governor:
        assert (await leave_for(governor, wanted(Kind.PROGRESS, waits=False))).denied == 0
        leave = await leave_for(governor, wanted(Kind.PROGRESS, waits=False, last_write=0.0))
        assert 0 < leave.denied <= 1


async def test_an_append_is_weighed_by_those_that_stream(store: RedisStore) -> None:
    """Forty that grow by edits do not slow down the one that streams."""
    async with governing(store) as governor, AsyncExitStack() as answers:
        for number in range(40):
            await answers.enter_async_context(governor.answering(str(number)))
        await leave_for(governor, start("0"))
        soon = wanted(Kind.PROGRESS, method=APPEND, answer="0", waits=False, last_write=-1.0)
        assert (await leave_for(governor, soon)).denied == 0
        edit = wanted(Kind.PROGRESS, answer="1", waits=False, last_write=-1.0)
        assert (await leave_for(governor, edit)).denied > 0


async def test_stops_go_by_what_they_bring_then_by_age(store: RedisStore) -> None:
    async with governing(store, scale=0.05) as governor:
        await leave_for(governor, wanted(Kind.ENDING, method=STOP))
        lane = governor._lanes[STOP]
        now = time.monotonic()
        ready = {
            "old": Want(STOP, "C1", Kind.PROGRESS, now - 9.0, 1, now),
            "late": Want(STOP, "C1", Kind.ENDING, now - 1.0, 1, now),
            "early": Want(STOP, "C1", Kind.ENDING, now - 2.0, 1, now),
        }
        assert governor._chosen(lane, ready, now)[0] == "early"


async def test_hundreds_that_wait_for_one_channel_draw_no_more_than_a_few(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws, spend = [0], store.spend

    async def counted(*args: Any, **options: Any) -> Spent:
        draws[0] += 1
        return await spend(*args, **options)

    monkeypatch.setattr(store, "spend", counted)
    async with governing(store) as governor:
        post = wanted(Kind.FIRST, method="chat.postMessage")
        asked = [asyncio.create_task(governor.granted(lambda: post)) for _ in range(300)]
        done, waiting = await asyncio.wait(asked, timeout=0.5)
        assert len(done) >= 1
        assert draws[0] <= 3 * len(done) + 3
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_one_that_cannot_say_what_it_wants_hears_of_it_and_keeps_nobody_waiting(store: RedisStore) -> None:
    told: list[None] = []

    def want() -> Want:
        if told:
            raise KeyError("what")
        told.append(None)
        return wanted(Kind.ENDING)

    async with governing(store) as governor:
        broken = asyncio.create_task(governor.granted(want))
        await asyncio.sleep(0)
        await leave_for(governor, wanted(Kind.PROGRESS))
        with pytest.raises(KeyError):
            await broken

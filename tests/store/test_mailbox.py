"""Tests mailboxes on a real server: questions are accepted once, in order, one at a time, and never lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.errors import StoreUnavailable
from bot.ports.mailboxes import Mailboxes, TakenOver
from bot.records.codec import decoded
from bot.records.thread import Conversation, Hold, Item, OpenAnswer, QuestionProgress, Run, Thread, UnansweredQuestion
from bot.store.redis import RedisStore
from tests.examples import examples
from tests.store.clocks import set_clock

THREAD = Thread("T1", "C1", "1700000000.000100")
LINE = THREAD.line
DAY_MS = 86_400_000
ENOUGH = 10.0  # seconds: a lease that does not run out while a test runs
SHORT = 0.03


def held(reference: str, ts: float = 1.0, process: str = "ours", *, epoch: int = 1, line: str = LINE) -> Hold:
    return Hold(Item("T1", line, reference, f"{ts:.6f}", "message", '{"text": "why?"}'), process, epoch)


async def accept(store: RedisStore, hold: Hold, lease: float = ENOUGH, opened: OpenAnswer | None = None) -> bool:
    return await store.mailboxes.accept(hold, lease, opens=None, opened=opened or OpenAnswer())


async def taken_over(store: RedisStore, process: str = "theirs", lease: float = ENOUGH) -> list[Hold]:
    """What a process finds within a moment."""
    found: list[Hold] = []

    async def some() -> bool:
        found.extend(taken.hold for taken in (await store.mailboxes.abandoned(["T1"], process, lease))[0])
        return bool(found)

    await until(some, True)
    return found


async def keys_of(store: RedisStore, raw: Redis) -> dict[str, int]:
    """Every key of a store by its name without the prefix, with what is left of its life in milliseconds."""
    prefix = f"{store._prefix}:"
    return {key.removeprefix(prefix): await raw.pttl(key) async for key in raw.scan_iter(match=f"{prefix}*")}


async def until(asked: Callable[[], Awaitable[object]], answer: object) -> None:
    """Ask until the answer is this one: for what the server's own clock decides."""
    async with asyncio.timeout(ENOUGH):
        while True:
            if await asked() == answer:
                return
            await asyncio.sleep(0.005)


def test_they_are_mailboxes(store: RedisStore) -> None:
    port: Mailboxes = store.mailboxes  # mypy holds the two together
    assert port is store.mailboxes


# Taken in, once


async def test_an_item_is_stored_with_its_claim(store: RedisStore, raw: Redis) -> None:
    assert await accept(store, held("a"))
    assert not await accept(store, held("a", process="another"))
    assert await accept(store, held("a", line="T1:C1:2.0"))  # a claim is a thread's
    claim = (await keys_of(store, raw))[f"{{{LINE}}}:claim:a"]
    assert 47 * 3_600_000 < claim <= 48 * 3_600_000


async def test_the_claim_of_one_that_is_asked_again_lasts_as_long_as_the_button(store: RedisStore, raw: Redis) -> None:
    assert await accept(store, held("a"))
    await store.mailboxes.settle(held("a"), UnansweredQuestion(held("a").item))
    assert await accept(store, held("b"), opened=OpenAnswer(again=True))
    lives = await keys_of(store, raw)
    asked_again, button = lives[f"{{{LINE}}}:claim:b"], lives[f"{{{LINE}}}:again:a"]
    assert asked_again > button - 5_000  # they are read one after the other
    assert button > lives[f"{{{LINE}}}:claim:a"] + 5_000


async def test_a_claim_whose_answer_was_lost_is_ours_when_it_is_made_again(store: RedisStore) -> None:
    mailboxes, ask = store._mailboxes, store._mailboxes._ask

    async def lost(question: Awaitable[object]) -> Any:
        answer = await ask(question)
        if answer == 1:
            raise StoreUnavailable("no answer in time")
        return answer

    mailboxes._ask = lost  # it is done, and nobody hears of it
    with pytest.raises(StoreUnavailable):
        await accept(store, held("a"))
    mailboxes._ask = ask
    assert not await accept(store, held("a", process="another"))
    assert await accept(store, held("a"))
    assert not await accept(store, held("a"))


async def test_a_claim_whose_answer_was_lost_is_not_ours_when_it_was_taken_over(store: RedisStore) -> None:
    mailboxes = store._mailboxes
    await accept(store, held("b"), SHORT)  # so that the mailbox is on the list
    name = "the call's own"
    mailboxes._unsure[held("a")] = name
    assert await accept(store, held("a"), SHORT)
    mailboxes._unsure[held("a")] = name
    taken = await taken_over(store)
    while len(taken) < 2:  # the second lease may run out a little later
        taken = [*taken, *await taken_over(store)]
    assert not await accept(store, held("a"))


async def test_of_200_accepts_by_two_replicas_one_wins(twins: tuple[RedisStore, RedisStore]) -> None:
    asked = (accept(twins[i % 2], held("a", process=f"process-{i}")) for i in range(200))
    won = await asyncio.gather(*asked)
    assert won.count(True) == 1
    standing = [await twins[0].mailboxes.stand(held("a", process=f"process-{i}"), ENOUGH) for i in range(200)]
    assert [place for place in standing if place is not None] == [0]  # the one that won is the one that holds it
    assert standing.index(0) == won.index(True)


async def test_it_opens_a_conversation_and_ends_its_quiet(store: RedisStore) -> None:
    before = store._mailboxes._wall()
    await store.set_quiet(THREAD, True, now=1.5)
    assert await store.mailboxes.accept(held("a"), ENOUGH, opens=THREAD, opened=OpenAnswer())
    known = await store.conversation(THREAD)
    assert known is not None
    assert known == Conversation("", "", 0, 1.5, known.used_at)
    assert known.used_at >= before
    other = Thread("T1", "C1", "2.0")
    assert not await store.mailboxes.accept(held("a"), ENOUGH, opens=other, opened=OpenAnswer())
    assert await store.conversation(other) is None


async def test_what_is_known_of_an_answer_is_stored_too(store: RedisStore) -> None:
    known = OpenAnswer("chat", 5.5, ("1.1", "1.2"), "1.2", '[["Token", {"text": "ü"}]]', whole=True)
    assert await accept(store, held("a"), SHORT, known)
    await until(lambda: opened(store), [known])


async def opened(store: RedisStore) -> list[OpenAnswer]:
    return [taken.opened for taken in (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]]


# Whose turn


async def places(store: RedisStore, *holds: Hold) -> list[int | None]:
    return [await store.mailboxes.stand(hold, ENOUGH) for hold in holds]


async def test_a_mailbox_is_served_in_order_of_ts_and_one_at_a_time(store: RedisStore) -> None:
    d, b, c = held("d", 4.0), held("b", 2.0, "another"), held("c", 3.0)
    for hold in (d, b, c):
        assert await accept(store, hold)
    assert await places(store, d, c, b) == [2, 1, 0]
    await store.mailboxes.settle(b)
    assert await places(store, d, c) == [1, 0]
    await store.mailboxes.settle(c)
    assert await places(store, d) == [0]


async def test_a_late_item_does_not_overtake_the_one_whose_turn_it_is(store: RedisStore) -> None:
    late, early, next_ = held("late", 9.0), held("early", 1.0), held("next", 10.0)
    await accept(store, late)
    assert await places(store, late) == [0]
    await accept(store, early)
    await accept(store, next_)
    assert await places(store, early, next_, late) == [1, 2, 0]
    await store.mailboxes.settle(late)
    assert await places(store, next_, early) == [1, 0]


async def test_a_question_is_seen_to_wait_when_the_one_before_it_is_seen(store: RedisStore) -> None:
    first, second, third = held("a", 1.0), held("b", 2.0), held("c", 3.0)
    for hold in (first, second, third):
        await accept(store, hold)

    async def shown() -> list[bool]:
        return [await store.mailboxes.is_shown_before(hold) for hold in (first, second, third)]

    assert await shown() == [True, False, False]
    # One that was delivered late has come before another that stands already: nothing that follows overtakes it.
    await store.mailboxes.note(second, OpenAnswer(messages=("5.5",)))
    assert await shown() == [True, False, False]
    await store.mailboxes.note(first, OpenAnswer(messages=("4.4",)))
    assert await shown() == [True, True, True]
    await store.mailboxes.note(first, OpenAnswer())
    await store.mailboxes.note(second, OpenAnswer())
    await store.mailboxes.note(first, OpenAnswer(messages=("4.4",)))
    assert await shown() == [True, True, False]
    await store.mailboxes.settle(first)
    assert await shown() == [True, True, False]


async def test_how_far_a_question_has_come_is_known_to_everybody(store: RedisStore) -> None:
    hold = held("a")

    async def progress() -> QuestionProgress | None:
        return await store.mailboxes.progress(LINE, "a")

    assert await progress() is None
    await accept(store, hold)
    assert await progress() == QuestionProgress(settled=False)
    await store.mailboxes.note(hold, OpenAnswer(messages=("5.5", "6.6")))
    assert await progress() == QuestionProgress(settled=False, messages=("5.5", "6.6"))
    await store.mailboxes.settle(hold)
    assert await progress() == QuestionProgress(settled=True)


async def test_one_that_has_not_looked_yet_keeps_its_place(store: RedisStore) -> None:
    first, second = held("first", 1.0, "slow"), held("second", 2.0)
    await accept(store, first)
    await accept(store, second)
    assert await places(store, second, second, first) == [1, 1, 0]


async def test_equal_times_stand_by_reference_and_slacks_are_told_apart(store: RedisStore) -> None:
    y, x = held("y", 5.0), held("x", 5.0)
    after, before = held("b", 1700000000.000101), held("c", 1700000000.0001)
    for hold in (y, x, after, before):
        await accept(store, hold)
    assert await places(store, x, y, before, after) == [0, 1, 2, 3]


async def test_mailboxes_do_not_wait_for_one_another(store: RedisStore) -> None:
    one, other = held("a", 1.0), held("b", 2.0, line="T1:C1:2.0")
    await accept(store, one)
    await accept(store, other)
    assert await places(store, one, other) == [0, 0]


@pytest.mark.slow
async def test_40_items_of_two_replicas_are_served_one_at_a_time(twins: tuple[RedisStore, RedisStore]) -> None:
    serving: set[int] = set()
    served: list[int] = []
    opener = held("opener", 0.5)
    await accept(twins[0], opener)

    async def one(number: int) -> None:
        store, hold = twins[number % 2], held(f"item-{number}", 1.0 + number, f"process-{number % 2}")
        assert await accept(store, hold)
        await until(lambda: store.mailboxes.stand(hold, ENOUGH), 0)
        assert not serving
        serving.add(number)
        await asyncio.sleep(0)
        assert await store.mailboxes.stand(hold, ENOUGH) == 0
        serving.remove(number)
        served.append(number)
        await store.mailboxes.settle(hold)

    items = [asyncio.create_task(one(number)) for number in reversed(range(40))]
    newcomer = held("newcomer", 99.0)
    await accept(twins[1], newcomer)
    await until(lambda: twins[1].mailboxes.stand(newcomer, ENOUGH), 41)
    await twins[0].mailboxes.settle(opener)
    await asyncio.gather(*items)
    assert served == list(range(40))
    assert await places(twins[1], newcomer) == [0]


# Taken over


async def test_after_its_lease_an_item_is_taken_by_one_process_alone(twins: tuple[RedisStore, RedisStore]) -> None:
    dead, alive = held("dead", 1.0, "dead"), held("alive", 2.0)
    await accept(twins[0], dead, SHORT)
    await accept(twins[0], alive)
    await asyncio.sleep(SHORT)
    looks = (twins[i % 2].mailboxes.abandoned(["T1"], f"process-{i}", ENOUGH) for i in range(20))
    found = [taken for look, _ in await asyncio.gather(*looks) for taken in look]
    assert [(taken.hold.item, taken.hold.epoch) for taken in found] == [(dead.item, 2)]
    [new] = found
    assert await places(twins[1], alive, new.hold, dead) == [1, 0, None]


async def test_a_lease_that_is_renewed_is_left_alone(store: RedisStore) -> None:
    hold = held("a")
    await accept(store, hold, SHORT)
    await store.mailboxes.stand(hold, ENOUGH)
    await asyncio.sleep(SHORT)
    assert await opened(store) == []


async def test_whoever_takes_it_keeps_its_turn_and_is_told_what_was_noted(store: RedisStore) -> None:
    first, second = held("first", 9.0, "dead"), held("second", 1.0)
    await accept(store, first, SHORT)
    assert await store.mailboxes.stand(first, SHORT) == 0
    noted = OpenAnswer("chat", 7.5, ("1.1",), "1.1", "[]")
    assert await store.mailboxes.note(first, noted, Run(7.5))
    await accept(store, second)
    await until(lambda: opened(store), [noted])
    successor = replace(first, process="theirs", epoch=2)
    assert await places(store, second, successor) == [1, 0]
    assert await store.run_on(LINE, "chat") == Run(7.5)


async def test_the_epoch_rises_with_each_process_and_so_it_does_with_the_same_one(store: RedisStore) -> None:
    await accept(store, held("a"), SHORT)
    assert [hold.token for hold in await taken_over(store, "ours", SHORT)] == ["ours:2"]
    assert [hold.token for hold in await taken_over(store, "theirs", SHORT)] == ["theirs:3"]
    assert [hold.token for hold in await taken_over(store, "theirs", SHORT)] == ["theirs:4"]
    assert await places(store, held("a"), held("a", epoch=2), held("a", process="theirs", epoch=3)) == [None] * 3


@pytest.mark.parametrize("settled", [False, True])
async def test_a_process_that_has_lost_an_item_changes_nothing(store: RedisStore, raw: Redis, settled: bool) -> None:
    zombie = held("a", process="zombie")
    await accept(store, zombie, SHORT)
    [successor] = await taken_over(store)
    noted = OpenAnswer("chat", 5.5, ("1.1",))
    await store.mailboxes.note(successor, noted)
    if settled:
        await store.mailboxes.settle(successor)
    before = await everything(store, raw)

    assert await store.mailboxes.stand(zombie, ENOUGH) is None
    assert not await store.mailboxes.note(zombie, OpenAnswer("other chat", 1.0), Run(1.0))
    await store.mailboxes.settle(zombie, UnansweredQuestion(zombie.item, ("6.6",)))
    assert not await store.mailboxes.restore(zombie, ENOUGH, OpenAnswer())
    await store.mailboxes.release(zombie)

    assert await everything(store, raw) == before
    assert await store.run_on(LINE, "other chat") is None
    assert await store.mailboxes.asked(LINE, "a") is None


async def everything(store: RedisStore, raw: Redis) -> dict[str, object]:
    """What the mailbox's keys hold."""
    reads: dict[str, Callable[[str], Awaitable[object]]] = {
        "hash": raw.hgetall,
        "string": raw.get,
        "zset": lambda key: raw.zrange(key, 0, -1, withscores=True),
    }
    match = f"{store._prefix}:{{{LINE}}}:*"
    return {key: await reads[str(await raw.type(key))](key) async for key in raw.scan_iter(match=match)}


async def test_a_lost_item_is_not_brought_back_when_its_claim_has_ended(store: RedisStore, raw: Redis) -> None:
    zombie = held("a", process="zombie")
    await accept(store, zombie, SHORT)
    [successor] = await taken_over(store)
    await raw.delete(f"{store._prefix}:{{{LINE}}}:claim:a")
    assert not await store.mailboxes.restore(zombie, ENOUGH, OpenAnswer())
    assert await places(store, zombie, successor) == [None, 0]


async def test_a_released_item_is_taken_at_once(store: RedisStore) -> None:
    hold = held("a")
    await accept(store, hold)
    await store.mailboxes.stand(hold, ENOUGH)
    assert await opened(store) == []
    await store.mailboxes.release(hold)
    assert (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0][0].hold.token == "theirs:2"


async def test_a_store_that_lost_its_data_is_given_them_again(store: RedisStore, raw: Redis) -> None:
    hold, known = held("a"), OpenAnswer("chat", 5.5, ("1.1",))
    await accept(store, hold)
    await emptied(store, raw)
    assert await store.mailboxes.stand(hold, ENOUGH) is None
    assert not await store.mailboxes.note(hold, known)
    assert await store.mailboxes.restore(hold, SHORT, known)
    assert await store.mailboxes.stand(hold, SHORT) == 0
    assert not await accept(store, held("a", process="another"))
    await until(lambda: opened(store), [known])


async def test_of_a_lost_item_that_somebody_took_in_anew_there_is_one(store: RedisStore, raw: Redis) -> None:
    hold, anew = held("a"), held("a", process="another")
    await accept(store, hold)
    await emptied(store, raw)
    assert await accept(store, anew)  # Slack has delivered it again
    assert not await store.mailboxes.restore(hold, ENOUGH, OpenAnswer())
    assert await places(store, hold, anew) == [None, 0]


async def emptied(store: RedisStore, raw: Redis) -> None:
    await raw.delete(*[key async for key in raw.scan_iter(match=f"{store._prefix}:*")])


# Who has failed


async def once_more(store: RedisStore, hold: Hold, *, failed: bool) -> TakenOver:
    """Released by its holder, and taken by the next."""
    await store.mailboxes.release(hold, failed=failed)
    [taken] = (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]
    return taken


async def test_only_those_are_counted_that_have_failed(store: RedisStore) -> None:
    hold = held("a")
    failures: list[int] = []
    await accept(store, hold)
    for failed in (False, True, False, False, True, False):
        taken = await once_more(store, hold, failed=failed)
        hold, failures = taken.hold, [*failures, taken.failures]
    assert failures == [0, 1, 1, 1, 2, 2]
    assert hold.epoch == 7  # which is for telling holders apart, and rises each time


async def test_who_lets_a_lease_run_out_has_failed(store: RedisStore) -> None:
    await accept(store, held("a"), SHORT)
    await asyncio.sleep(SHORT)
    [taken] = (await store.mailboxes.abandoned(["T1"], "theirs", SHORT))[0]
    await asyncio.sleep(SHORT)
    [again] = (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]
    assert (taken.failures, again.failures) == (1, 2)
    await store.mailboxes.settle(again.hold)
    await accept(store, held("b"), SHORT)
    await asyncio.sleep(SHORT)
    [other] = (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]
    assert other.failures == 1


async def test_what_is_left_to_others_is_not_taken(store: RedisStore) -> None:
    holds = held("a"), held("b", 2.0), held("a", line="T1:C1:2.0")
    for hold in holds:
        await accept(store, hold)
        await store.mailboxes.release(hold)
    mine, _ = await store.mailboxes.abandoned(["T1"], "ours", ENOUGH, but_not=[(LINE, "a")])
    assert {(taken.hold.item.line, taken.hold.item.reference) for taken in mine} == {(LINE, "b"), ("T1:C1:2.0", "a")}
    theirs, _ = await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH)
    assert [(taken.hold.item.line, taken.hold.item.reference) for taken in theirs] == [(LINE, "a")]


async def test_what_is_put_aside_is_kept_and_gives_up_its_turn(store: RedisStore, raw: Redis) -> None:
    first, second = held("a", 1.0), held("b", 2.0)
    for hold in (first, second):
        await accept(store, hold)
    await store.mailboxes.note(first, OpenAnswer("chat", 5.5))
    assert await places(store, first, second) == [0, 1]
    key = await store.mailboxes.put_aside(first, "nobody can")
    kept = await raw.hgetall(key)
    assert (decoded(Item, kept["item"]), decoded(OpenAnswer, kept["open"])) == (first.item, OpenAnswer("chat", 5.5))
    assert (kept["holder"], kept["reason"]) == (first.token, "nobody can")
    assert 29 * DAY_MS < await raw.pttl(key) <= 30 * DAY_MS
    assert await places(store, first, second) == [None, 0]
    assert not await accept(store, first)  # Slack may deliver it again: it stays claimed
    assert await store.mailboxes.put_aside(replace(second, epoch=2), "not mine") == ""
    assert await places(store, second) == [0]


# Damaged


# What a take-over finds under the item and under what is open of its answer.
notes = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([b"{}", b"[]", b"null", b'"', b"[" * 2_000, b'{"messages": 5}', b"\xff\xfe", b'{"team": "\xff"}']),
    st.dictionaries(
        st.sampled_from([one.name for one in (*fields(Item), *fields(OpenAnswer))]),
        st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2)),
    ).map(lambda note: json.dumps(note).encode()),
)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(item=notes, opened=notes, reference=st.binary(min_size=1, max_size=5), holder=st.binary(max_size=5))
async def test_whatever_an_item_has_become_it_is_taken_and_put_aside_as_it_is(
    store: RedisStore, raw: Redis, item: bytes, opened: bytes, reference: bytes, holder: bytes
) -> None:
    healthy = held("healthy", 9.0, line="T1:C1:9.0")
    await accept(store, healthy)
    await store.mailboxes.release(healthy)
    mailbox = f"{store._prefix}:{{{LINE}}}:"
    for part, value in (("items", item), ("open", opened), ("holders", holder), ("failures", holder)):
        await raw.hset(f"{mailbox}{part}", reference, value)
    await raw.zadd(f"{mailbox}mail", {reference: 1.0})
    await raw.zadd(f"{mailbox}leases", {reference: 1})
    await raw.zadd(f"{store._prefix}:{{lines}}:due", {LINE: 0})

    found = {taken.hold.item.line: taken for taken in (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]}
    assert found["T1:C1:9.0"].hold.item == healthy.item
    damaged = found[LINE]
    assert damaged.unreadable
    behind = held("behind", 2.0)
    assert await accept(store, behind)
    assert await places(store, damaged.hold, behind) == [0, 1]
    assert await store.mailboxes.is_shown_before(behind) in {True, False}
    key = await store.mailboxes.put_aside(damaged.hold, damaged.unreadable)
    kept = await raw.hgetall(key)
    assert [str(kept[part]).encode("utf-8", "surrogateescape") for part in ("item", "open")] == [item, opened]
    assert await places(store, behind) == [0]

    for hold in (behind, found["T1:C1:9.0"].hold):
        await store.mailboxes.settle(hold)
    await emptied(store, raw)


async def test_a_mailbox_with_keys_of_another_type_keeps_no_other_from_being_looked_into(
    store: RedisStore, raw: Redis
) -> None:
    one, other = held("a"), held("b", line="T1:C1:2.0")
    for hold in (one, other):
        await accept(store, hold)
        await store.mailboxes.release(hold)
    await raw.set(f"{store._prefix}:{{{LINE}}}:leases", "what is this?")
    due = f"{store._prefix}:{{lines}}:due"
    assert [taken.hold.item for taken in (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]] == [other.item]
    now, _ = await raw.time()
    assert (await raw.zscore(due, LINE) or 0) > (now + ENOUGH - 2) * 1000  # looked into again, but not at every look
    await raw.delete(f"{store._prefix}:{{{LINE}}}:leases")


async def test_an_item_that_is_gone_blocks_nobody(store: RedisStore, raw: Redis) -> None:
    gone, behind = held("a", 1.0), held("b", 2.0)
    for hold in (gone, behind):
        await accept(store, hold)
    assert await places(store, gone, behind) == [0, 1]
    await raw.hdel(f"{store._prefix}:{{{LINE}}}:items", "a")
    await store.mailboxes.release(gone)
    assert await opened(store) == []
    assert await places(store, behind) == [0]


# What is left


async def test_a_settled_item_leaves_its_claim_alone(store: RedisStore, raw: Redis) -> None:
    holds = [held(name, 1.0 + number) for number, name in enumerate("abc")]
    for hold in holds:
        await accept(store, hold)
        await store.mailboxes.stand(hold, ENOUGH)
        await store.mailboxes.note(hold, OpenAnswer("chat", 5.5))
    for hold in holds:
        await store.mailboxes.settle(hold)
    left = {key for key in await keys_of(store, raw) if key.startswith(f"{{{LINE}}}")}
    assert left == {f"{{{LINE}}}:claim:{name}" for name in "abc"}
    assert not await accept(store, holds[0])
    assert await opened(store) == []


async def test_a_question_is_kept_for_another_time(store: RedisStore, raw: Redis) -> None:
    hold = held("a")
    await accept(store, hold)
    assert await store.mailboxes.asked(LINE, "a") is None
    again = UnansweredQuestion(hold.item, ("1.1", "1.2"))
    await store.mailboxes.settle(hold, again)
    assert await store.mailboxes.asked(LINE, "a") == again
    assert await store.mailboxes.asked("T1:C1:2.0", "a") is None
    assert 29 * DAY_MS < (await keys_of(store, raw))[f"{{{LINE}}}:again:a"] <= 30 * DAY_MS


async def test_a_run_that_was_seen_to_end_goes_with_its_question(store: RedisStore) -> None:
    over, left = held("a", 1.0), held("b", 2.0)
    for hold, chat in ((over, "chat-a"), (left, "chat-b")):
        await accept(store, hold)
        await store.mailboxes.note(hold, OpenAnswer(chat, 5.5), Run(5.5))
    await store.mailboxes.settle(over, run_over="chat-a")
    await store.mailboxes.settle(left)
    assert await store.run_on(LINE, "chat-a") is None
    assert await store.run_on(LINE, "chat-b") == Run(5.5)


async def test_nothing_is_kept_for_ever(store: RedisStore, raw: Redis) -> None:
    one, two = held("a", 1.0), held("b", 2.0)
    await accept(store, one, opened=OpenAnswer(messages=("1.1",)))
    await accept(store, two)
    await store.mailboxes.stand(one, ENOUGH)
    await store.mailboxes.note(one, OpenAnswer("chat", 5.5), Run(5.5))
    await store.mailboxes.abandoned(["T1"], "ours", ENOUGH)
    lives = await keys_of(store, raw)
    mailbox = {f"{{{LINE}}}:{part}" for part in ("mail", "items", "holders", "leases", "open", "turn")}
    assert mailbox < lives.keys()
    for key, left in lives.items():
        assert left > 0, key
    for key in (*mailbox, "{lines}:due"):
        assert 6.9 * DAY_MS < lives[key] <= 7 * DAY_MS
    assert 0.9 * DAY_MS < lives[f"{{{LINE}}}:run:chat"] <= DAY_MS
    assert lives["{lines}:processes:T1"] <= 2000 * ENOUGH


# Who is there


async def test_processes_know_of_each_other(twins: tuple[RedisStore, RedisStore]) -> None:
    one, other = twins[0].mailboxes, twins[1].mailboxes
    assert (await one.abandoned(["T1"], "one", ENOUGH))[1]["T1"] == 0
    assert (await other.abandoned(["T1"], "other", ENOUGH))[1]["T1"] == 1
    assert (await one.abandoned(["T1"], "one", ENOUGH))[1]["T1"] == 1
    assert (await one.abandoned(["T2"], "one", ENOUGH))[1]["T2"] == 0
    await other.withdraw(["T1"], "other")
    assert (await one.abandoned(["T1"], "one", ENOUGH))[1]["T1"] == 0


async def test_a_process_that_does_not_look_any_more_is_not_counted(store: RedisStore) -> None:
    await store.mailboxes.abandoned(["T1"], "dead", SHORT)

    async def others() -> int:
        return (await store.mailboxes.abandoned(["T1"], "alive", ENOUGH))[1]["T1"]

    assert await others() == 1
    await until(others, 0)


# The clock is set -----------------------------------------------------------------------------------------------------

HOUR = 3600.0


async def test_a_clock_that_is_set_back_ends_no_lease_and_makes_none_longer(store: RedisStore) -> None:
    alive, dead = held("a", line="T1:C1:1"), held("b", line="T1:C1:2")
    for hold in (alive, dead):
        await accept(store, hold, lease=0.3)
    await set_clock(store, -HOUR)
    assert (await store.mailboxes.abandoned(["T1"], "theirs", 0.3))[0] == ()
    renewing = asyncio.create_task(renewed(store, alive))
    assert [hold.item for hold in await taken_over(store, lease=0.3)] == [dead.item]
    await asyncio.sleep(0.1)
    assert (await store.mailboxes.abandoned(["T1"], "others", 0.3))[0] == ()
    renewing.cancel()
    assert await store.mailboxes.stand(alive, ENOUGH) == 0


async def renewed(store: RedisStore, hold: Hold) -> None:
    while True:
        await store.mailboxes.stand(hold, 0.3)
        await asyncio.sleep(0.03)


async def test_after_a_clock_was_set_back_an_empty_mailbox_is_looked_into_no_more(
    store: RedisStore, raw: Redis
) -> None:
    hold = held("a")
    await accept(store, hold, lease=SHORT)
    await set_clock(store, -HOUR)
    await store.mailboxes.settle(hold)

    async def listed() -> bool:
        await store.mailboxes.abandoned(["T1"], "ours", SHORT)
        return any(name.endswith((":due", ":until")) for name in await keys_of(store, raw))

    await until(listed, False)


async def test_a_dead_process_is_counted_on_no_more_after_a_clock_was_set_back(store: RedisStore) -> None:
    await store.mailboxes.abandoned(["T1"], "dead", ENOUGH)
    await set_clock(store, -HOUR)
    assert (await store.mailboxes.abandoned(["T1"], "alive", ENOUGH))[1]["T1"] == 0


@pytest.mark.parametrize("holder_lives", [True, False])
async def test_a_clock_that_is_set_forward_ends_no_lease_of_who_is_alive(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch, holder_lives: bool
) -> None:
    """Seen from here: more time has gone by on the server than on our own clock, which the test owns."""
    ours, lease = 100.0, 0.2
    monkeypatch.setattr(store.mailboxes, "_now", lambda: ours)
    hold = held("a")
    await accept(store, hold, lease=lease)
    assert (await store.mailboxes.abandoned(["T1"], "theirs", lease))[0] == ()
    await asyncio.sleep(lease + 0.05)
    assert (await store.mailboxes.abandoned(["T1"], "theirs", lease))[0] == ()
    if holder_lives:
        assert await store.mailboxes.stand(hold, ENOUGH) == 0
    ours += lease + 0.01
    found = (await store.mailboxes.abandoned(["T1"], "theirs", lease))[0]
    assert [taken.hold.item for taken in found] == ([] if holder_lives else [hold.item])


# Several workspaces ---------------------------------------------------------------------------------------------------


def of_team(team: str, reference: str = "a") -> Hold:
    return Hold(Item(team, f"{team}:C1:1.0", reference, "1.000000", "message", "{}"), "ours")


async def test_one_look_finds_what_was_left_of_the_teams_that_are_served_and_of_no_other(store: RedisStore) -> None:
    for team in ("T1", "T2", "T3", "T22"):
        await accept(store, of_team(team))
        await store.mailboxes.release(of_team(team))
    found, others = await store.mailboxes.abandoned(["T1", "T2"], "theirs", ENOUGH)
    assert sorted(taken.hold.item.team for taken in found) == ["T1", "T2"]
    assert others == {"T1": 0, "T2": 0}
    assert await store.mailboxes.abandoned([], "nobody's", ENOUGH) == ((), {})
    found, others = await store.mailboxes.abandoned(["T2", "T22"], "another", ENOUGH)
    assert [taken.hold.item.team for taken in found] == ["T22"]
    assert others == {"T2": 1, "T22": 0}


async def test_what_is_left_of_a_team_that_nobody_serves_hides_nothing_and_goes_in_the_end(
    store: RedisStore, raw: Redis
) -> None:
    due, until = (f"{store._prefix}:{{lines}}:{part}" for part in ("due", "until"))
    now, _ = await raw.time()
    await raw.zadd(due, {f"T9:C{number}:1.0": (now - 8 * 86_400) * 1000 for number in range(100)})
    await raw.zadd(due, {f"T8:C{number}:1.0": (now - 3600) * 1000 for number in range(1_200)})
    await raw.hset(until, mapping={f"T9:C{number}:1.0": 1 for number in range(100)})
    await accept(store, of_team("T1"))
    await store.mailboxes.release(of_team("T1"))
    [taken] = (await store.mailboxes.abandoned(["T1"], "theirs", ENOUGH))[0]
    assert taken.hold.item.team == "T1"
    assert {str(line).partition(":")[0] for line in await raw.zrange(due, 0, -1)} == {"T1", "T8"}
    assert list(await raw.hkeys(until)) == ["T1:C1:1.0"]


async def test_of_a_team_that_is_purged_nothing_stays_on_the_list(store: RedisStore, raw: Redis) -> None:
    for team in ("T1", "T12"):
        await accept(store, of_team(team))
    await store.mailboxes.abandoned(["T1", "T12"], "theirs", ENOUGH)
    await store.purge("T1")
    for part, listed in (("due", raw.zrange), ("until", None)):
        key = f"{store._prefix}:{{lines}}:{part}"
        lines = await listed(key, 0, -1) if listed else await raw.hkeys(key)
        assert list(lines) == ["T12:C1:1.0"]
    assert not [key async for key in raw.scan_iter(match=f"{store._prefix}:*T1[^2]*")]


async def test_an_item_that_lets_others_pass_comes_last_and_then_waits_for_who_has_the_turn(store: RedisStore) -> None:
    first, second, third = held("a", 1.0), held("b", 2.0, "theirs"), held("c", 3.0)
    for hold in (first, second):
        await accept(store, hold)
    places = [await store.mailboxes.stand(hold, ENOUGH) for hold in (first, second)]
    assert places == [0, 1]
    assert await store.mailboxes.let_pass(first, ENOUGH)
    assert [await store.mailboxes.stand(hold, ENOUGH) for hold in (first, second)] == [1, 0]
    await accept(store, third)
    assert [await store.mailboxes.stand(hold, ENOUGH) for hold in (first, second, third)] == [2, 0, 1]
    await store.mailboxes.settle(second)
    assert [await store.mailboxes.stand(hold, ENOUGH) for hold in (first, third)] == [1, 0]
    # It comes before those that are later, once it lets nobody pass any longer; but nobody's turn is taken away.
    assert await store.mailboxes.let_pass(first, 0.0)
    assert [await store.mailboxes.stand(hold, ENOUGH) for hold in (first, third)] == [1, 0]
    await store.mailboxes.settle(third)
    assert await store.mailboxes.stand(first, ENOUGH) == 0


async def test_alone_it_has_no_turn_either_until_that_ends_by_itself(store: RedisStore) -> None:
    only = held("a")
    await accept(store, only)
    assert await store.mailboxes.let_pass(only, SHORT)
    assert await store.mailboxes.stand(only, ENOUGH) in {0, 1}
    await until(lambda: store.mailboxes.stand(only, ENOUGH), 0)


async def test_only_its_holder_lets_others_pass(store: RedisStore) -> None:
    await accept(store, held("a"))
    assert not await store.mailboxes.let_pass(held("a", process="theirs"), ENOUGH)
    assert not await store.mailboxes.let_pass(held("unknown"), ENOUGH)
    assert await store.mailboxes.stand(held("a"), ENOUGH) == 0

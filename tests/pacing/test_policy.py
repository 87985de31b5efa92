"""Tests the policy: who goes first, by tables, and that no answer freezes, by seeded runs in simulated time."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing.budget import Budget
from bot.pacing.permits import Kind, Want
from bot.pacing.policy import AT_ONCE, CLOSEST, LOOK, PATIENCE, REFILL, Policy, Stock
from bot.slack.tiers import QUOTAS, Quota, keys
from tests.examples import examples

EDITS = QUOTAS["chat.update"]
FULL, NOW = float(EDITS.burst), 100.0
POLICY = Policy()


def ending(since: float, unseen: int = 10, last_write: float = 99.9) -> Want:
    return Want("chat.update", "C1", Kind.ENDING, since, unseen, last_write)


def first(since: float, unseen: int = 10) -> Want:
    return Want("chat.postMessage", "C1", Kind.FIRST, since, unseen, -math.inf)


def progress(last_write: float, unseen: int = 10) -> Want:
    return Want("chat.update", "C1", Kind.PROGRESS, last_write, unseen, last_write)


def choose(
    wants: dict[str, Want],
    *,
    level: float = FULL,
    growing: int = 1,
    unfinished: int = 0,
    now: float = NOW,
) -> tuple[str | None, float]:
    mean = POLICY.mean_speed(wants.values(), now)
    return POLICY.choose(wants, now, level=level, quota=EDITS, growing=growing, unfinished=unfinished, mean=mean)


@pytest.mark.parametrize(
    ("wants", "goes"),
    [
        ({"a": progress(90.0, 1000), "b": ending(100.0, 1)}, "b"),
        ({"a": progress(90.0, 1000), "b": first(100.0, 1)}, "b"),
        ({"a": first(90.0, 1000), "b": ending(100.0, 1)}, "b"),
        ({"a": ending(99.0), "b": ending(98.0), "c": ending(99.5)}, "b"),
        ({"a": first(99.0), "b": first(98.0)}, "b"),
        ({"a": progress(90.0, 10), "b": progress(90.0, 30)}, "b"),
        ({"a": progress(95.0, 10), "b": progress(90.0, 10)}, "b"),
        ({"a": progress(90.0, 100), "b": progress(94.0, 400)}, "b"),
        ({"a": progress(99.9, 100)}, None),
        ({}, None),
    ],
)
def test_who_goes_first(wants: dict[str, Want], goes: str | None) -> None:
    assert choose(wants)[0] == goes


@pytest.mark.parametrize("level", [0.0, 1.0, FULL])
@pytest.mark.parametrize("growing", [1, 40, 200])
def test_an_ending_is_always_due(level: float, growing: int) -> None:
    assert choose({"a": ending(NOW)}, level=level, growing=growing, unfinished=growing) == ("a", 0.0)


def test_one_answer_is_written_as_often_as_any_while_the_bucket_is_full() -> None:
    assert choose({"a": progress(NOW - CLOSEST)}, unfinished=1) == ("a", 0.0)
    ticket, again = choose({"a": progress(NOW - CLOSEST + 0.2)}, unfinished=1)
    assert ticket is None
    assert again == pytest.approx(0.2)


def test_an_answer_that_was_just_written_is_looked_at_again_before_it_can_be_due() -> None:
    """Nothing has come since, so it seems slow; it may turn out to be fast."""
    ticket, again = POLICY.choose(
        {"a": progress(NOW, unseen=0)}, NOW, level=4.0, quota=EDITS, growing=1, unfinished=1, mean=100.0
    )
    assert ticket is None
    assert again == pytest.approx(CLOSEST)
    assert POLICY.mean_speed([progress(NOW, unseen=0), progress(NOW - 2.0, unseen=80)], NOW) == pytest.approx(40.0)


def test_edits_space_out_to_what_the_rate_gives() -> None:
    gaps = [POLICY.gap(level=level, quota=EDITS, growing=1, unfinished=1) for level in (24.0, 12.0, 6.0, 2.0, 0.0)]
    assert gaps == sorted(gaps)
    assert gaps[0] < CLOSEST
    assert 1.4 < gaps[-1] <= 1.0 / EDITS.rate


@settings(deadline=None, max_examples=examples(120))
@given(level=st.floats(0.0, FULL), growing=st.integers(1, 300), unfinished=st.integers(0, 300))
def test_a_newcomer_slows_everyone_a_little(level: float, growing: int, unfinished: int) -> None:
    before = POLICY.gap(level=level, quota=EDITS, growing=growing, unfinished=unfinished)
    after = POLICY.gap(level=level, quota=EDITS, growing=growing + 1, unfinished=unfinished)
    assert before < after <= before * (growing + 1) / growing + 1e-9


def test_first_words_go_at_once_while_there_is_enough() -> None:
    assert POLICY.gap(level=FULL, quota=EDITS, growing=1, unfinished=0) <= AT_ONCE
    assert choose({"a": first(NOW)}) == ("a", 0.0)


def test_first_words_of_three_wait_less_than_a_second() -> None:
    gap = POLICY.gap(level=FULL, quota=EDITS, growing=3, unfinished=0)
    assert AT_ONCE < gap < 1.0
    assert choose({"a": first(NOW - gap + 0.1)}, growing=3)[0] is None
    assert choose({"a": first(NOW - gap)}, growing=3) == ("a", 0.0)


def test_first_words_of_many_wait_no_longer_than_they_are_worth() -> None:
    gap = POLICY.gap(level=FULL, quota=EDITS, growing=40, unfinished=0)
    assert gap > PATIENCE
    assert choose({"a": first(NOW - PATIENCE + 0.1)}, growing=40)[0] is None
    assert choose({"a": first(NOW - PATIENCE)}, growing=40) == ("a", 0.0)
    # But not where the edit for its ending would be another one's.
    assert choose({"a": first(NOW - PATIENCE)}, growing=40, unfinished=40)[0] is None


def test_one_answer_alone_begins_at_once_with_a_tenth_of_the_limits_too() -> None:
    tenth = EDITS.scaled(0.1)
    level = float(tenth.burst)
    found = POLICY.choose({"a": first(NOW)}, NOW, level=level, quota=tenth, growing=1, unfinished=0, mean=0.0)
    assert found == ("a", 0.0)


def test_first_words_wait_when_many_share_and_whole_answers_do_not() -> None:
    ticket, again = choose({"a": first(NOW - 0.1)}, growing=40, unfinished=3)
    assert ticket is None
    assert 0.0 < again <= 1.0
    whole = Want("chat.postMessage", "C1", Kind.ENDING, NOW, 100, -math.inf)
    assert choose({"a": first(NOW - 0.1), "b": whole}, growing=40, unfinished=3) == ("b", 0.0)


def test_nothing_is_begun_whose_ending_cannot_be_paid() -> None:
    assert choose({"a": first(NOW - 60.0)}, level=8.0, growing=8, unfinished=5) == ("a", 0.0)
    assert choose({"a": first(NOW - 60.0)}, level=2.0, growing=8, unfinished=5)[0] is None


@settings(deadline=None, max_examples=examples(120))
@given(
    unfinished=st.integers(0, 300),
    rate=st.floats(0.01, 5.0),
    burst=st.integers(1, 200),
    kind=st.sampled_from([Kind.FIRST, Kind.PROGRESS]),
)
def test_the_reserve_grows_with_the_answers_and_leaves_a_token(
    unfinished: int, rate: float, burst: int, kind: Kind
) -> None:
    quota = Quota(rate, burst)
    reserve = POLICY.reserve(kind, unfinished, quota)
    assert 0.0 <= reserve <= burst - 1
    assert reserve <= POLICY.reserve(kind, unfinished + 1, quota)
    assert POLICY.reserve(Kind.ENDING, unfinished, quota) == 0.0


wants = st.builds(
    Want,
    method=st.just("chat.update"),
    channel=st.just("C1"),
    kind=st.sampled_from(Kind),
    since=st.floats(0.0, NOW),
    unseen=st.integers(0, 5000),
    last_write=st.floats(0.0, NOW),
)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(120))
@given(
    some=st.dictionaries(st.text("abcdef", min_size=1, max_size=3), wants, min_size=1, max_size=12),
    level=st.floats(0.0, FULL),
    growing=st.integers(1, 200),
    unfinished=st.integers(0, 200),
)
def test_no_ending_ever_stands_behind_progress(
    some: dict[str, Want], level: float, growing: int, unfinished: int
) -> None:
    ticket, again = choose(some, level=level, growing=growing, unfinished=unfinished)
    endings = {name: want for name, want in some.items() if want.kind is Kind.ENDING}
    if endings:
        assert ticket in endings
        assert endings[ticket or ""].since == min(want.since for want in endings.values())
    assert (ticket is None) == (again > 0.0)
    assert again <= 1.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [2, 10, 30])
def test_nobody_starves_while_others_write_faster(n: int, seed: int) -> None:
    """Answers of very different speed that never end: each is written again and again, at about the mean gap."""
    chance, budget, key = random.Random(f"{n} {seed}"), Budget(), keys("chat.update", "C1")
    speeds = {str(number): chance.uniform(1.0, 400.0) for number in range(n)}
    written = dict.fromkeys(speeds, 0.0)
    longest, counts = dict.fromkeys(speeds, 0.0), dict.fromkeys(speeds, 0)
    now, until = 0.0, 3600.0
    while now < until:
        some = {
            name: Want("chat.update", "C1", Kind.PROGRESS, last, int((now - last) * speeds[name]), last)
            for name, last in written.items()
        }
        level = budget.level(key[0], now)
        mean = POLICY.mean_speed(some.values(), now)
        ticket, again = POLICY.choose(some, now, level=level, quota=EDITS, growing=n, unfinished=n, mean=mean)
        if ticket is not None:
            again = budget.take(key, now, reserve=POLICY.reserve(Kind.PROGRESS, n, EDITS))
            if again == 0.0:
                longest[ticket] = max(longest[ticket], now - written[ticket])
                written[ticket], counts[ticket] = now, counts[ticket] + 1
        now += again
    assert sum(counts.values()) == pytest.approx(EDITS.rate * until, rel=0.15)  # the budget is spent, not hoarded
    mean = n / EDITS.rate
    assert max(longest.values()) < 12.0 * mean
    assert min(counts.values()) >= 0.1 * max(counts.values())


# Streams -------------------------------------------------------------------------------------------------------------

STARTS, APPENDS = QUOTAS["chat.startStream"], QUOTAS["chat.appendStream"]


def stream_in(
    *,
    starts: float = STARTS.burst,
    stops: float = STARTS.burst,
    appends: float = APPENDS.burst,
    edits: float = FULL,
    streaming: int = 0,
    growing: int = 1,
    standing: int = 0,
) -> float:
    return POLICY.stream_in(
        starts=Stock(starts, STARTS),
        stops=Stock(stops, STARTS),
        appends=Stock(appends, APPENDS),
        edits=Stock(edits, EDITS),
        streaming=streaming,
        growing=growing,
        standing=standing,
    )


@pytest.mark.parametrize(
    ("given", "wait"),
    [
        ({}, 0.0),
        ({"starts": 0.5}, 0.5 / STARTS.rate),
        ({"stops": 0.0}, 1.0 / STARTS.rate),
        ({"starts": 0.0, "stops": 0.5}, 1.0 / STARTS.rate),
        # Two stream already and will need two stops.
        ({"streaming": 2, "growing": 5, "stops": 1.0}, 2.0 / STARTS.rate - REFILL),
        ({"streaming": 2, "growing": 5, "stops": 3.0}, 0.0),
        # The others are written seldom, a third stream often; or the other way round.
        ({"streaming": 2, "growing": 20, "standing": 10}, 0.0),
        ({"streaming": 1, "growing": 1}, 0.0),  # both may be written as often as any answer
        ({"streaming": 4, "growing": 1}, LOOK),
        ({"appends": 0.0, "growing": 1}, LOOK),
        ({"appends": 0.0, "growing": 10, "edits": 0.0}, 0.0),
    ],
)
def test_when_one_more_stream_may_begin(given: dict[str, float], wait: float) -> None:
    assert stream_in(**given) == pytest.approx(wait)  # type: ignore[arg-type]  # counts are whole numbers


@settings(deadline=None, max_examples=examples(120))
@given(
    appends=st.floats(0.0, APPENDS.burst),
    edits=st.floats(0.0, FULL),
    streaming=st.integers(0, 6),
    growing=st.integers(1, 60),
)
def test_a_stream_that_begins_is_written_no_less_often_than_by_edits(
    appends: float, edits: float, streaming: int, growing: int
) -> None:
    if stream_in(appends=appends, edits=edits, streaming=streaming, growing=growing) == 0.0:
        by_stream = POLICY.gap(level=appends, quota=APPENDS, growing=streaming + 1, unfinished=0)
        assert by_stream <= max(CLOSEST, POLICY.gap(level=edits, quota=EDITS, growing=growing, unfinished=0))

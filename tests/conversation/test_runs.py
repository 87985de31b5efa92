"""Tests how long runs that were left in Flowise are waited for, whatever the clocks do meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import runs
from bot.conversation.runs import Runs
from bot.flowise.events import Event, Token
from bot.ports.flowise import Flowise
from bot.ports.store import Store
from bot.records.thread import Expected, OpenAnswer, Run
from tests.examples import examples

HOUR = 3600.0
WAIT = 60.0
NOON = 1_800_000_000.0

jumps = st.lists(st.tuples(st.integers(0, 25), st.floats(-2 * HOUR, 2 * HOUR)), max_size=4)


@dataclass
class World:
    """A Flowise whose run ends after `ends` seconds, a store, and two clocks, one of which is set by `jumps`."""

    ends: float = 1e9
    jumps: dict[int, float] = field(default_factory=dict)
    monotonic: float = 5.0
    wall: float = NOON
    slept: list[float] = field(default_factory=list)
    asked: list[Expected] = field(default_factory=list)
    noted: list[Run] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.wall += seconds + self.jumps.get(len(self.slept), 0.0)
        self.monotonic += seconds
        self.slept.append(seconds)

    @property
    def waited(self) -> float:
        return sum(self.slept)

    async def has_stored(self, _: str, expected: Expected) -> bool:
        self.asked.append(expected)
        return self.waited >= self.ends

    async def stored_answer(self, _: str, expected: Expected) -> tuple[Event, ...] | None:
        return (Token("late"),) if await self.has_stored("", expected) else None

    async def abort(self, _: str) -> bool:
        return True

    async def run_started(self, _: str, __: str, run: Run) -> None:
        self.noted.append(run)

    async def run_ended(self, _: str, __: str) -> None:
        self.noted.clear()

    async def run_on(self, _: str, __: str) -> Run | None:
        return self.noted[-1] if self.noted else None

    def runs(self, *, reads_answers: bool = True) -> Runs:
        return Runs(
            cast("Flowise", self),
            cast("Store", self),
            wait=WAIT,
            reads_answers=reads_answers,
            now=lambda: self.monotonic,
            wall=lambda: self.wall,
            sleep=self.sleep,
        )


def left(at: float, *, agentflow: bool = False, unseen: bool = False) -> Run:
    return Run(since=at - 5, left_at=at, agentflow=agentflow, unseen=unseen, question="why?", after="m")


@settings(deadline=None, max_examples=examples(100))
@given(jumps=jumps, ahead=st.floats(-2 * HOUR, 2 * HOUR), killed=st.booleans())
async def test_a_left_run_is_never_waited_for_longer(
    jumps: list[tuple[int, float]], ahead: float, killed: bool
) -> None:
    """`ahead` is how far the clock of the process that left it is from ours, which is set while we wait."""
    world = World(jumps=dict(jumps))
    run = Run(since=NOON, question="why?", after="m") if killed else left(NOON + ahead)
    assert not await world.runs().waited_for("l", "c", run)
    assert world.waited <= WAIT
    assert world.waited == pytest.approx(WAIT if killed else min(WAIT, max(0.0, WAIT + ahead)))
    assert set(world.asked) <= {Expected("why?", "m")}


@settings(deadline=None, max_examples=examples(100))
@given(jumps=jumps)
async def test_a_stored_answer_is_waited_for_as_long(jumps: list[tuple[int, float]]) -> None:
    world = World(jumps=dict(jumps))
    assert await world.runs().answer_of("l", OpenAnswer("c", NOON, question="why?", after="m"), ref="q") is None
    assert world.waited == pytest.approx(WAIT)
    assert world.noted == [Run(since=NOON, left_at=NOON, question="why?", after="m")]


@pytest.mark.parametrize("jump", [-HOUR, 0.0, HOUR])
async def test_a_run_that_ends_is_not_waited_for_any_longer(jump: float) -> None:
    world = World(ends=9.0, jumps={1: jump})
    assert await world.runs().waited_for("l", "c", left(NOON))
    assert world.waited == pytest.approx(9.0)
    world = World(ends=9.0, jumps={1: jump})
    assert await world.runs().answer_of("l", OpenAnswer("c", NOON, question="why?", after="m"), ref="q") == (
        Token("late"),
    )
    assert world.waited == pytest.approx(9.0)


@pytest.mark.parametrize("ahead", [HOUR, 6.0, 0.0])
async def test_an_agent_flow_is_given_its_moment_to_end_and_no_more(ahead: float) -> None:
    world = World(noted=[left(NOON + ahead, agentflow=True)])
    runs = world.runs()
    run = await runs.on("l", "c")
    assert run is not None
    assert await runs.waited_for("l", "c", run)
    assert world.waited == pytest.approx(3.0)
    assert world.noted == []


OPEN: list[tuple[str, Callable[[], Run]]] = [
    ("another version has noted it", lambda: Run(since=NOON, left_at=NOON)),
    ("what was stored before could not be seen", lambda: Run(since=NOON, question="why?")),
    ("the row of a stop was not told", lambda: Run(since=NOON, awaits_decision=True)),
]


@pytest.mark.parametrize("made", [case[1] for case in OPEN], ids=[case[0] for case in OPEN])
async def test_what_nothing_would_show_to_be_over_is_not_and_is_not_waited_for(made: Callable[[], Run]) -> None:
    world = World(ends=0.0, noted=[made()])
    assert await world.runs().on("l", "c") == made()
    assert not await world.runs().waited_for("l", "c", made())
    assert (world.asked, world.slept) == ([], [])


@pytest.mark.parametrize("agentflow", [True, False])
async def test_without_a_key_only_a_run_that_can_be_stopped_is_waited_for(agentflow: bool) -> None:
    world = World()
    over = await world.runs(reads_answers=False).waited_for("l", "c", left(NOON, agentflow=agentflow))
    assert over is agentflow
    assert world.waited == (3.0 if agentflow else 0.0)


async def test_where_nothing_is_lost_a_silent_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_BRIEFLY", 0.01)

    class Silent(World):
        async def has_stored(self, _: str, expected: Expected) -> bool:
            await asyncio.Event().wait()
            return True

    assert await Silent(noted=[left(NOON)]).runs().on("l", "c", briefly=True) == left(NOON)


async def test_a_decision_in_flowise_is_seen_by_any_answer_after_the_stop() -> None:
    world = World(ends=0.0, noted=[Run(since=NOON, question="do it", after="stop", awaits_decision=True)])
    assert await world.runs().on("l", "c") is None
    assert world.asked == [Expected(None, "stop")]


async def test_an_answer_that_cannot_be_told_from_others_is_not_waited_for() -> None:
    world = World(ends=0.0)
    assert await world.runs().answer_of("l", OpenAnswer("c", NOON, question="why?"), ref="q") is None
    assert (world.asked, world.slept) == ([], [])


@pytest.mark.parametrize("gone_after", [0.0, 20.0, 3 * WAIT])
async def test_a_run_that_is_read_on_unseen_is_over_when_its_reader_says_so(gone_after: float) -> None:
    """Without a key, and with no request to Flowise, as long as its note is renewed."""
    run = left(NOON, unseen=True)
    world = World(noted=[run])

    async def until() -> bool:
        if world.waited >= gone_after:
            world.noted.clear()
        elif world.waited % runs.RENEWAL == 0:
            world.noted.append(replace(run, renewed=len(world.noted)))
        return False

    over = await world.runs(reads_answers=False).waited_for("l", "c", run, until=until)
    assert over == (gone_after < WAIT)
    assert world.waited == pytest.approx(min(gone_after, WAIT), abs=1.1)


async def test_it_is_waited_for_no_longer_once_nobody_wants_its_chat() -> None:
    run = left(NOON, unseen=True)
    world = World(noted=[run])

    async def until() -> bool:
        return world.waited >= 5

    assert not await world.runs().waited_for("l", "c", run, until=until)
    assert world.waited < 6


@pytest.mark.parametrize(
    ("agentflow", "key", "over"), [(True, False, True), (False, True, True), (False, False, False)]
)
async def test_where_its_reader_was_killed_the_rules_for_runs_that_were_left_hold(
    agentflow: bool, key: bool, over: bool
) -> None:
    """That is known once its note was not renewed for as long as a hold on a question lasts."""
    run = left(NOON, unseen=True, agentflow=agentflow)
    world = World(ends=0.0, noted=[run])
    assert await world.runs(reads_answers=key).waited_for("l", "c", run) is over
    assert world.waited == pytest.approx(18.0 if over else 15.0)


async def test_where_its_reader_was_stopped_the_rules_for_runs_that_were_left_hold() -> None:
    run = left(NOON, unseen=True)
    world = World(ends=9.0, noted=[replace(run, unseen=False)])
    assert await world.runs().waited_for("l", "c", run)
    assert world.waited < 13

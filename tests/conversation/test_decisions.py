"""When a decision may be passed on, and when it may be made once more after it has failed."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from typing import cast

import pytest

from bot import errors
from bot.conversation import decisions
from bot.conversation.decisions import Decisions, may_be_made_again
from bot.conversation.question import Decided
from bot.errors import FlowiseError, RunState
from bot.flowise.decisions import PauseState
from bot.ports.flowise import Flowise
from bot.records.decision import KeptDecision, MadeDecision, PendingDecision
from bot.records.thread import NotedFlow, OpenAnswer, Run, Thread
from bot.slack import wording
from bot.store.redis import RedisStore

THREAD = Thread("T1", "C1", "1700000000.000100")
ASKED = PendingDecision("ref", THREAD, "chat", "U1", "action", "Yes", "No", "humanInputAgentflow_0", row="row")
TOOL = replace(ASKED, node_id="agentAgentflow_0")
WAITING = Run(1.0, 2.0, awaits_decision=True, after="row", decision="ref")


class Rows:
    """A Flowise whose stored rows say this of a stop."""

    def __init__(self, told: PauseState | FlowiseError) -> None:
        self.told = told
        self.asked: list[tuple[str, str, str]] = []
        self.stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def has_stored(self, *_: object) -> bool:
        return await asyncio.shield(self.stored)

    async def pause_state(self, chat_id: str, row_id: str, action_id: str) -> PauseState:
        self.asked.append((chat_id, row_id, action_id))
        if isinstance(self.told, FlowiseError):
            raise self.told
        return self.told


@pytest.fixture
async def noted(store: RedisStore) -> RedisStore:
    """A store with a decision that waits on the newest run of its chat."""
    await store.remember(THREAD, "chat", NotedFlow("", "flow"), 0, now=1.0)
    await store.decisions.offer(ASKED, WAITING)
    return store


def made(rows: Rows, store: RedisStore, *, reads_answers: bool = True) -> Decisions:
    async def sleep(_: float) -> None:
        raise AssertionError("nothing is waited for")

    who = wording.DECIDED_BY_ASKER
    return Decisions(
        cast("Flowise", rows), store, flow="", reads_answers=reads_answers, who=who, wall=lambda: 3.0, sleep=sleep
    )


PROOFS: list[tuple[str, PauseState, PendingDecision, bool]] = [
    ("it waits", PauseState.OPEN, ASKED, True),
    ("it was decided in Flowise, and runs", PauseState.RUNNING, ASKED, False),
    ("it was decided in Flowise", PauseState.OVER, ASKED, False),
    ("it failed there", PauseState.FAILED, ASKED, False),
    ("it failed, and was offered again", PauseState.FAILED, replace(ASKED, has_failed=True), True),
]


@pytest.mark.parametrize(("state", "asked", "is_open"), [case[1:] for case in PROOFS], ids=[case[0] for case in PROOFS])
async def test_a_decision_is_open_if_its_row_says_so_too(
    state: PauseState,
    asked: PendingDecision,
    is_open: bool,
    noted: RedisStore,
) -> None:
    rows = Rows(state)
    assert await made(rows, noted).is_open(asked) is is_open
    assert rows.asked == [("chat", "row", "action")]
    # One that is not is forgotten: whoever presses next is told so, and not that somebody has decided.
    assert await noted.decisions.kept(THREAD.line, "ref") == (KeptDecision(ASKED) if is_open else None)


async def test_without_a_key_our_own_note_decides(noted: RedisStore) -> None:
    rows = Rows(PauseState.OVER)
    assert await made(rows, noted, reads_answers=False).is_open(ASKED)
    assert await made(Rows(errors.KeyRefused("no")), noted).is_open(ASKED)
    assert await made(rows, noted).is_open(replace(ASKED, row=""))
    assert rows.asked == []
    await noted.run_started(THREAD.line, "chat", Run(5.0))
    assert not await made(rows, noted, reads_answers=False).is_open(ASKED)


async def test_while_the_rows_cannot_be_read_nothing_is_passed_on(noted: RedisStore) -> None:
    with pytest.raises(errors.FlowiseUnreachable) as raised:
        await made(Rows(errors.FlowiseUnreachable("down")), noted).is_open(ASKED)
    assert raised.value.run is RunState.NOT_STARTED
    assert await noted.decisions.kept(THREAD.line, "ref") == KeptDecision(ASKED)


DECIDED = Decided(ASKED, MadeDecision("ref", "U1", True, "1.0", "2.0"))


@pytest.mark.parametrize(
    ("decided", "after", "stored", "in_vain"),
    [
        (DECIDED, "row", True, True),
        (DECIDED, "row", False, False),
        (DECIDED, "row", None, False),  # Flowise does not answer
        (DECIDED, None, True, False),  # nothing would tell its answer
        (None, "row", True, False),
    ],
)
async def test_a_silent_run_is_waited_for_in_vain_once_its_answer_is_stored(
    decided: Decided | None,
    after: str | None,
    stored: bool | None,
    in_vain: bool,
    noted: RedisStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decisions, "_LOOKING", 0.01)
    rows = Rows(PauseState.RUNNING)
    if stored is not None:
        rows.stored.set_result(stored)
    opened = OpenAnswer("chat", asked_at=1.0, after=after, resumes=True)
    await made(rows, noted, reads_answers=False).prove_heard(decided, opened)
    with pytest.raises(errors.FlowiseBroke) if in_vain else nullcontext():
        await made(rows, noted).prove_heard(decided, opened)


async def test_of_two_who_decide_one_passes_it_on(noted: RedisStore) -> None:
    first = MadeDecision("ref", "U1", True, "1.0", "2.0")
    assert await noted.decisions.decide(ASKED, first) == first
    assert await made(Rows(PauseState.OPEN), noted).is_open(ASKED)
    # Once it is noted that Flowise is asked, it is open no more.
    await noted.run_started(THREAD.line, "chat", Run(5.0, resumes=True, after="row"))
    assert not await made(Rows(PauseState.OPEN), noted).is_open(ASKED)


AGAIN: list[tuple[str, FlowiseError, PendingDecision, str, bool]] = [
    ("no connection", errors.FlowiseUnreachable("x", run=RunState.NOT_STARTED), ASKED, "", True),
    ("it rests", errors.FlowiseResting("x", retry_after=1.0), ASKED, "", True),
    ("the rate limit", errors.FlowiseRateLimited("x"), TOOL, "", True),
    ("the tool's own node fails", errors.DecisionFailed("x", run=RunState.OVER), TOOL, "agentAgentflow_0", True),
    ("a node after it fails", errors.DecisionFailed("x", run=RunState.OVER), TOOL, "llmAgentflow_0", False),
    ("no node is named", errors.DecisionFailed("x", run=RunState.OVER), TOOL, "", False),
    ("a gate's own node fails", errors.DecisionFailed("x", run=RunState.OVER), ASKED, ASKED.node_id, False),
    ("it may still run", errors.FlowiseBroke("x"), TOOL, "agentAgentflow_0", False),
    ("decided elsewhere", errors.DecisionClosed("x", run=RunState.NOT_STARTED), ASKED, "", False),
    ("the run is lost", errors.DecisionRunLost("x", run=RunState.OVER), TOOL, "", False),
    ("the node is gone", errors.DecisionNodeGone("x", run=RunState.OVER), TOOL, "", False),
    ("an older flow", errors.DecisionFailed("x", run=RunState.OVER), replace(ASKED, node_id=""), "", False),
]


@pytest.mark.parametrize(
    ("error", "asked", "failed_node", "again"), [case[1:] for case in AGAIN], ids=[case[0] for case in AGAIN]
)
def test_a_decision_is_offered_again_only_where_a_repeat_is_safe(
    error: FlowiseError,
    asked: PendingDecision,
    failed_node: str,
    again: bool,
) -> None:
    assert may_be_made_again(asked, error, failed_node) is again

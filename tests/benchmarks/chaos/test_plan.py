from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from benchmarks.chaos.answers import (
    FLOW,
    TOKEN,
    answer,
    asks,
    decided,
    decides,
    fails,
    question_about,
    suggested,
    token_of,
)
from benchmarks.chaos.plan import LEASE, SHAPES, Kind, Options, Surface, talks, troubles
from benchmarks.chaos.sentences import is_whole, tokens
from bot.playground.flowise.plans import PredictionRequest
from bot.slack import wording_of_quotes

OPTIONS = Options(seed=7)
EXECUTION = "0b8f7a0e-2f1d-4f0a-9c3e-6f5b9d1c2a44"


def test_a_seed_says_all_and_another_one_something_else() -> None:
    assert (talks(OPTIONS), troubles(OPTIONS)) == (talks(OPTIONS), troubles(OPTIONS))
    other = replace(OPTIONS, seed=8)
    assert talks(OPTIONS) != talks(other)
    assert troubles(OPTIONS) != troubles(other)


def test_every_thread_is_asked_in_and_every_question_has_a_token_of_its_own() -> None:
    planned = talks(OPTIONS)
    asked = [question for talk in planned for question in talk.questions]
    assert (len(planned), len(asked)) == (40, 200)
    assert all(talk.questions for talk in planned)
    assert {talk.surface for talk in planned} == set(Surface)
    found = [question.token for question in asked] + [talk.last.token for talk in planned]
    assert len(set(found)) == 240
    assert all(TOKEN.fullmatch(token) for token in found)
    assert all(0.0 < one.at <= two.at <= OPTIONS.seconds for talk in planned for one, two in pairwise(talk.questions))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("seconds", [30.0, 240.0])
def test_faults_are_over_in_time_and_hold_a_replica_one_at_a_time(seed: int, seconds: float) -> None:
    planned = troubles(replace(OPTIONS, seed=seed, seconds=seconds))
    assert all(trouble.at >= 0.0 and trouble.at + trouble.seconds <= seconds for trouble in planned)
    assert {trouble.kind for trouble in planned} >= {Kind.KILL, Kind.PAUSE, Kind.REDIS_KILL}
    for replica in range(OPTIONS.replicas):
        holding = [trouble for trouble in planned if SHAPES[trouble.kind].holds and trouble.replica == replica]
        assert all(one.at + one.seconds < two.at for one, two in pairwise(holding))


def test_a_pause_is_longer_than_the_lease_and_faults_can_be_chosen() -> None:
    planned = troubles(replace(OPTIONS, kinds=frozenset({Kind.PAUSE})))
    assert {trouble.kind for trouble in planned} == {Kind.PAUSE}
    assert all(trouble.seconds > LEASE for trouble in planned)


def test_the_answer_is_known_by_the_last_token_of_what_flowise_is_asked() -> None:
    one, two = "q01n00x00000a", "q01n01x00000b"
    question = wording_of_quotes.with_quotes([("ada", f"What about {one}?")], (), f"What is there to say about {two}?")
    assert token_of(question) == two
    plan = FLOW.plan(PredictionRequest(question, "chat", "message", "execution"))
    assert plan.outcome is not None
    assert is_whole(plan.outcome.text, two)
    assert tokens(plan.outcome.text[:60]) == [two]
    assert token_of("no token") == ""


def test_some_flows_fail_but_never_on_a_last_question() -> None:
    tokens_ = [question.token for talk in talks(OPTIONS) for question in talk.questions]
    failing = [token for token in tokens_ if fails(token)]
    assert 0 < len(failing) < len(tokens_) / 10
    plan = FLOW.plan(PredictionRequest(failing[0], "chat", "message", "execution"))
    assert plan.outcome is None
    assert not any(fails(talk.last.token) for talk in talks(OPTIONS))


def test_the_last_question_of_some_threads_waits_for_a_decision_and_is_answered_after_either() -> None:
    planned = [question for talk in talks(OPTIONS) for question in talk.questions[:-1]]
    ending = [talk.questions[-1] for talk in talks(OPTIONS)]
    assert not any(decides(question.token) for question in planned)
    assert 0 < sum(decides(question.token) for question in ending) < len(ending)
    assert {question.approves for question in ending} == {True, False}
    assert all(decides(question.token) == (question.decide_after is not None) for question in ending)
    token = next(question.token for question in ending if decides(question.token))
    first = FLOW.plan(PredictionRequest(f"What about {token}?", "chat", "message", EXECUTION))
    assert first.outcome is not None
    assert first.outcome.text == asks(token)
    assert first.execution is not None
    node = first.execution.executed[-1]["nodeId"]
    for kind in ("proceed", "reject"):
        told = {"type": kind, "startNodeId": node}
        assert decided(told) == (token, kind == "proceed")
        request = PredictionRequest(" ", "chat", "message", EXECUTION, decision=told, execution=first.execution)
        assert (then := FLOW.plan(request)).outcome is not None
        assert is_whole(then.outcome.text, token)
    assert FLOW.plan(PredictionRequest(" ", "chat", "message", EXECUTION, decision={"type": "proceed"})).outcome is None


def test_after_some_answers_the_flow_suggests_a_question_and_some_askers_go_on_with_it() -> None:
    planned = [question for talk in talks(OPTIONS) for question in (*talk.questions, talk.last)]
    going_on = [question for question in planned if question.go_on_after is not None]
    assert 0 < len([question for question in going_on if suggested(question.token)]) < len(going_on)
    assert not any(one.stop_after or one.ratings or one.regenerate_after for one in going_on)
    then = next(filter(None, (suggested(question.token) for question in planned)))
    assert TOKEN.fullmatch(then)
    [token] = [question.token for question in planned if suggested(question.token) == then]
    plan = FLOW.plan(PredictionRequest(f"What about {token}?", "chat", "message", "execution"))
    assert question_about(then).encode() in plan.closing
    assert suggested(then) == ""


def test_a_word_lost_or_doubled_makes_an_answer_not_whole() -> None:
    token = "q01n00x00000a"
    text = answer(token)
    assert is_whole(f"A remark.\n{text}", token)
    assert not is_whole(text.replace(f"{token}w3 ", ""), token)
    assert not is_whole(text + text, token)

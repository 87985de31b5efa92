"""Tests the stages of a question by their table: what can be reached, what ends, what is never asked twice."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from bot.mailbox.stages import TABLE, Stage, Step, after, diagram, was_asked

RELIABILITY = Path(__file__).parents[2] / "docs" / "reliability.md"
NOT_ASKED = {Stage.RECEIVED, Stage.STORED, Stage.LEASED}


def reachable(start: Stage) -> set[Stage]:
    """Every stage that can come after `start`, itself included."""
    found, more = {start}, {start}
    while more:
        more = {new for (old, _), new in TABLE.items() if old in more} - found
        found |= more
    return found


def test_every_stage_is_reached_and_every_step_is_taken() -> None:
    assert reachable(Stage.RECEIVED) == set(Stage)
    assert {step for _, step in TABLE} == set(Step)


def test_settled_is_final_and_can_be_reached_from_everywhere() -> None:
    assert reachable(Stage.SETTLED) == {Stage.SETTLED}
    assert all(Stage.SETTLED in reachable(stage) for stage in Stage)


@pytest.mark.parametrize("stage", [stage for stage in Stage if was_asked(stage)])
def test_what_was_asked_never_comes_to_where_it_could_be_asked_again(stage: Stage) -> None:
    assert reachable(stage).isdisjoint(NOT_ASKED)
    assert (stage, Step.ASK) not in TABLE
    assert TABLE[stage, Step.TAKE_OVER] is stage  # a successor knows it too


def test_only_one_whose_turn_it_is_is_asked() -> None:
    assert {old for old, step in TABLE if step is Step.ASK} == {Stage.LEASED}
    assert {stage for stage in Stage if was_asked(stage)} == {Stage.ASKED, Stage.STREAMING}


def test_whoever_takes_over_what_was_not_asked_waits_for_its_turn_anew() -> None:
    assert [after(stage, Step.TAKE_OVER) for stage in (Stage.STORED, Stage.LEASED)] == [Stage.STORED, Stage.STORED]


@pytest.mark.parametrize(("stage", "step"), sorted(product(Stage, Step), key=str))
def test_a_step_that_is_not_in_the_table_is_a_mistake(stage: Stage, step: Step) -> None:
    if (stage, step) in TABLE:
        assert after(stage, step) is TABLE[stage, step]
    else:
        with pytest.raises(ValueError, match=f"{step.name} cannot happen to a question that is {stage.value}"):
            after(stage, step)


def test_the_diagram_has_a_line_for_each_row() -> None:
    first, begins, *rows, ends = diagram().splitlines()
    assert (first, begins.strip(), ends.strip()) == ("stateDiagram-v2", "[*] --> received", "settled --> [*]")
    assert len(rows) == len(TABLE)
    assert "    leased --> asked: noted as asked" in rows


def test_the_diagram_in_the_paper_is_drawn_from_the_table() -> None:
    assert f"```mermaid\n{diagram()}\n```\n" in RELIABILITY.read_text()

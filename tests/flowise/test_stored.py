"""Which stored answer is a run's own, whatever the clocks of all who date something say."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.stored import answer, asked_last, newest
from bot.records.thread import Expected
from tests.examples import examples

HOUR = 3600.0
QUESTIONS = ("why?", "how?", " ", "")

turns = st.lists(
    st.tuples(st.sampled_from(QUESTIONS), st.floats(0.001, 90.0), st.sampled_from((0.0, 0.0, HOUR, -HOUR, 6.0, -6.0))),
    max_size=6,
)


def row(row_id: str, role: str, content: str, at: float) -> dict[str, object]:
    created = datetime.fromtimestamp(1_800_000_000 + at, UTC).isoformat(timespec="milliseconds")
    return {"id": row_id, "role": role, "content": content, "createdDate": created.replace("+00:00", "Z")}


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(300))
@given(
    before=turns,
    question=st.sampled_from(QUESTIONS),
    jump=st.sampled_from((0.0, HOUR, -HOUR, 6.0, -6.0)),
    lasts=st.floats(0.002, 300.0),
    seed=st.integers(0, 1000),
)
def test_never_the_answer_of_another_question(
    before: list[tuple[str, float, float]], question: str, jump: float, lasts: float, seed: int
) -> None:
    """Flowise's clock is set between any two turns; the same words may have been asked before."""
    rows, clock, never_back = [], 0.0, jump >= 0
    for number, (asked, took, set_by) in enumerate(before):
        rows.append(row(f"q{number}", "userMessage", asked, clock))
        rows.append(row(f"a{number}", "apiMessage", "another", clock + took))
        clock += took + 1.0 + set_by
        never_back = never_back and set_by >= 0
    random.Random(seed).shuffle(rows)  # in whichever order a server lists them
    expected = Expected(question, newest(rows))
    assert answer(rows, expected) is None
    clock += jump
    rows.append(row("ours q", "userMessage", question or " ", clock))
    assert answer(rows, expected) is None
    rows.append(row("ours", "apiMessage", "ours", clock + lasts))
    found = answer(rows, expected)
    assert found is None or found["id"] == "ours"
    assert found is not None or not never_back


@pytest.mark.parametrize(
    ("rows", "expected", "last"),
    [
        ([], Expected("why?", ""), False),
        ([row("q", "userMessage", "why?\n", 1.0)], Expected("why?", ""), True),
        ([row("q", "userMessage", "why?", 1.0)], Expected("how?", ""), False),
        ([row("q", "userMessage", "why?", 1.0)], Expected("why?", "q"), False),
        ([row("q", "userMessage", "why?", 1.0)], Expected(None, ""), False),
        ([row("q", "userMessage", "why?", 1.0), row("a", "apiMessage", "so", 2.0)], Expected("why?", ""), False),
        ([row("q", "userMessage", "why?", 1.0)], Expected("why?", "missing"), False),
    ],
)
def test_whether_a_question_was_stored_without_an_answer(
    rows: list[dict[str, object]], expected: Expected, last: bool
) -> None:
    assert asked_last(rows, expected) is last

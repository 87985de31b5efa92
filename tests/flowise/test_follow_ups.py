"""Follow-up prompts are read however often they are encoded, and are few, short and on one line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flowise.follow_ups import MOST, follow_up_prompts

PROMPTS = ["What else?", "Why “that”?"]


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_list_that_is_encoded_once_or_twice_is_read(layers: int) -> None:
    value: object = PROMPTS
    for _ in range(layers):
        value = json.dumps(value)
    assert follow_up_prompts(value) == tuple(PROMPTS)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, ()),
        ("", ()),
        ("not json", ()),
        ('"again"', ()),
        ('{"questions": ["a"]}', ()),
        ([None, 5, ["a"], "  b\n c ", "b c", "", " "], ("b c",)),
        ([str(number) for number in range(9)], ("0", "1", "2", "3", "4")),
        ("[" * 9_000, ()),
        (json.dumps(["x" * 30_000]), ()),
    ],
)
def test_what_is_no_prompt_is_left_out(value: object, found: tuple[str, ...]) -> None:
    assert follow_up_prompts(value) == found


@given(st.lists(st.text()) | st.text() | st.none())
def test_whatever_comes_there_are_few_and_each_is_a_line(value: object) -> None:
    found = follow_up_prompts(value)
    assert len(found) <= MOST
    assert all(prompt.strip() and len(prompt) <= 1_000 and len(prompt.splitlines()) == 1 for prompt in found)

"""JSON from strangers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.json_text import read_json, write_json
from tests.examples import examples


def test_half_an_emoji_becomes_a_replacement_character() -> None:
    assert read_json('{"data":"a\\ud83d","\\uDE00":["\\ude00"]}') == {"data": "a\ufffd", "\ufffd": ["\ufffd"]}
    assert read_json('["\\ud83e\\udd5c","\\ud83d"]') == ["🥜", "\ufffd"]


@pytest.mark.parametrize(
    "text", ["", "{", "[DONE]", "\\ud83d", "[" * 100_000, '["\\ud83d",' + "[" * 100_000 + "]" * 100_000 + "]"]
)
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(text)


def test_half_an_emoji_is_found_among_other_escapes() -> None:
    text = '["\\\\ud83d \\ud83d\\\\ \\\\\\ud83d \\ud83d\\ud83e\\udd5c\\n\\udd5c"]'
    assert read_json(text) == ["\\ud83d \ufffd\\ \\\ufffd \ufffd🥜\n\ufffd"]


def test_a_text_of_halves_alone_is_not_worth_the_time() -> None:
    with pytest.raises(ValueError, match="hex escape"):
        read_json('["' + "\\ud83d " * 30_000 + '"]')


def test_json_for_people_is_cut_off() -> None:
    assert write_json({"ä": [1, "x"]}, 100) == '{"ä": [1, "x"]}'
    assert write_json({"a": 1}, 100, indented=True) == '{\n  "a": 1\n}'
    assert write_json(["x"] * 1_000_000, 12) == '["x", "x", "'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc🥜"), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=examples(100))
@given(value=VALUES, escaped=st.booleans())
def test_what_was_written_is_read(value: object, escaped: bool) -> None:
    assert read_json(json.dumps(value, ensure_ascii=escaped)) == value

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.text import limits
from bot.slack.text.escaping import clean, escape_within, one_line, prefix, shorten, units, waits_for_more

any_text = st.text(max_size=60) | st.text("a&<😀\ud83d\x00\r\n", max_size=60)


def test_our_own_rooms_leave_room_for_each_other() -> None:
    # A last page needs room for text beside the sources, and what is not sealed yet must not reach back two pages.
    assert limits.SOURCES_TEXT + limits.CONTEXT_TEXT < limits.HALF_PAGE
    assert 2 * limits.TAIL_SOURCE < limits.HALF_PAGE
    assert limits.TABLE_TEXT < limits.HALF_PAGE
    assert limits.LINK_URL < limits.HALF_PAGE


@pytest.mark.parametrize(("text", "expected"), [("", 0), ("abc", 3), ("漢", 1), ("😀", 2)])
def test_units_are_utf_16(text: str, expected: int) -> None:
    assert units(text) == expected == len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\x00b\x1bc\x7f\x85d", "abcd"),
        ("a\r\nb\rc\td", "a\nb\nc\td"),
        ("\ud83c\udf89", "🎉"),
        ("\ud83c x", "\ufffd x"),
        ("\u202eabc\u200f\u2066", "abc\u200f\u2066"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@settings(deadline=None)
@given(any_text, st.integers(1, 40))
def test_shortened_text_has_room(text: str, room: int) -> None:
    text = clean(text)
    assert units(prefix(text, room)) <= room
    assert text.startswith(prefix(text, room))
    assert units(shorten(text, room)) <= room
    assert units(escape_within(text, room)) <= room


@settings(deadline=None)
@given(any_text)
def test_cleaned_text_can_be_sent_and_cleaning_twice_is_once(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert clean(cleaned) == cleaned
    assert "\n" not in one_line(text)


def test_what_waits_for_its_other_half() -> None:
    assert [char for char in "a\r\n\ud83c\udf89🎉" if waits_for_more(char)] == ["\r", "\ud83c"]

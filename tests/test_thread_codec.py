"""Tests that older and newer versions read what is stored, and that anything else is reported as unreadable."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Unreadable
from bot.records.codec import conversation, decoded, encoded
from bot.records.thread import Conversation, Item, OpenAnswer, Run, Thread, UnansweredQuestion
from bot.reply.journal import read
from bot.slack.message_text import Quote
from bot.slack.payload import IncomingMessage, SlashCommand
from handlers.command import Typed
from handlers.questions import StoredMessage
from tests.examples import examples

few = settings(deadline=None, max_examples=examples(60))

KINDS: tuple[type, ...] = (Item, OpenAnswer, UnansweredQuestion, Run, StoredMessage, Typed)

words = st.text(max_size=8)
times = st.floats(0, 4e9)
many = st.lists(words, max_size=3).map(tuple)
items = st.builds(Item, words, words, words, words, words, words)
quotes = st.lists(st.builds(Quote, words, words, many, st.booleans()), max_size=2).map(tuple)
heard = st.builds(IncomingMessage, words, words, words, words, words, words, many, many, st.booleans(), quotes=quotes)
values = st.one_of(
    items,
    st.builds(OpenAnswer, words, times, many, words, words, st.booleans(), words),
    st.builds(UnansweredQuestion, items, many),
    st.builds(Run, times, times, st.booleans(), st.booleans()),
    st.builds(StoredMessage, heard, st.booleans()),
    st.builds(Typed, st.builds(SlashCommand, words, words, words, words, words, words), words),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


def extended(note: Any, extra: dict[str, Any]) -> Any:
    """A note of a newer version, which has more fields at every level."""
    if isinstance(note, dict):
        return {f"new {name}": value for name, value in extra.items()} | {
            name: extended(value, extra) for name, value in note.items()
        }
    return note


def is_of(kind: Any, value: object) -> bool:
    """Whether a value is what its type says, all the way down."""
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return type(value) is kind and all(is_of(hints[one.name], getattr(value, one.name)) for one in fields(kind))
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(is_of(get_args(kind)[0], one) for one in value)
    if get_origin(kind) in {Union, UnionType}:
        return any(is_of(one, value) for one in get_args(kind))
    return type(value) is kind


def read_or_told(kind: type, note: str | bytes) -> None:
    try:
        value: object = decoded(kind, note)
    except Unreadable:
        return
    assert is_of(kind, value)


@few
@given(values)
def test_what_is_written_is_read(value: object) -> None:
    assert decoded(type(value), encoded(value)) == value


@few
@given(values, st.dictionaries(words, anything, min_size=1, max_size=2))
def test_what_a_newer_version_has_added_is_passed_over(value: Any, extra: dict[str, Any]) -> None:
    note = json.dumps(extended(asdict(value), extra))
    assert decoded(type(value), note) == value


@few
@given(st.builds(OpenAnswer, words, times, many), st.sets(st.sampled_from([one.name for one in fields(OpenAnswer)])))
def test_what_an_older_version_did_not_know_has_its_default(value: OpenAnswer, unknown: set[str]) -> None:
    note = {name: kept for name, kept in asdict(value).items() if name not in unknown}
    read = decoded(OpenAnswer, json.dumps(note))
    for one in fields(OpenAnswer):
        assert getattr(read, one.name) == (one.default if one.name in unknown else getattr(value, one.name))


@few
@given(values, st.data())
def test_without_a_field_that_it_needs_it_is_unreadable(value: Any, data: st.DataObject) -> None:
    kind = type(value)
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
    if needed:
        note = asdict(value)
        del note[data.draw(st.sampled_from(needed))]
        with pytest.raises(Unreadable):
            decoded(kind, json.dumps(note))


@few
@given(st.sampled_from(KINDS), anything)
def test_any_json_is_read_or_unreadable(kind: type, found: object) -> None:
    read_or_told(kind, json.dumps(found))


@few
@given(values, st.data())
def test_one_value_of_another_kind_is_read_or_unreadable(value: Any, data: st.DataObject) -> None:
    note = asdict(value)
    note[data.draw(st.sampled_from(list(note)))] = data.draw(anything)
    read_or_told(type(value), json.dumps(note))


@few
@given(values, st.data())
def test_a_note_that_is_cut_short_is_unreadable(value: object, data: st.DataObject) -> None:
    note = encoded(value)
    with pytest.raises(Unreadable):
        decoded(type(value), note[: data.draw(st.integers(0, len(note) - 1))])


@few
@given(st.sampled_from(KINDS), st.binary(max_size=20))
def test_any_bytes_are_read_or_unreadable(kind: type, found: bytes) -> None:
    read_or_told(kind, found)
    read_or_told(kind, found.decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(
    "note",
    [
        "[" * 100_000,
        '{"since": ' + "9" * 5_000 + "}",
        '{"since": 1e999}',
        '{"since": NaN}',
        '{"since": true}',
        '{"since": "1.5"}',
        '{"since": 1, "left_at": null}',
        '{"since": 1, "agentflow": 1}',
    ],
)
def test_what_is_no_number_is_unreadable(note: str) -> None:
    with pytest.raises(Unreadable):
        decoded(Run, note)


@dataclass(frozen=True)
class Maybe:
    """A kind with a field that may be None."""

    after: str | None = None


@pytest.mark.parametrize("after", [None, "", "a row"])
def test_what_may_be_none_may_be(after: str | None) -> None:
    assert decoded(Maybe, encoded(Maybe(after))) == Maybe(after)
    with pytest.raises(Unreadable):
        decoded(Maybe, '{"after": 5}')


def test_a_whole_number_is_a_time_too() -> None:
    assert decoded(Run, '{"since": 5, "left_at": 6}') == Run(5.0, 6.0)


@few
@given(st.dictionaries(st.sampled_from([one.name for one in fields(Conversation)]), st.one_of(words, times.map(str))))
def test_of_a_conversation_each_field_that_can_be_read_is(kept: dict[str, str]) -> None:
    known = conversation(kept)
    assert (known is None) == (kept == {})
    assert known is None or is_of(Conversation, known)


def test_a_conversation_is_read_as_it_was_written() -> None:
    kept = {"chat_id": "c", "chatflow_id": "f", "generation": "2", "created_at": "1.5", "used_at": "2", "answered": "1"}
    assert conversation(kept) == Conversation("c", "f", 2, 1.5, 2.0, answered=True)
    assert conversation(kept | {"generation": "none", "used_at": "\udc80"}) == Conversation(
        "c", "f", 0, 1.5, 0.0, answered=True
    )
    for kept_since, since in (("1700000000.000100", "1700000000.000100"), ("junk", ""), ("1." + "0" * 99, "")):
        read_back = conversation(kept | {"context_since": kept_since})
        assert read_back is not None
        assert read_back.context_since == since


@few
@given(st.one_of(words, anything.map(json.dumps)))
def test_a_journal_is_read_as_far_as_it_can_be(written: str) -> None:
    assert isinstance(read(written), tuple)


def test_a_journal_that_is_nested_too_deeply_says_nothing() -> None:
    assert read("[" * 100_000) == ()


@pytest.mark.parametrize(
    "thread",
    [
        Thread("T1", "C1", "1.5"),
        Thread("T1", "D1", ""),
        Thread("T1", "D1", "1.5", is_session=True),
        Thread("T1", "G1", "1700000000.000100"),
    ],
    ids=str,
)
def test_a_line_names_its_thread(thread: Thread) -> None:
    assert Thread.of_line(thread.line) == thread


@pytest.mark.parametrize("line", ["", "T1", "T1:C1", "T1:C1:command-a1b2", "T1:C1:1", "T1:C1:1.5:2", "T1:C\udc80:1.5"])
def test_a_line_that_names_no_thread(line: str) -> None:
    assert Thread.of_line(line) is None

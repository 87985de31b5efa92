"""The byte reader, against the HTML standard's rules and against itself under any cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.wire import BEGINNING, FrameTooLargeError, LineHold, Opening, Reader, SseMessage
from tests.examples import examples

MANY = 1 << 20


def read(*chunks: bytes, cap: int = MANY) -> list[SseMessage]:
    reader = Reader(cap)
    return [message for chunk in chunks for message in reader.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b"data: a\n\n", [SseMessage("", "a")]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [SseMessage("", "a"), SseMessage("", "b"), SseMessage("", "c")]),
        (b"\xef\xbb\xbfdata: a\n\n", [SseMessage("", "a")]),
        (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [SseMessage("", "a")]),
        (b"data:  two\n\n", [SseMessage("", " two")]),
        (b"data:\ttab\n\n", [SseMessage("", "\ttab")]),
        (b"data: a\ndata: b\n\n", [SseMessage("", "a\nb")]),
        (b"data: a\ndata:\ndata\n\n", [SseMessage("", "a\n\n")]),
        (b"data\n\n", [SseMessage("", "")]),
        (b"event: token\ndata: x\n\ndata: y\n\n", [SseMessage("token", "x"), SseMessage("", "y")]),
        (b"event: token\n\ndata: y\n\n", [SseMessage("", "y")]),
        (b"message:\ndata:{}\n\nmessage\ndata:{}\n\n", [SseMessage("", "{}"), SseMessage("", "{}")]),
        (b": heartbeat\n:\ndata: a\n\n", [SseMessage("", "a")]),
        (b"id: 7\ndata: a\n\nid: x\0y\ndata: b\n\n", [SseMessage("", "a", "7"), SseMessage("", "b", "7")]),
        (b"retry: 1\ndata: a: b\n\n", [SseMessage("", "a: b")]),
        ("data: a\u2028b\x0b\x0c\x85c\n\n".encode(), [SseMessage("", "a\u2028b\x0b\x0c\x85c")]),
        (b"data: \xff\xc3\n\n", [SseMessage("", "\ufffd\ufffd")]),
        (b"data: lost", []),
        (b"data: lost\n", []),
    ],
)
def test_a_stream(stream: bytes, messages: list[SseMessage]) -> None:
    assert read(stream) == messages


def test_a_line_that_ends_in_cr_counts_before_the_next_byte_has_come() -> None:
    assert read(b"data: a\r\r") == [SseMessage("", "a")]


def test_comments_are_counted() -> None:
    reader = Reader(MANY)
    assert list(reader.feed(b":heartbeat\n\n:heart")) == []
    assert reader.comments == 1
    assert list(reader.feed(b"beat\n\n")) == []
    assert reader.comments == 2


def test_a_frame_over_the_cap_fails_after_the_messages_before_it() -> None:
    reader = Reader(20)
    messages = reader.feed(b"data: a\n\ndata: " + b"x" * 20 + b"\n\n")
    assert next(messages) == SseMessage("", "a")
    with pytest.raises(FrameTooLargeError, match="20 bytes"):
        next(messages)


def test_the_cap_counts_all_lines_of_a_frame_and_begins_anew_with_the_next() -> None:
    assert len(read(b"data: 1234\n\n" * 50, cap=20)) == 50
    with pytest.raises(FrameTooLargeError):
        read(b"data: 1\n" * 3, cap=20)
    with pytest.raises(FrameTooLargeError):
        read(*[b"x"] * 21, cap=20)


def by_the_standard(stream: bytes) -> list[SseMessage]:
    """The whole stream at once, by the letter of the standard."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split("\r\n|\n|\r", text)[:-1]
    messages, data, event, last_id = [], "", "", ""
    for line in lines:
        if not line:
            if data:
                messages.append(SseMessage(event, data[:-1], last_id))
            data, event = "", ""
            continue
        name, colon, value = line.partition(":")
        if not name and colon:
            continue
        value = value[1:] if value[:1] == " " else value
        if name == "data":
            data += value + "\n"
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value:
            last_id = value
    return messages


LINES = st.sampled_from(
    [
        *(b"", b"", b"data: x", b"data:", b"data", b"data:  y", "data:é🥜\u2028".encode(), b"data: \xf0\x9f", b"\xff"),
        *(b"event: token", b"id: 1", b"id: \0", b":heartbeat", b"message:", b"message", b"retry: 5", b"\xef\xbb\xbf"),
    ]
)
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n", b""])
STREAMS = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=20).map(b"".join) | st.binary(max_size=60)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(300))
@given(stream=STREAMS, cuts=st.lists(st.integers(0, 200), max_size=12))
def test_any_cut_gives_the_same_messages(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    chunks = [stream[first:last] for first, last in pairwise(places)]
    expected = by_the_standard(stream)
    assert read(stream) == expected
    assert read(*chunks) == expected
    assert read(*(bytes([byte]) for byte in stream)) == expected


def named(beginning: bytes) -> LineHold:
    assert len(beginning) == BEGINNING
    return (
        LineHold.BEGINNING if b"dump" in beginning else LineHold.IF_IT_FITS if b"list" in beginning else LineHold.WHOLE
    )


@pytest.mark.parametrize("size", [1, 7, 1000, MANY])
def test_of_what_is_not_needed_the_beginning_is_held_alone(size: int) -> None:
    stream = b"data: dump" + b"x" * 5_000 + b"\n\ndata: list" + b"y" * 5_000 + b"\n\ndata: list" + b"z" * 100 + b"\n\n"
    reader, read = Reader(1_000, named), []
    for start in range(0, len(stream), size):
        read += list(reader.feed(stream[start : start + size]))
        assert len(reader._line) <= 1_000
    rest = BEGINNING - len("data: dump")
    assert [message.data for message in read] == ["dump" + "x" * rest, "list" + "y" * rest, "list" + "z" * 100]


def test_a_frame_of_many_lines_that_are_not_needed_is_too_large_in_the_end() -> None:
    reader = Reader(1_000, named)
    with pytest.raises(FrameTooLargeError):
        list(reader.feed((b"data: dump" + b"x" * 100 + b"\n") * 100))


FRAME = b'message:\ndata:{"event":"token","data":"Hello"}\n\n'
OPENINGS = [
    (FRAME, True),
    (FRAME.replace(b":\n", b"\n", 1), True),
    (FRAME.removeprefix(b"message:\n"), True),
    (FRAME.replace(b"data:", b"data: "), True),
    (FRAME.replace(b"\n", b"\r\n"), True),
    (FRAME.replace(b"\n", b"\r"), True),
    (b"\xef\xbb\xbf" + FRAME, True),
    (b"\xef\xbb\xbf\n" + FRAME, True),
    (b"\n\r\n\n" + FRAME, True),
    (b":heartbeat\n\n" * 9 + b": " + b"x" * 200 + b"\n" + FRAME, True),
    (b"retry: 3000\nid: 7\n\n" + FRAME, True),
    (b"event: token\ndata: Hello\n\n", True),
    (b"event:start\r\ndata: \r\n\r\n", True),
    (b"<!doctype html><html>", False),
    (b"\xef\xbb\xbf\r\n  <html>", False),
    (b":\n\n<html>", False),
    (b'{"text":"Hello"}\n', False),
    (b"Chatflow not found\n", False),
    (b"message: Chatflow not found\n", False),
    (b"data: not available\n", False),
    (b"event: the server is being moved\n", False),
    (b"\x00\x01" * 40, False),
    (b"word" * 40, False),
    (b"", None),
    (b"\n:heartbeat\n\n", None),
    (b"event: token\n", None),
    (b"message:\n", None),
    (b"Not found", None),
]


@pytest.mark.parametrize(("body", "is_stream"), OPENINGS)
def test_the_first_bytes_tell_what_a_body_is_however_they_are_cut(body: bytes, is_stream: bool | None) -> None:
    for size in (1, 2, 3, len(body) or 1):
        opening = Opening()
        for start in range(0, len(body), size):
            opening.feed(body[start : start + size])
        assert opening.is_stream is is_stream
        assert opening.is_page is (is_stream is False and b"<" in body)

"""Cutting a stream into frames changes nothing of it, wherever the chunks end."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.flowise.wire import END, HEARTBEAT, frame
from bot.playground.tap.frames import LONGEST, Frame, Frames
from tests.examples import examples

RECORDINGS = Path(__file__).parents[2] / "recordings"


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in pairwise(ends)]


def frames_of(*chunks: bytes) -> list[Frame]:
    cutter = Frames()
    return [piece.frame for chunk in chunks for piece in cutter.feed(chunk) if piece.frame]


STREAM = (
    frame("start", "")
    + frame("token", 'an "event":"end" \u2028 {"event":"end"}')
    + HEARTBEAT
    + b'message:\r\ndata: {"event":"token","data":"crlf"}\r\n\r\n'
    + frame("token", "")
    + b"data: plain words\ndata: on two lines\n\n"
    + END
)


@settings(deadline=None, max_examples=examples(200))
@given(st.lists(st.integers(min_value=0, max_value=10_000), max_size=12))
def test_pieces_are_the_stream_and_the_frames_are_the_same_however_it_is_cut(places: list[int]) -> None:
    cutter, pieces = Frames(), []
    for chunk in cut(STREAM, places):
        got = list(cutter.feed(chunk))
        assert b"".join(piece.data for piece in got) == chunk
        pieces += got
    assert [piece.frame for piece in pieces if piece.frame] == frames_of(STREAM)
    assert cutter.between


def test_frames_are_named_as_flowise_names_them() -> None:
    seen = [(found.event, found.says) for found in frames_of(STREAM)]
    assert seen == [
        ("start", False),
        ("token", True),
        ("heartbeat", False),
        ("token", True),
        ("token", False),
        ("message", False),
        ("end", False),
    ]
    assert frames_of(STREAM)[5].data == "plain words\non two lines"
    assert sum(found.size for found in frames_of(STREAM)) == len(STREAM)


def test_a_huge_frame_is_known_by_its_beginning_and_not_kept() -> None:
    text = "wörter " * 100_000
    stream = frame("token", text)
    [found] = frames_of(*cut(stream, list(range(0, len(stream), 1000))))
    assert (found.event, found.says, found.size) == ("token", True, len(stream))
    assert LONGEST < len(found.data) < 6 * LONGEST


def test_a_frame_that_no_parser_can_stand_is_shown_as_it_came() -> None:
    text = "[" * 10_000
    assert frames_of(f"data:{text}\n\n".encode(), END) == [Frame("message", text, 10_007), *frames_of(END)]


@pytest.mark.parametrize("name", ["chat_first", "rag_big_documents", "af_llm_big_answer_60k", "text_unicode"])
def test_the_frames_of_a_recording_are_those_that_were_recorded(name: str) -> None:
    rows = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]
    recorded = [row["frame"] for row in rows if "frame" in row]
    found = frames_of("".join(recorded).encode())
    assert [each.size for each in found] == [len(text.encode()) for text in recorded]
    events = [json.loads(text.split("data:", 1)[1])["event"] for text in recorded]
    assert [each.event for each in found] == events

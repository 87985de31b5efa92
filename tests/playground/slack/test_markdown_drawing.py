"""Markdown is parsed once, a text that grows costs what is new of it, and what is half written shows no marks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it.token import Token

from bot.playground.slack import markdown_drawing, markdown_parser
from bot.playground.slack.markdown_drawing import MarkdownDrawing
from bot.playground.slack.markdown_parser import parsed
from bot.playground.slack.markdown_tree import tree
from bot.playground.slack.unfinished_markdown import healed
from tests.examples import examples


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that the parser is given."""
    given_texts: list[str] = []

    def noted(source: str) -> list[Token]:
        given_texts.append(source)
        return parsed(source)

    monkeypatch.setattr(markdown_drawing, "parsed", noted)
    return given_texts


def test_a_finished_text_is_parsed_once(read: list[str]) -> None:
    drawing = MarkdownDrawing()
    texts = [f"# Answer {number}\n\nwith *words*" for number in range(1_000)]
    for text in texts:
        drawing.tree(text, growing=False)
    again = [drawing.tree(text, growing=False) for text in texts]
    assert len(read) == len(texts)
    assert again[7] == tree(parsed(texts[7]))


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch, read: list[str]) -> None:
    monkeypatch.setattr(markdown_drawing, "_MOST_KEPT", 100)
    drawing = MarkdownDrawing()
    for text in ("a" * 60, "b" * 60, "b" * 60, "a" * 60, "c" * 200):
        drawing.tree(text, growing=False)
    assert [text[0] for text in read] == ["a", "b", "a", "c"]
    assert drawing._size <= 100


PARAGRAPH = "Some **words** of an answer, with `code` and [a page](https://a.example/b).\n\n- one\n- two\n\n"


def test_a_stream_costs_what_is_new_of_it(read: list[str]) -> None:
    """Ten answers at once, each in steps: a step costs as much at the end of an answer as at its beginning."""
    streams = [f"Answer {number}.\n\n" + PARAGRAPH * 30 for number in range(10)]
    drawing = MarkdownDrawing()
    for end in range(50, len(streams[0]), 50):
        for text in streams:
            drawing.tree(text[:end], growing=True)
    assert len(read) > 500
    assert max(map(len, read)) < 3 * len(PARAGRAPH)
    assert drawing.tree(streams[3], growing=False) == tree(parsed(streams[3]))


PIECES = [
    "* ",
    "- ",
    "1. ",
    "> ",
    "# ",
    "\n",
    "\n\n",
    "``` ",
    "a",
    "b c",
    "[x] ",
    "    ",
    "  ",
    "\t",
    "---",
    "===",
    ":",
    "~~~",
    "<b",
]
PIECES += ["|", "| a | b |\n", "|---|--|\n", "\r\n", "**"]


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=25), min_size=1, max_size=3))
def test_a_text_that_grows_is_drawn_as_if_it_had_come_whole(written: list[list[str]]) -> None:
    drawing = MarkdownDrawing()
    for pieces in written:
        for growing in (True, False):
            for end in range(len(pieces) + 1):
                source = "".join(pieces[:end])
                shown = drawing.tree(source, growing=growing)
                assert shown == MarkdownDrawing().tree(source, growing=growing)


@settings(max_examples=examples(40), deadline=None)
@given(
    st.lists(
        st.sampled_from(["[a](", ")", "<", ">", "https://", "mailto:a@", "&#", ";", "xn--", "%f", "//"]) | st.text()
    )
)
@example(["[a](https://b.example/\ud83d)", "\ud83d", "\ude00"])
def test_any_text_has_a_tree(pieces: list[str]) -> None:
    for growing in (True, False):
        assert json.dumps(MarkdownDrawing().tree("".join(pieces), growing=growing))


def test_every_markdown_block_of_a_message_has_its_tree() -> None:
    block = {"type": "markdown", "text": "*a", "block_id": "b"}
    wrong = [{"type": "markdown", "text": 7}, {"type": "markdown"}, "x", None, {"type": "container", "child_blocks": 3}]
    container = {"type": "container", "child_blocks": [block, {"type": "divider"}]}
    drawing = MarkdownDrawing()
    drawn: list[Any] = list(drawing.blocks([block, *wrong, container], growing=False))  # type: ignore[list-item]
    with_tree = block | {"tree": [{"tag": "p", "children": ["*a"]}]}
    assert drawn == [with_tree, *wrong, {**container, "child_blocks": [with_tree, {"type": "divider"}]}]
    [growing] = drawing.blocks([block], growing=True)
    assert growing["tree"] == [{"tag": "p", "children": [{"tag": "em", "children": ["a"]}]}]
    plain = {"text": "*a", "blocks": "none"}
    assert drawing.attachments([{"blocks": [block]}, plain], growing=False) == [{"blocks": [with_tree]}, plain]
    assert "tree" not in block


def test_containers_are_followed_as_deep_as_a_client_draws_them() -> None:
    block: dict[str, Any] = {"type": "markdown", "text": "a"}
    for _ in range(2_000):
        block = {"type": "container", "child_blocks": [block]}
    assert MarkdownDrawing().attachments([{"blocks": [block]}], growing=False)


HALVES = {
    "a **bo": "a **bo**",
    "a *b": "a *b*",
    "_a": "_a_",
    "~~a": "~~a~~",
    "a **": "a ",
    "a **b *c": "a **b *c***",
    "a `co": "a `co`",
    "a ``co`": "a ``co``",
    "a `": "a ",
    "see [the page](https://exa": "see the page",
    "see [the pa": "see the pa",
    "see ![the pa": "see the pa",
    "as in [1]": "as in [1]",
    "[a](https://b.example) c": "[a](https://b.example) c",
    "a <https://b": "a ",
    "a <@U": "a ",
    "a <b": "a ",
    "1 < 2": "1 < 2",
    "so :tad": "so ",
    "wow!": "wow!",
    "2 * 3": "2 * 3",
    "snake_case": "snake_case",
    "a \\": "a ",
    "a \\*b": "a \\*b",
    "text\n-": "text",
    "- one\n-": "- one",
    "| a | b |": "",
    "a\n\n| a | **b": "a",
    "| a |\n|---|\n| *b": "| a |\n|---|\n| *b*",
    "```py\nx\n``": "```py\nx\n",
    "```py\n*x": "```py\n*x",
    "```\nx\n```\n*a": "```\nx\n```\n*a*",
    "#": "",
    "1": "",
}


@pytest.mark.parametrize("source", HALVES)
def test_what_is_half_written_is_closed_or_held_back(source: str) -> None:
    assert healed(source) == HALVES[source]


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many functions are called, which no other work on the machine changes."""
    calls = [0]

    def count(_frame: object, event: str, _arg: object) -> None:
        calls[0] += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


LONG = {
    "marks": "*_~`",
    "open marks": "*a _b ~c ",
    "angles": "<",
    "links": "<https://a.example|",
    "half links": "[a](b",
    "quotes": ">",
    "brackets": "[",
    "closed brackets": "[[[[](",
    "pictures": "![",
    "rules": "- ",
    "pipes": "|",
    "fences": "```\n",
    "rows": "| a\n",
    "items": "- a\n",
    "colons": ":a",
    "code": "`a",
    "spaces": "a ",
    "addresses": "https://a.example/( ",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_text_costs_as_much_as_it_is_long(name: str) -> None:
    work = []
    for length in (500, 1_000):
        text = (LONG[name] * length)[:length]
        with counted() as calls:
            MarkdownDrawing().tree(text, growing=False)
            MarkdownDrawing().tree(text, growing=True)
        work.append(calls[0])
    assert work[1] < 3 * work[0] + 1_000
    # Nesting costs up to a hundred times as much, for as long as there is something to be had from it.
    assert work[1] < 150 * 1_000 or name == "closed brackets"


@pytest.mark.slow
def test_there_is_an_end_to_what_nested_brackets_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    work = []
    for most in (50, 100_000):
        monkeypatch.setattr(markdown_parser, "_MOST_TRIED", most)
        with counted() as calls:
            MarkdownDrawing().tree("![[](" * 100, growing=False)
        work.append(calls[0])
    assert 3 * work[0] < work[1]

"""Marks in an answer: which are citations, and what becomes of them in its blocks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.slack.blocks import check_blocks
from bot.playground.slack.pings import pings
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import note, shown
from bot.slack.text.citations import CitationMarks, with_links
from bot.slack.text.escaping import units
from bot.slack.text.limits import MESSAGE_BLOCK_TEXT
from bot.slack.text.pages import Document

A, B = "https://docs.example/a", "https://docs.example/b"


def cited(markdown: str, most: int = 9) -> set[int]:
    marks = CitationMarks()
    marks.append(markdown)
    return set(marks.cited(most))


@pytest.mark.parametrize(
    ("markdown", "numbers"),
    [
        ("Thirty days [1].", {1}),
        ("Thirty days[1][3], or more [2, 4].", {1, 2, 3, 4}),
        ("So [[2]] and \u30103\u3011 and a note[^4].", {2, 3, 4}),
        ("Escaped \\[1\\] and \\[\\[2\\]\\].", {1, 2}),
        ("[^1]: the handbook", {1}),
        ("**[1]** | [2] |", {1, 2}),
        ("No marks: [a], [], [ ], [x], [1a], [2024], (1).", set()),
        # Not all of them are citations, so none is.
        ("[1] and [0]", set()),
        ("[1] and [10]", set()),
        ("[1, 99]", set()),
        # Links of the model's own, and code.
        ("[1](https://evil.example), [[2]](https://evil.example)", set()),
        ("`row[1]` and ``a[2]``", set()),
        ("```\nrow[1]\n```", set()),
        ("~~~\nrow[1]", set()),
        ("- ```py\n  row[77]\n  ```\n[2]", {2}),
        ("```a`b``` [2]", {2}),
        ("\u30104:0\u2020source\u3011", set()),
    ],
)
def test_which_marks_are_citations(markdown: str, numbers: set[int]) -> None:
    assert cited(markdown) == numbers


@given(st.text(alphabet="[]()\u3010\u3011^, `~123\n\\a", max_size=60), st.lists(st.integers(0, 60), max_size=8))
def test_it_does_not_matter_where_the_text_is_cut(markdown: str, cuts: list[int]) -> None:
    marks, places = CitationMarks(), [0, *sorted(cuts), len(markdown)]
    for start, end in pairwise(places):
        marks.append(markdown[start:end])
    assert marks.cited(9) == cited(markdown)


def test_a_paragraph_break_ends_code() -> None:
    marks = CitationMarks()
    marks.append("```\nrow[7]")
    marks.paragraph_break()
    marks.append("Thirty days [1].")
    assert marks.cited(1) == {1}
    marks.begin_anew()
    assert not marks.cited(1)


def blocks_of(markdown: str, under: Blocks = ()) -> Blocks:
    document = Document()
    document.append(markdown)
    (page,) = document.pages(growing=False, footer=under)
    return page.blocks


def links(blocks: Any) -> list[tuple[str, str]]:
    """What is linked in blocks, and whereto."""
    if isinstance(blocks, dict):
        own = [(blocks["text"], blocks["url"])] if blocks.get("type") == "link" else []
        return own + [link for inner in blocks.values() for link in links(inner)]
    return [link for inner in blocks for link in links(inner)] if isinstance(blocks, list | tuple) else []


def test_a_mark_becomes_a_link_where_its_source_has_an_address() -> None:
    before = blocks_of(
        "So [1], **[2]**, [[2]], [1, 3, 2] and \u30103\u3011; `a[1]`.\n\n- one [^1]\n\n| a |\n|---|\n| [2] |"
    )
    after = with_links(before, (), {1: A, 2: B})
    expected = [("[1]", A), ("[2]", B), ("[[2]]", B), ("1", A), ("2", B), ("[^1]", A), ("[2]", B)]
    assert links(after) == expected
    assert shown(after).replace("\n", "") == shown(before).replace("\n", "")
    assert links(before) == []


def test_what_stands_under_the_text_and_code_boxes_stay() -> None:
    under = (note("Used: [1]"),)
    blocks = blocks_of("Text.\n\n```\nrow[1]\n```", under)
    assert with_links(blocks, under, {1: A}) == blocks


def test_marks_for_which_there_is_no_room_stay_text() -> None:
    address = A + "x" * 900
    after = with_links(blocks_of("[1] " * 100 + "word " * 900), (), {1: address})
    assert 0 < len(links(after)) < 100
    assert units(shown(after, targets=True)) <= MESSAGE_BLOCK_TEXT


HOSTILE = st.sampled_from(
    [
        "[1]",
        "[[2]]",
        "\u30103\u3011",
        "[^1]",
        "[1, 2]",
        "<!here>",
        "<@U1>",
        "@channel",
        "`",
        "\n",
        "|",
        "*",
        "](",
        "https://x.example",
    ]
)


@given(st.lists(HOSTILE | st.text(max_size=5), max_size=20).map("".join))
def test_no_mark_pings_links_falsely_or_breaks_a_block(markdown: str) -> None:
    document = Document()
    document.append(markdown)
    for page in document.pages(growing=False):
        after = with_links(page.blocks, (), {1: A, 2: B})
        check_blocks(list(after), "message", "/blocks")
        assert pings("", after, (), frozenset(), parse=True) == []
        new = [link for link in links(after) if link not in links(page.blocks)]
        assert all(url == (A if "1" in label else B) for label, url in new)

"""Chunks become documents: one entry a document, pages and lines joined."""

from __future__ import annotations

import pytest

from bot.flowise.events import SourceDocument
from bot.reply.sources import gathered


def test_one_entry_a_document_in_order_of_first_chunk() -> None:
    found = gathered(
        [
            SourceDocument("b.pdf", page="7"),
            SourceDocument("a.md", url="https://example.com/a"),
            SourceDocument("b.pdf", page="3"),
            SourceDocument("b.pdf", page="7"),
        ]
    )
    assert [(source.title, source.url, source.detail) for source in found] == [
        ("b.pdf", None, "p. 3, 7"),
        ("a.md", "https://example.com/a", ""),
    ]


def test_the_same_title_at_two_addresses_is_two_documents() -> None:
    assert (
        len(gathered([SourceDocument("x", url="https://a.example"), SourceDocument("x", url="https://b.example")])) == 2
    )


@pytest.mark.parametrize(
    ("spans", "detail"),
    [
        ([(1, 4)], "lines 1–4"),
        ([(10, 24), (1, 4)], "lines 1–4, 10–24"),
        ([(1, 4), (5, 9)], "lines 1–9"),
        ([(1, 9), (2, 3)], "lines 1–9"),
        ([(7, 7)], "lines 7"),
    ],
)
def test_lines_that_touch_are_joined(spans: list[tuple[int, int]], detail: str) -> None:
    [source] = gathered([SourceDocument("x", lines=span) for span in spans])
    assert source.detail == detail


def test_pages_that_are_no_numbers_come_last() -> None:
    [source] = gathered([SourceDocument("x", page=page) for page in ("iv", "12", "2")])
    assert source.detail == "p. 2, 12, iv"

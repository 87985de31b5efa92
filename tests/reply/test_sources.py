"""Chunks become documents: one entry a document, pages and lines joined."""

from __future__ import annotations

import pytest

from bot.flowise.events import SourceDocument
from bot.reply.sources import addresses, gathered
from bot.slack.text.blocks import shown, sources_blocks
from bot.slack.text.limits import SOURCES
from bot.slack.text.link_hosts import ANY_HOST, read


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
        ([(7, 7)], "line 7"),
        ([(7, 7), (9, 9)], "lines 7, 9"),
    ],
)
def test_lines_that_touch_are_joined(spans: list[tuple[int, int]], detail: str) -> None:
    [source] = gathered([SourceDocument("x", lines=span) for span in spans])
    assert source.detail == detail


def test_pages_that_are_no_numbers_come_last() -> None:
    [source] = gathered([SourceDocument("x", page=page) for page in ("iv", "12", "2")])
    assert source.detail == "p. 2, 12, iv"


def detail(*chunks: SourceDocument) -> str:
    [source] = gathered(chunks)
    return source.detail


def test_slides_and_rows_are_named_as_what_they_are() -> None:
    assert detail(SourceDocument("x", slide=3, lines=(1, 2))) == "slide 3"
    assert (
        detail(SourceDocument("x", slide=12), SourceDocument("x", slide=3), SourceDocument("x", slide=3))
        == "slides 3, 12"
    )
    assert detail(SourceDocument("x", row=4)) == "row 4"
    assert detail(SourceDocument("x", sheet="Q1")) == "Q1"
    cells = [SourceDocument("x", sheet=sheet, row=row) for sheet, row in [("Q1", 12), ("Q2", None), ("Q1", 4)]]
    assert detail(*cells) == "Q1, rows 4, 12; Q2"


@pytest.mark.parametrize(
    ("first", "second", "entries"),
    [
        (("Policy", "https://a.example/p"), ("policy", "https://A.example/P"), 1),
        (("x", "https://a.example/p"), ("x", "http://a.example/p/"), 1),
        (("x", "https://a.example/p#one"), ("x", "https://a.example/p#two"), 1),
        (("x", "https://a.example/#/one"), ("x", "https://a.example/#/two"), 2),
        (("x", "https://a.example/p?id=1"), ("x", "https://a.example/p?id=2"), 2),
        (("x", "https://a.example/p"), ("x", None), 2),
        (("x", "https://[broken#"), ("y", "https://[broken#"), 2),
    ],
)
def test_what_makes_another_document(
    first: tuple[str, str | None], second: tuple[str, str | None], entries: int
) -> None:
    found = gathered([SourceDocument(*first, page="7"), SourceDocument(*second, page="12")])
    assert len(found) == entries
    assert (found[0].title, found[0].url) == first
    assert found[0].detail == ("p. 7, 12" if entries == 1 else "p. 7")


def test_a_thousand_chunks_of_one_file_are_one_short_entry() -> None:
    [source] = gathered([SourceDocument("x", page=str(page)) for page in range(1_000)])
    assert source.detail.startswith("p. 0, 1, 2, ")
    line = shown(sources_blocks([source])).split("\n")[1]
    assert line.endswith("…")
    assert len(line) < 140


POLICY = "https://docs.example/policy"
CHUNKS = (
    SourceDocument("Travel policy", url=f"{POLICY}#a", page="7"),
    SourceDocument("Travel policy", url=f"{POLICY}#b", page="12"),
    SourceDocument("Handbook.pdf", page="3"),
    SourceDocument("Old", url="https://old.example", number=5),
)


def test_a_cited_document_keeps_the_numbers_of_all_its_chunks() -> None:
    listed = " ".join(shown(sources_blocks(gathered(CHUNKS, {1}))).split())
    assert listed == "Sources [1][2] Travel policy · p. 7, 12 [3] Handbook.pdf · p. 3 [5] Old"
    assert all(not source.numbers for source in gathered(CHUNKS))


def test_what_is_cited_is_listed_before_what_is_not() -> None:
    many = [SourceDocument(f"doc {number}") for number in range(1, SOURCES + 3)]
    listed = shown(sources_blocks(gathered(many, {SOURCES + 2})))
    assert listed.startswith(f"Sources\n\n[{SOURCES + 2}] doc {SOURCES + 2}\n[1] doc 1\n")
    assert listed.endswith("and 2 more")


def test_only_cited_chunks_with_an_address_that_may_be_linked_have_one() -> None:
    assert addresses(CHUNKS, {2, 3, 5}, ANY_HOST) == {2: f"{POLICY}#b", 5: "https://old.example"}
    assert addresses(CHUNKS, {2, 3, 5}, read("docs.example")) == {2: f"{POLICY}#b"}
    assert addresses([SourceDocument("x", url="mailto:ada@docs.example")], {1}, ANY_HOST) == {}

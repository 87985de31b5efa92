"""Metadata of Flowise's loaders, and of nobody's."""

from __future__ import annotations

import pytest

from bot.flowise.events import SourceDocument
from bot.flowise.sources import source_documents

PDF = {
    "source": "blob",
    "blobType": "",
    "pdf": {"version": "1.10.100", "info": {"Title": "Price list 2026"}, "totalPages": 12},
    "loc": {"pageNumber": 4, "lines": {"from": 1, "to": 30}},
}


@pytest.mark.parametrize(
    ("metadata", "document"),
    [
        (PDF, SourceDocument("Price list 2026", page="4", lines=(1, 30))),
        (
            {"source": "handbook.md", "url": "https://docs.example/handbook", "page": 3},
            SourceDocument("handbook.md", url="https://docs.example/handbook", page="3"),
        ),
        ({"title": "One", "source": "https://docs.example/1"}, SourceDocument("One", url="https://docs.example/1")),
        (
            {"source": "https://docs.example/a/b?token=x#y"},
            SourceDocument("docs.example/a/b", url="https://docs.example/a/b?token=x#y"),
        ),
        ({"source": "/srv/uploads/report.pdf"}, SourceDocument("report.pdf")),
        ({"source": "C:\\docs\\report.pdf"}, SourceDocument("report.pdf")),
        ({"source": "s3://bucket/key.txt"}, SourceDocument("key.txt")),
        ({"source": "blob", "fileName": "a.docx"}, SourceDocument("a.docx")),
        ({"filename": " spaced \n name.txt "}, SourceDocument("spaced name.txt")),
        ({"title": " ", "source": "", "url": "javascript:alert(1)"}, SourceDocument("javascript:alert(1)")),
        ({"title": "T", "url": "https://user:secret@docs.example/"}, SourceDocument("T")),
        ({"title": "T", "url": "https://docs.example/<!channel>"}, SourceDocument("T")),
        ({"title": "T", "url": "https://[broken"}, SourceDocument("T")),
        ({"title": "T", "url": "https://a.example/" + "x" * 3000}, SourceDocument("T")),
        ({"title": "x" * 500}, SourceDocument("x" * 199 + "…")),
        ({"title": 7, "page": True, "loc": {"lines": {"from": "1", "to": 2}}}, SourceDocument("Untitled")),
        ({"title": "T", "loc": {"lines": {"from": 5, "to": 2}}}, SourceDocument("T")),
        ({"title": "T", "loc": "https://site.example/p"}, SourceDocument("T", url="https://site.example/p")),
        ({"title": "T", "page": "iv"}, SourceDocument("T", page="iv")),
        ({}, SourceDocument("Untitled")),
        (None, SourceDocument("Untitled")),
    ],
)
def test_where_a_chunk_is_from(metadata: object, document: SourceDocument) -> None:
    assert source_documents([{"pageContent": "never shown", "metadata": metadata}]) == (document,)


def test_what_is_no_document_is_left_out() -> None:
    assert source_documents([None, "x", {"pageContent": "never shown"}]) == (SourceDocument("Untitled"),)
    assert source_documents([]) == ()
    assert source_documents({"pageContent": "x"}) is None


def test_a_list_is_bounded_in_number_and_in_text() -> None:
    assert len(source_documents([{}] * 10_000) or ()) == 100
    long = {"metadata": {"url": "https://a.b/" + "c" * 1_900, "title": "d" * 5_000}}
    found = source_documents([long] * 100) or ()
    assert 10 <= len(found) <= 20
    assert sum(len(document.title) + len(document.url or "") for document in found) <= 40_000


def test_a_page_is_a_number_that_could_be_one() -> None:
    assert source_documents([{"metadata": {"page": 10**30, "title": "a"}}]) == (SourceDocument("a"),)

"""Groups retrieved chunks into a list of documents, each with its pages, slides, rows or lines, and its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from bot.flowise.events import SourceDocument
from bot.slack.text.blocks import Source, is_source_address
from bot.slack.text.citations import CitationMarks
from bot.slack.text.limits import SOURCES
from bot.slack.text.link_hosts import LinkHosts


def gathered(documents: Sequence[SourceDocument], cited: AbstractSet[int] = frozenset()) -> tuple[Source, ...]:
    """The documents in the order of their first chunk; chunks of the same document are one entry.

    Where chunks are `cited` in the answer by their numbers, each entry has those of all its chunks; if there are more
    entries than are listed, the cited ones come first.
    """
    sources = [_source(found, has_numbers=bool(cited)) for found in by_document(documents)]
    if len(sources) > SOURCES:
        sources.sort(key=lambda source: cited.isdisjoint(source.numbers))
    return tuple(sources)


def by_document(documents: Sequence[SourceDocument]) -> Iterable[Mapping[int, SourceDocument]]:
    """The chunks of each document by their numbers, in the order of its first chunk."""
    chunks: dict[tuple[str, str], dict[int, SourceDocument]] = {}
    for number, document in numbered(documents).items():
        chunks.setdefault((document.title.casefold(), _place(document.url)), {})[number] = document
    return chunks.values()


def cites(markdown: str, documents: Sequence[SourceDocument]) -> bool:
    """Whether a text cites the documents by marks that are their numbers."""
    marks = CitationMarks()
    marks.append(markdown)
    return bool(marks.cited(max(numbered(documents), default=0)))


def numbered(documents: Sequence[SourceDocument]) -> Mapping[int, SourceDocument]:
    """The chunks by the numbers that marks in the answer have for them: their places among all that the flow gave."""
    return {document.number or place: document for place, document in enumerate(documents, start=1)}


def addresses(documents: Sequence[SourceDocument], cited: AbstractSet[int], hosts: LinkHosts) -> Mapping[int, str]:
    """The addresses of the cited chunks, by their numbers, as far as they have one that may be linked."""
    found = ((number, document.url or "") for number, document in numbered(documents).items() if number in cited)
    return {number: url for number, url in found if is_source_address(url, hosts)}


def _source(chunks: Mapping[int, SourceDocument], *, has_numbers: bool) -> Source:
    found = list(chunks.values())
    return Source(found[0].title, found[0].url, detail_of(found), tuple(chunks) if has_numbers else ())


def _place(url: str | None) -> str:
    """An address without what makes no other document of it: capitals, http or https, the fragment, a slash at its end.

    What follows `#/` and `#!` is a page of a web application.
    """
    whole = (url or "").casefold().removeprefix("http://").removeprefix("https://")
    place, _, fragment = whole.partition("#")
    return whole if fragment.startswith(("/", "!")) else place.rstrip("/")


def detail_of(chunks: Sequence[SourceDocument]) -> str:
    """Which parts of their document chunks are: its pages, slides, rows or lines; may be empty."""
    pages = list(dict.fromkeys(chunk.page for chunk in chunks if chunk.page))
    if pages:
        return f"p. {', '.join(sorted(pages, key=_as_number))}"
    if slides := {chunk.slide for chunk in chunks if chunk.slide is not None}:
        return _numbered("slide", slides)
    if any(chunk.sheet or chunk.row is not None for chunk in chunks):
        return _cells(chunks)
    spans = sorted({chunk.lines for chunk in chunks if chunk.lines})
    if spans:
        told = ", ".join(f"{first}–{last}" if last > first else str(first) for first, last in _joined(spans))
        return f"line {told}" if told.isdecimal() else f"lines {told}"
    return ""


def _cells(chunks: Sequence[SourceDocument]) -> str:
    """The rows of each sheet."""
    rows: dict[str, set[int]] = {}
    for chunk in chunks:
        rows.setdefault(chunk.sheet or "", set()).update(() if chunk.row is None else (chunk.row,))
    parts = (", ".join(filter(None, (sheet, _numbered("row", found)))) for sheet, found in rows.items())
    return "; ".join(filter(None, parts))


def _numbered(what: str, numbers: Iterable[int]) -> str:
    ordered = [str(number) for number in sorted(numbers)]
    return f"{what}{'s' if len(ordered) > 1 else ''} {', '.join(ordered)}" if ordered else ""


def _as_number(page: str) -> tuple[int, str]:
    return (int(page) if page.isdecimal() else 1_000_000_000, page)


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that touch or overlap are one."""
    joined = [spans[0]]
    for first, last in spans[1:]:
        if first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined

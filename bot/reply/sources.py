"""Groups retrieved chunks into a list of documents, each with its pages or lines."""

from __future__ import annotations

from collections.abc import Sequence

from bot.flowise.events import SourceDocument
from bot.slack.text.blocks import Source


def gathered(documents: Sequence[SourceDocument]) -> tuple[Source, ...]:
    """The documents in the order of their first chunk; chunks of the same document are one entry."""
    chunks: dict[tuple[str, str | None], list[SourceDocument]] = {}
    for document in documents:
        chunks.setdefault((document.title, document.url), []).append(document)
    return tuple(Source(title=title, url=url, detail=_detail(found)) for (title, url), found in chunks.items())


def _detail(chunks: Sequence[SourceDocument]) -> str:
    pages = list(dict.fromkeys(chunk.page for chunk in chunks if chunk.page))
    if pages:
        return f"p. {', '.join(sorted(pages, key=_as_number))}"
    spans = sorted({chunk.lines for chunk in chunks if chunk.lines})
    if spans:
        return "lines " + ", ".join(f"{first}–{last}" if last > first else str(first) for first, last in _joined(spans))
    return ""


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

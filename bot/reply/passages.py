"""Groups the passages that an answer has used by their documents."""

from __future__ import annotations

from collections.abc import Sequence

from bot.flowise.events import SourceDocument, SourceDocuments
from bot.reply.sources import by_document, detail_of, numbered
from bot.slack.text.passages_blocks import DocumentPassages, Passage


def grouped(sources: SourceDocuments, *, cited: bool) -> tuple[DocumentPassages, ...]:
    """The documents in the order of their first chunk, each with its passages; those without a text are left out.

    Where the answer has `cited` them, each passage has its number.
    """
    texts = dict(zip(numbered(sources.documents), sources.passages, strict=False))
    found = []
    for chunks in by_document(sources.documents):
        first = next(iter(chunks.values()))
        passages = tuple(
            Passage(_label(number, [chunk], cited=cited), text)
            for number, chunk in chunks.items()
            if (text := texts.get(number, "").strip())
        )
        if passages:
            found.append(DocumentPassages(first.title, first.url, passages))
    return tuple(found)


def _label(number: int, chunk: Sequence[SourceDocument], *, cited: bool) -> str:
    return " ".join(filter(None, (f"[{number}]" if cited else "", detail_of(chunk))))

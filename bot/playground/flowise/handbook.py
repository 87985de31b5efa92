"""Knows the invented documents that the stand-in's retrieval finds, in the shape Flowise's loaders give them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_DOCS = "https://docs.example.com/flowise-slack"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. `title` is how the stand-in names the document in its text."""

    title: str
    text: str
    metadata: Mapping[str, object]

    def as_flowise(self) -> dict[str, object]:
        return {"pageContent": self.text, "metadata": dict(self.metadata)}


def _pdf(page: int, first: int, last: int, text: str) -> Chunk:
    # As Flowise's PDF loader writes it with one document a page; the splitter adds the lines.
    info = {"PDFFormatVersion": "1.4", "IsAcroFormPresent": False, "IsXFAPresent": False, "Title": "Handbook"}
    pdf = {"version": "1.10.100", "info": info, "metadata": None, "totalPages": 12}
    loc = {"pageNumber": page, "lines": {"from": first, "to": last}}
    return Chunk("handbook.pdf", text, {"source": "handbook.pdf", "blobType": "", "pdf": pdf, "loc": loc})


def _web(page: str, title: str, first: int, last: int, text: str) -> Chunk:
    loc = {"lines": {"from": first, "to": last}}
    return Chunk(title, text, {"source": f"{_DOCS}/{page}", "title": title, "loc": loc})


def _file(name: str, first: int, last: int, text: str) -> Chunk:
    return Chunk(name, text, {"source": name, "loc": {"lines": {"from": first, "to": last}}})


CHUNKS: tuple[Chunk, ...] = (
    _pdf(3, 1, 6, "An answer grows by edits of one message, as often as the limits of Slack allow (streaming)."),
    _pdf(3, 7, 11, "While nothing is to be seen yet, a status line says that the bot is thinking."),
    _pdf(7, 1, 9, "A follow-up needs no mention: the next message in the thread goes on with the same Flowise chat."),
    _pdf(8, 4, 9, "The bot remembers a conversation for 30 days after its last use; the mapping is kept in Redis."),
    _web("commands", "Commands", 12, 20, "Write “new conversation” to start over, or “quiet” to silence the bot here."),
    _web("settings", "Settings", 5, 14, "FLOWISE_URL is the server's base address, FLOWISE_CHATFLOW_ID the flow's id."),
    _web(
        "settings", "Settings", 30, 38, "Without REDIS_URL a private Valkey is started, which means one replica only."
    ),
    _web(
        "sources",
        "Sources",
        1,
        8,
        "Sources stand under the answer, numbered, one entry a document with its pages or lines.",
    ),
    _file(
        "faq.md",
        2,
        4,
        "When Flowise fails, a sentence says what to do next; a failed turn is not remembered by Flowise.",
    ),
    _file("faq.md", 9, 11, "Only one question at a time is answered in a thread; the next one waits for its turn."),
)


def find(question: str, count: int = 3) -> tuple[Chunk, ...]:
    """The chunks that share most words with the question, best first.

    Always `count` of them, as a vector store gives its nearest however far they are.
    """
    asked = _words(question)
    return tuple(sorted(CHUNKS, key=lambda chunk: -len(asked & _words(f"{chunk.title} {chunk.text}")))[:count])


def _words(text: str) -> set[str]:
    # Six letters make "remember" and "remembers" one word; short words say nothing about what a text is about.
    return {word[:6] for word in re.findall(r"\w{4,}", text.lower())}

"""Builds the blocks that show the passages which an answer has used. Nothing in a passage has an effect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.slack.text.block import Block, Blocks
from bot.slack.text.blocks import note, source_title
from bot.slack.text.escaping import clean, one_line, shorten
from bot.slack.text.limits import PASSAGE_TEXT, SOURCE_TITLE, VIEW_BLOCKS, VIEW_BYTES
from bot.slack.text.link_hosts import LinkHosts
from bot.slack.text.rich_text import LINE, Piece, Shape, TextRun, rich_text

_BOLD = frozenset({"bold"})
# For the last line.
_ROOM_AT_END = 1_000


@dataclass(frozen=True, slots=True)
class Passage:
    """A text from a document. `label` says where in it: its number in the answer, its page or lines; may be empty."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class DocumentPassages:
    """A document by its title and address (http, https or None), with its passages."""

    title: str
    url: str | None
    passages: tuple[Passage, ...]


def passages_blocks(documents: Sequence[DocumentPassages], hosts: LinkHosts, more: int = 0) -> Blocks:
    """The passages under their documents' titles, as many as a modal holds, and the number of the others, to which
    `more` are added. A title is a link where `hosts` allow it."""
    left = sum(len(document.passages) for document in documents) + more
    blocks: list[Block] = []
    room = VIEW_BYTES - _ROOM_AT_END
    for group in _groups(documents, hosts):
        room -= len(json.dumps(group))
        if room < 0 or len(blocks) + len(group) >= VIEW_BLOCKS:
            break
        blocks += group
        left -= 1
    return (*blocks, *((note(f"and {left} more"),) if left else ()))


def _groups(documents: Sequence[DocumentPassages], hosts: LinkHosts) -> Iterator[Blocks]:
    """The blocks that come with each passage; with the first one of a document, its title."""
    for document in documents:
        title = rich_text([Piece(Shape.SECTION, source_title(document.title, document.url, hosts, _BOLD))])
        for number, passage in enumerate(document.passages):
            yield (title, _passage(passage)) if number == 0 else (_passage(passage),)


def _passage(passage: Passage) -> Block:
    text = Piece(Shape.QUOTE, (TextRun(shorten(clean(passage.text).strip(), PASSAGE_TEXT) or "…"),), LINE)
    label = shorten(one_line(passage.label), SOURCE_TITLE)
    return rich_text([Piece(Shape.SECTION, (TextRun(label, _BOLD),)), text] if label else [text])

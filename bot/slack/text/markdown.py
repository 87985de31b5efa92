"""Parses Markdown, tells its blocks, and renders it as pieces of rich_text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from bot.slack.text.nesting import nested
from bot.slack.text.parser import parser
from bot.slack.text.rich_text import GAP, LINE, Piece
from bot.slack.text.seams import FRESH, Seam
from bot.slack.text.writer import number_of, written

_PARSER = parser()
# Reads the inline text of blocks that are known already.
_INLINE = parser().disable(["normalize", "block"])


@dataclass(frozen=True, slots=True)
class Span:
    """A top-level block of a source: its kind, its lines from `start` up to `end`, and the lines where items start.

    `number` is the first item's number in an ordered list, else None. `joint` is what stands between it and the block
    before: no blank line where one of them is a list and the source has none.
    """

    kind: str
    start: int
    end: int
    items: tuple[int, ...] = ()
    number: int | None = None
    joint: str = GAP


@dataclass(frozen=True, slots=True)
class Outline:
    """The blocks of a source, whose inline text is not parsed yet."""

    tokens: list[Token]
    spans: tuple[Span, ...]

    def pieces(self, seam: Seam, before: int | None = None) -> tuple[Piece, ...]:
        """The pieces of the top-level blocks and list items that begin before a line. To be called once."""
        tokens = self.tokens
        if before is not None:
            tokens = list(takewhile(lambda token: not _begins_at(token, before), tokens))
        state = StateCore("", _INLINE, {}, tokens)
        _INLINE.core.process(state)
        return written(state.tokens, seam)


def outline(source: str) -> Outline:
    """The top-level blocks of a source, by line."""
    tokens: list[Token] = []
    _PARSER.block.parse(nested(source), _PARSER, {}, tokens)
    lines = source.split("\n")
    found: list[Span] = []
    items: list[list[int]] = []
    for token in tokens:
        if token.map is None:
            continue
        if token.level == 0:
            span = _span(token)
            if found and "list" in found[-1].kind + span.kind and lines[span.start - 1].strip():
                span = replace(span, joint=LINE)
            token.meta["joint"] = span.joint
            found.append(span)
            items.append([])
        elif token.level == 1 and token.type == "list_item_open":
            items[-1].append(token.map[0])
    return Outline(tokens, tuple(replace(span, items=tuple(own)) for span, own in zip(found, items, strict=True)))


def render(source: str, seam: Seam = FRESH) -> tuple[Piece, ...]:
    """The pieces that show a source, none of them empty. Takes any text."""
    return outline(source).pieces(seam)


def _span(token: Token) -> Span:
    start, end = token.map or (0, 0)
    number = number_of(token) if token.type == "ordered_list_open" else None
    return Span(token.type.removesuffix("_open"), start, end, number=number)


def _begins_at(token: Token, line: int) -> bool:
    begins = token.level == 0 or (token.level == 1 and token.type == "list_item_open")
    return begins and token.map is not None and token.map[0] >= line

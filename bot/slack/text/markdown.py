"""Parses Markdown and renders it as pieces of rich_text.

The dialect: CommonMark with tables and strikethrough; bare http(s) addresses are links; raw HTML is text, but for
`<br>`, which models write into table cells (other HTML is Markdown by then). Reference definitions are off: without
them no block depends on a later one, so a finished block can be rendered once and for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from bot.slack.text import emoji
from bot.slack.text.escaping import clean
from bot.slack.text.languages import language
from bot.slack.text.limits import LIST_NUMBER
from bot.slack.text.links import autolinked, linked, slack_link
from bot.slack.text.rich_text import (
    GAP,
    LINE,
    PLAIN,
    Bullet,
    Piece,
    Row,
    Runs,
    Shape,
    Style,
    Table,
    TextRun,
    strip,
    text_of,
    tidy,
)
from bot.slack.text.tables import as_text

_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}
_TASKS = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
_RULE = "———"
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_ALIGNMENT = re.compile(r"text-align:(left|center|right)")
_BRACKET = re.compile(r"!?\[")
_BRACKETS = 10
_LONG_RUN = re.compile(r"(?P<mark>[*_~])(?P=mark){40,}")
_WRITTEN_OUT = ("linkify", "autolink")
"""The markup of links whose label is their address."""
_BOLD: Style = frozenset({"bold"})


def _line_break(state: StateInline, silent: bool) -> bool:
    found = _BREAK.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True


def _no_link(state: StateInline, silent: bool) -> bool:
    """A bracket is text where no target follows, or within so many others: the parser would look for its end from each
    of them anew, to a depth of a hundred."""
    found = _BRACKET.match(state.src, state.pos)
    if found is None:
        return False
    depth = state.src.count("[", 0, state.pos) - state.src.count("]", 0, state.pos)
    if depth < _BRACKETS and state.src.find("](", state.pos) >= 0:
        return False
    return _as_text(state, found[0], silent)


def _no_emphasis(state: StateInline, silent: bool) -> bool:
    """A run of marks that long is a line to write on, or a rule: the parser would take each for a delimiter."""
    found = _LONG_RUN.match(state.src, state.pos)
    return found is not None and _as_text(state, found[0], silent)


def _as_text(state: StateInline, text: str, silent: bool) -> bool:
    if not silent:
        state.append_pending(text)
    state.pos += len(text)
    return True


class _Parser(MarkdownIt):
    """A parser that leaves it to us which addresses become links."""

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return True


def _parser() -> MarkdownIt:
    # The preset nests 20 deep and drops what is deeper; a hundred levels cost nothing and nobody writes them.
    parser = _Parser("commonmark", {"html": False, "linkify": True, "maxNesting": 100})
    parser.enable(["table", "strikethrough", "linkify"]).disable("reference")
    parser.inline.ruler.before("strikethrough", "no_emphasis", _no_emphasis)
    parser.inline.ruler.before("link", "no_link", _no_link)
    parser.inline.ruler.before("autolink", "slack_link", slack_link)
    parser.inline.ruler.before("autolink", "line_break", _line_break)
    if parser.linkify is None:
        raise RuntimeError("linkify-it-py is not installed")
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    for schema in ("ftp:", "//", "mailto:"):
        parser.linkify.add(schema, None)
    return parser


_PARSER = _parser()
# Reads the inline text of blocks that are known already.
_INLINE = _parser().disable(["normalize", "block"])


@dataclass(frozen=True, slots=True)
class Span:
    """A top-level block of a source: its kind, its lines from `start` up to `end`, and the lines where items start.

    `number` is the first item's number in an ordered list, else None.
    """

    kind: str
    start: int
    end: int
    items: tuple[int, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Seam:
    """How a source that goes on with a cut block joins the source before it.

    `joint` precedes its first piece; `number` is that of its first list item where the list is ordered; `table`
    says that it begins with the header of the table before, of which it has the next rows.
    """

    joint: str = GAP
    number: int | None = None
    table: bool = False


FRESH = Seam()
"""The seam of a source that begins with a block of its own."""


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
        return _pieces(state.tokens, seam)


def outline(source: str) -> Outline:
    """The top-level blocks of a source, by line."""
    tokens: list[Token] = []
    _PARSER.block.parse(source, _PARSER, {}, tokens)
    found: list[Span] = []
    items: list[list[int]] = []
    for token in tokens:
        if token.map is None:
            continue
        if token.level == 0:
            number = _number(token) if token.type == "ordered_list_open" else None
            found.append(Span(token.type.removesuffix("_open"), token.map[0], token.map[1], number=number))
            items.append([])
        elif token.level == 1 and token.type == "list_item_open":
            items[-1].append(token.map[0])
    return Outline(tokens, tuple(replace(span, items=tuple(own)) for span, own in zip(found, items, strict=True)))


def render(source: str, seam: Seam = FRESH) -> tuple[Piece, ...]:
    """The pieces that show a source, none of them empty. Takes any text."""
    return _pieces(_PARSER.parse(source), seam)


def _pieces(tokens: Iterable[Token], seam: Seam) -> tuple[Piece, ...]:
    writer = _Writer(seam)
    for token in tokens:
        writer.take(token)
    return tuple(writer.pieces)


def _begins_at(token: Token, line: int) -> bool:
    begins = token.level == 0 or (token.level == 1 and token.type == "list_item_open")
    return begins and token.map is not None and token.map[0] >= line


def _number(token: Token) -> int:
    # Slack counts from 1 (its `offset` cannot be negative), so a list that starts at 0 does too.
    return max(1, int(token.attrGet("start") or 1))


@dataclass(slots=True)
class _List:
    next: int | None


class _Writer:
    """Walks the block tokens of one source and writes down its pieces."""

    def __init__(self, seam: Seam) -> None:
        self.pieces: list[Piece] = []
        self._seam: Seam | None = seam
        self._joint = GAP
        self._lists: list[_List] = []
        self._bullet: Bullet | None = None
        self._quotes = 0
        self._grows = False  # the last piece is the item or the quote that the next paragraph belongs to
        self._heading = False
        self._table: list[list[Runs]] | None = None
        self._align: list[str] = []
        self._table_goes_on = False

    def take(self, token: Token) -> None:
        if token.level == 0 and token.nesting >= 0:
            self._joint = self._seam.joint if self._seam else GAP
        handler = _HANDLERS.get(token.type)
        if handler is not None:
            handler(self, token)
        if token.level == 0:
            self._seam = None

    def list_open(self, token: Token) -> None:
        number = _number(token) if token.type == "ordered_list_open" else None
        if number is not None and self._seam is not None and self._seam.number is not None:
            number = self._seam.number
        self._lists.append(_List(number))

    def list_close(self, _token: Token) -> None:
        self._lists.pop()

    def item_open(self, _token: Token) -> None:
        inner = self._lists[-1]
        self._bullet = Bullet(len(self._lists) - 1, inner.next)
        self._grows = False
        if inner.next is not None:
            inner.next += 1

    def item_close(self, _token: Token) -> None:
        self._bullet = None
        self._grows = False

    def quote_open(self, _token: Token) -> None:
        self._quotes += 1
        self._grows = False

    def quote_close(self, _token: Token) -> None:
        self._quotes -= 1
        self._grows = False

    def heading_open(self, _token: Token) -> None:
        self._heading = True

    def inline(self, token: Token) -> None:
        if self._table is not None:
            self._table[-1].append(strip(_runs(token.children or (), PLAIN if len(self._table) > 1 else _BOLD)))
            return
        leads, self._heading = self._heading, False
        runs = strip(_runs(token.children or (), _BOLD if leads else PLAIN))
        if not runs:
            return
        if self._grows:
            between = GAP if self.pieces[-1].shape is Shape.QUOTE else LINE
            self.pieces[-1] = replace(self.pieces[-1], runs=tidy((*self.pieces[-1].runs, TextRun(between), *runs)))
        elif self._bullet is not None:
            self._item(_task(runs), self._bullet)
            self._grows = True
        elif self._quotes:
            self._add(Piece(Shape.QUOTE, runs))
            self._grows = True
        else:
            self._add(Piece(Shape.SECTION, runs, leads=leads))

    def code(self, token: Token) -> None:
        if content := token.content.removesuffix("\n"):
            self._add(Piece(Shape.CODE, (TextRun(content),), language=language(token.info)))

    def rule(self, _token: Token) -> None:
        self._add(Piece(Shape.QUOTE if self._quotes else Shape.SECTION, (TextRun(_RULE),)))

    def table_open(self, _token: Token) -> None:
        self._table, self._align = [], []
        self._table_goes_on = self._seam is not None and self._seam.table

    def row_open(self, _token: Token) -> None:
        if self._table is not None:
            self._table.append([])

    def header_open(self, token: Token) -> None:
        found = _ALIGNMENT.search(str(token.attrGet("style")))
        self._align.append(found[1] if found else "left")

    def table_close(self, _token: Token) -> None:
        rows, self._table = self._table or [], None
        fewest = 2 if self._table_goes_on else 1  # a header that is only repeated says nothing
        if len(rows) < fewest or not any(cell for row in rows for cell in row):
            return
        table = Table(tuple(map(Row, rows)), tuple(self._align), self._table_goes_on)
        piece = Piece(Shape.TABLE, (), table=table)
        # Slack's own table is a block of its own: within a list or a quote it would fall out of it.
        self._add(as_text(piece, table) if self._lists or self._quotes else piece)

    def _item(self, runs: Runs, bullet: Bullet) -> None:
        if bullet.number is not None and bullet.number > LIST_NUMBER:
            self._add(Piece(Shape.SECTION, tidy((TextRun(f"{bullet.number}. "), *runs))))
        else:
            self._add(Piece(Shape.ITEM, runs, bullet=bullet))

    def _add(self, piece: Piece) -> None:
        quoted = self._quotes > 0 and piece.shape in (Shape.ITEM, Shape.CODE)
        self.pieces.append(replace(piece, joint=self._joint, quoted=quoted))
        self._joint = LINE
        self._bullet = None
        self._grows = False


_HANDLERS: dict[str, Callable[[_Writer, Token], None]] = {
    "bullet_list_open": _Writer.list_open,
    "ordered_list_open": _Writer.list_open,
    "bullet_list_close": _Writer.list_close,
    "ordered_list_close": _Writer.list_close,
    "list_item_open": _Writer.item_open,
    "list_item_close": _Writer.item_close,
    "blockquote_open": _Writer.quote_open,
    "blockquote_close": _Writer.quote_close,
    "heading_open": _Writer.heading_open,
    "inline": _Writer.inline,
    "fence": _Writer.code,
    "code_block": _Writer.code,
    "hr": _Writer.rule,
    "table_open": _Writer.table_open,
    "tr_open": _Writer.row_open,
    "th_open": _Writer.header_open,
    "table_close": _Writer.table_close,
}


def _task(runs: Runs) -> Runs:
    box = _TASKS.get(runs[0].text[:4])
    return runs if box is None else (replace(runs[0], text=box + runs[0].text[4:]), *runs[1:])


def _runs(tokens: Sequence[Token], base: Style) -> Runs:
    """Inline tokens as runs. A line end of the source stays one: people who write in Slack mean it."""
    runs: list[TextRun] = []
    styles: list[str] = []
    links: list[tuple[Token, int]] = []
    for token in tokens:
        style = base | frozenset(styles)
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind in _STYLES:
            styles.append(_STYLES[kind]) if token.nesting == 1 else styles.remove(_STYLES[kind])
        elif token.type == "link_open":
            links.append((token, len(runs)))
        elif token.type == "link_close":
            opened, start = links.pop()
            show = autolinked if opened.markup in _WRITTEN_OUT else linked
            runs[start:] = show(tidy(runs[start:]), str(opened.attrGet("href") or ""), style)
        else:
            written_out = bool(links) and links[-1][0].markup in _WRITTEN_OUT
            runs += _leaf(token, style, within_link=bool(links), with_emoji=not written_out)
    return tidy(runs)


def _leaf(token: Token, style: Style, *, within_link: bool, with_emoji: bool) -> Runs:
    match token.type:
        case "softbreak" | "hardbreak":
            return (TextRun("\n", style),)
        case "code_inline":
            return (TextRun(token.content, style | {"code"}),)
        case "image":
            label = (TextRun(text_of(_runs(token.children or (), PLAIN)), style),)
            return label if within_link else linked(label, str(token.attrGet("src") or ""), style)
        case _:
            run = TextRun(clean(token.content), style)  # an entity may mean a control character
            return tuple(emoji.runs(run)) if with_emoji and ":" in run.text else (run,)

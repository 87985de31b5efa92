"""Lays out a Slack message for a terminal: blocks in, lines out, and nothing in them controls the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from bot.playground.slack.plain import plain, unescaped
from bot.slack.text.block import Block
from bot.slack.text.tables import columns

# Controls of C0 and C1 (ESC begins every command to a terminal), what turns the direction of text, halves of pairs.
_STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")

Marks = frozenset[str]
"""Any of bold, italic, strike, code, link, dim."""

NONE: Marks = frozenset()
DIM: Marks = frozenset({"dim"})
BOLD: Marks = frozenset({"bold"})

# Select Graphic Rendition (ECMA-48, 8.3.117).
_SGR = {"bold": "1", "dim": "2", "italic": "3", "link": "4", "strike": "9", "code": "36"}
# Without colour these stand around the text, as people write them.
_SIGNS = {"bold": "*", "strike": "~", "code": "`"}

_NARROWEST = 20
_BULLETS = "•◦▪"
_QUOTE, _CODE = "> ", "    "
_TASK_SIGNS = {"pending": "○", "in_progress": "…", "complete": "✓", "error": "!"}


@dataclass(frozen=True, slots=True)
class Look:
    """How to draw: the columns of a line, whether styles may be used, and the names of people by their ids."""

    width: int = 80
    colour: bool = False
    names: Mapping[str, str] = field(default_factory=dict)

    def paint(self, text: str, marks: Marks) -> str:
        """Safe text in a style; as it is where there is no colour."""
        if not self.colour or not marks or not text:
            return text
        return f"\x1b[{';'.join(_SGR[mark] for mark in sorted(marks))}m{text}\x1b[0m"


@dataclass(frozen=True, slots=True)
class StyledSpan:
    """Some text in one style."""

    text: str
    marks: Marks = NONE


def safe(text: str) -> str:
    """A text of any origin that does nothing in a terminal but stand there; only line ends are left of the controls."""
    return _STEERING.sub("", _LINE_ENDS.sub("\n", text).expandtabs(4))


def message_lines(text: str, blocks: Sequence[Block], look: Look) -> list[str]:
    """A message as lines: its blocks with a blank line between them, or its text where it has none."""
    if not blocks:
        return laid_out([StyledSpan(unescaped(text))], look)
    lines: list[str] = []
    for block in blocks:
        drawn = list(_block(block, look))
        lines += ["", *drawn] if lines and drawn else drawn
    return lines


def laid_out(spans: Iterable[StyledSpan], look: Look, *, before: str = "", hard: bool = False) -> list[str]:
    """Text in lines no longer than the look allows. `before` stands before the first, and its width in blanks before
    the others, except that `>` is repeated. `hard` breaks where the line is full, not at spaces, as code wants it."""
    after = before if before.endswith(_QUOTE) else " " * columns(before)
    width = max(look.width - columns(before), _NARROWEST)
    cells = [(char, span.marks) for span in spans for char in _signed(span, look)]
    rows = [row for line in _split(cells) for row in _wrapped(line, width, hard=hard)]
    return [f"{before if not number else after}{_painted(row, look)}".rstrip() for number, row in enumerate(rows)]


_Cells = list[tuple[str, Marks]]


def _signed(span: StyledSpan, look: Look) -> str:
    text = safe(span.text)
    if look.colour or not text.strip():
        return text
    for mark in ("code", "strike", "bold"):
        if mark in span.marks:
            text = f"{_SIGNS[mark]}{text}{_SIGNS[mark]}"
    return text


def _split(cells: _Cells) -> Iterator[_Cells]:
    """The lines as written; a line end at the very end opens no further line."""
    line: _Cells = []
    for cell in cells:
        if cell[0] == "\n":
            yield line
            line = []
        else:
            line.append(cell)
    if line or not cells:
        yield line


def _wrapped(cells: _Cells, width: int, *, hard: bool) -> Iterator[_Cells]:
    start = 0
    while True:
        end = _full(cells, start, width)
        if end == len(cells):
            yield cells[start:]
            return
        spaces = [] if hard else [place for place in range(start + 1, end + 1) if cells[place][0] == " "]
        cut = spaces[-1] if spaces else end
        yield cells[start:cut]
        start = cut + 1 if spaces else cut


def _full(cells: _Cells, start: int, width: int) -> int:
    """The place of the first cell that does not fit in the line."""
    used = 0
    for place in range(start, len(cells)):
        used += columns(cells[place][0])
        if used > width:
            return place
    return len(cells)


def _painted(cells: _Cells, look: Look) -> str:
    return "".join(
        look.paint("".join(char for char, _ in run), marks) for marks, run in groupby(cells, key=lambda cell: cell[1])
    )


def _block(block: Block, look: Look) -> Iterator[str]:
    match block.get("type"):
        case "rich_text":
            yield from _rich_text(block, look)
        case "divider":
            yield look.paint("─" * min(look.width, 40), DIM)
        case "context":
            yield from laid_out([StyledSpan(plain("", [block]), DIM)], look)
        case "plan":
            yield from laid_out([StyledSpan(str(block.get("title", "")), BOLD)], look)
            for task in _mappings(block, "tasks"):
                yield from _block(task, look)
        case "task_card":
            sign = _TASK_SIGNS.get(str(block.get("status")), " ")
            yield from laid_out([StyledSpan(plain("", [block]))], look, before=f"  {sign} ")
        case "header":
            yield from laid_out([StyledSpan(plain("", [block]), BOLD)], look)
        case _:
            yield from laid_out([StyledSpan(plain("", [block]))], look)


def _rich_text(block: Block, look: Look) -> Iterator[str]:
    """Every element begins on a line of its own; the blank lines are in the text, but for code, which has a frame."""
    last, framed = "", False
    for element in _mappings(block, "elements"):
        code = element.get("type") == "rich_text_preformatted"
        lines = list(_element(element, look))
        if lines and last and lines[0] and (code or framed):
            yield ""
        yield from lines
        last, framed = (lines[-1], code) if lines else (last, framed)


def _element(element: Block, look: Look) -> Iterator[str]:
    spans = [span for inline in _mappings(element, "elements") for span in _inline(inline, look)]
    bar = _QUOTE if element.get("border") == 1 else ""
    match element.get("type"):
        case "rich_text_list":
            yield from _list(element, look, bar)
        case "rich_text_quote":
            yield from laid_out(spans, look, before=_QUOTE)
        case "rich_text_preformatted":
            code = [StyledSpan("".join(span.text for span in spans))]
            narrower = Look(look.width - columns(bar), look.colour)
            for row in laid_out(code, narrower, before=_CODE, hard=True):
                yield bar + look.paint(row, frozenset({"code"}))
        case _:
            yield from laid_out(spans, look)


def _list(element: Block, look: Look, bar: str) -> Iterator[str]:
    indent = _whole(element.get("indent"))
    number = _whole(element.get("offset")) + 1
    for item in _mappings(element, "elements"):
        bullet = f"{number}." if element.get("style") == "ordered" else _BULLETS[indent % len(_BULLETS)]
        spans = [span for inline in _mappings(item, "elements") for span in _inline(inline, look)]
        narrower = Look(look.width - columns(bar), look.colour)
        yield from (bar + row for row in laid_out(spans, narrower, before=f"{'   ' * indent}{bullet} "))
        number += 1


def _inline(element: Block, look: Look) -> Iterator[StyledSpan]:
    given = element.get("style")
    marks = frozenset(mark for mark in _SGR if isinstance(given, Mapping) and given.get(mark) is True)
    match element.get("type"):
        case "link":
            url = str(element.get("url", ""))
            label = str(element.get("text") or url)
            yield StyledSpan(label, marks | {"link"})
            if label != url:
                yield StyledSpan(f" ({url})", DIM)
        case "user":
            name = str(element.get("user_id", ""))
            yield StyledSpan(f"@{look.names.get(name, name)}", BOLD if look.colour else NONE)
        case "text":
            yield StyledSpan(str(element.get("text", "")), marks)
        case _:
            section = {"type": "rich_text_section", "elements": [element]}
            yield StyledSpan(plain("", [{"type": "rich_text", "elements": [section]}]), marks)


def _whole(value: object) -> int:
    """A small count of Slack's JSON; 0 where there is none."""
    return min(value, 1_000_000) if isinstance(value, int) and value > 0 else 0


def _mappings(block: Block, key: str) -> Iterator[Block]:
    value = block.get(key)
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, Sequence) else iter(())

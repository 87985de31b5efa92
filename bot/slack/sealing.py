"""Knows where growing Markdown can be cut for good: after a finished block, and within one that grows too large.

Every cut depends on a bounded beginning of the text alone, so it falls in the same place however the text arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.slack.half_open import heal
from bot.slack.inert import SENTENCE_ENDS, WIDE_ENDS, between_characters
from bot.slack.limits import TAIL_SOURCE
from bot.slack.markdown import FRESH, Seam, Span, spans
from bot.slack.rich_text import LINE

# One white space before a letter or inline markup: what follows cannot be read as the beginning of another block.
_SPACE = re.compile(
    r"""(?<=\S)[ \n](?=[^\W\d_]|!?\[|["'(]|(?P<mark>\*{1,3}|_{1,3}|~~|`)(?!(?P=mark))[^\s*_~`])"""
    # Chinese and Japanese put no space after a sentence.
    rf"""|(?<=[{"".join(WIDE_ENDS)}])(?=[^\W\d_])"""
)
_CANDIDATES = 20


@dataclass(frozen=True, slots=True)
class Cut:
    """A source in two: `head` is finished; `rest` may still grow, and joins it by `seam`."""

    head: str
    rest: str
    seam: Seam


def cut(source: str, seam: Seam) -> Cut | None:
    """Cut off what is finished, or None where nothing is yet. `seam` is how the source joins what came before.

    A block is finished when the first line of the next one is complete. One that reaches TAIL_SOURCE is cut inside
    where that does no harm; a list item gets four times as much before it is cut anywhere.
    """
    for room in (TAIL_SOURCE, 2 * TAIL_SOURCE, 4 * TAIL_SOURCE):
        window = source[:room]
        lines = window[: window.rfind("\n") + 1]
        blocks = spans(lines)
        if len(blocks) > 1:
            return _at_line(source, blocks[-1].start)
        if len(source) < room:
            return None
        found = _forced(source, window, lines, seam)
        if found is not None:
            return found
    return _prose(source, source[: 4 * TAIL_SOURCE])


def reopened(source: str, block: Span) -> str | None:
    """The line that opens the fence again, with its language, which the source ends in; None where it is closed."""
    if block.kind != "fence":
        return None
    lines = source.split("\n")
    opened = re.match(r"\s*(`+|~+)[ \t]*[\w+#.-]*", lines[block.start])
    if opened is None:
        return None
    last = next(line for line in reversed(lines) if line.strip()).strip()
    closed = len(last) >= len(opened[1]) and not last.strip(opened[1][0])
    only_opened = not "\n".join(lines[block.start + 1 :]).strip()
    return None if closed and not only_opened else opened[0] + "\n"


def _at_line(source: str, line: int, seam: Seam = FRESH) -> Cut:
    position = _offset(source, line)
    return Cut(source[:position], source[position:], seam)


def _offset(source: str, line: int) -> int:
    position = 0
    for _ in range(line):
        position = source.index("\n", position) + 1
    return position


def _forced(source: str, window: str, lines: str, seam: Seam) -> Cut | None:
    """Cut a window that is full; None where a larger one should be tried."""
    blocks = spans(window)
    if len(blocks) != 1:
        return _at_line(source, blocks[-1].start) if blocks else Cut("", source[len(window) :], seam)
    block = blocks[0]
    if block.kind in ("bullet_list", "ordered_list"):
        return _items(source, lines, seam)
    if block.kind == "fence":
        return _code(source, window, lines, block)
    if lines.endswith("\n\n"):
        return Cut(lines, source[len(lines) :], FRESH)
    if block.kind == "table":
        return _rows(source, window, lines, block)
    found = _prose(source, window)
    goes_on = block.kind != "blockquote" or found.rest.startswith(">")
    return found if goes_on else Cut(found.head, f"> {found.rest}", found.seam)


def _code(source: str, window: str, lines: str, block: Span) -> Cut:
    opening = reopened(lines or window, block)
    if opening is None:
        return Cut(lines, source[len(lines) :], FRESH)
    if len(opening) * 2 > len(window):  # opening it again would make the rest longer than it was
        return _prose(source, window)
    if len(lines) > _offset(window + "\n", block.start + 1):
        return Cut(lines, opening + source[len(lines) :], Seam(LINE))
    # One line of code fills the window.
    place = between_characters(window, len(window) - 1)
    return Cut(window[:place], opening + source[place:], Seam(""))


def _items(source: str, lines: str, seam: Seam) -> Cut | None:
    blocks = spans(lines)
    if not blocks or len(blocks[0].items) < 2:
        return None
    block = blocks[0]
    first = seam.number if seam.number is not None and block.number is not None else block.number
    number = None if first is None else first + len(block.items) - 1
    return _at_line(source, block.items[-1], Seam(LINE, number))


def _rows(source: str, window: str, lines: str, block: Span) -> Cut:
    """Cut a table between two rows; the next part begins with the header again."""
    start, body = _offset(window + "\n", block.start), _offset(window + "\n", block.start + 2)
    if len(lines) <= body or (body - start) * 2 > len(window):
        return _prose(source, window)
    return Cut(lines, source[start:body] + source[len(lines) :], Seam(table=True))


def _prose(source: str, window: str) -> Cut:
    """Cut at a line end, a sentence's end or a space in the second half, best where nothing is left half open."""
    places = tuple(_places(window))
    for place in places:
        if heal(window[:place]) == window[:place]:
            return _at_space(source, place)
    if places:
        return _at_space(source, places[0])
    place = between_characters(window, len(window) - 1)
    return Cut(window[:place], source[place:], Seam(""))


def _places(window: str) -> Iterator[int]:
    spaces = [match.start() for match in _SPACE.finditer(window, len(window) // 2)]
    spaces.reverse()
    yield from [place for place in spaces if window[place] == "\n"][:_CANDIDATES]
    yield from [place for place in spaces if window[:place].endswith(SENTENCE_ENDS)][:_CANDIDATES]
    yield from spaces[:_CANDIDATES]


def _at_space(source: str, place: int) -> Cut:
    space = source[place].strip(" \n") == ""
    return Cut(source[:place], source[place + space :], Seam(source[place] if space else ""))

"""Cuts growing Markdown where it will not change: after a finished block, and within one that grows too large.

Every cut depends on a bounded beginning of the text alone, so it falls in the same place however the text arrives.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from operator import itemgetter

from bot.slack.text.escaping import SENTENCE_ENDS, WIDE_ENDS, between_characters
from bot.slack.text.limits import TAIL_SOURCE
from bot.slack.text.markdown import Outline, Span, outline, render
from bot.slack.text.rich_text import LINE, Piece
from bot.slack.text.seams import FRESH, Seam
from bot.slack.text.unfinished import closed_places, heal, open_fence

# A letter or inline markup: what begins with it cannot be read as the beginning of another block than a paragraph.
_TEXT = r"""(?:[^\W\d_]|!?\[|["'(]|(?P<mark>\*{1,3}|_{1,3}|~~|`)(?!(?P=mark))[^\s*_~`])"""
_BEGINS_TEXT = re.compile(_TEXT)
# What a line of a quote begins with before its text; the next part of the text begins with it as well.
_IN_QUOTE = r"(?<=\n)(?:[ ]{0,3}>)+[ ]?(?:(?:[-*+]|\d{1,9}[.)]|\#{1,6}|\[[ xX]\])[ ])*"
_SPACE = re.compile(
    rf"(?<=\S)[ \n](?=(?:{_IN_QUOTE})?{_TEXT})"
    # Chinese and Japanese put no space after a sentence.
    rf"""|(?<=[{"".join(WIDE_ENDS)}])(?=[^\W\d_])"""
)
# The same while a text grows; a number that begins no list item will do, for there are texts of little else.
_GUESS = re.compile(_SPACE.pattern + r"|(?<=\S)[ \n](?=\d+(?![\d.)]))")
_QUOTED_LINE = re.compile(rf"(?<=\S)\n(?=(?:[ ]{{0,3}}>)+[ ]?(?P<item>[-*+][ ]+)?{_TEXT})")
_MAY_OPEN = re.compile(r"[\\`\[*_~<]|://")
_QUOTED_ITEM = re.compile(r"^[ >]*(?:[-*+]|\d{1,9}[.)])[ ]", re.MULTILINE)
_QUOTED_FENCE = re.compile(r"^(?:[ ]{0,3}>)+[ ]?(?:`{3,}[^`\n]*|~{3,}.*)\n", re.MULTILINE)
_INDENTATION = ("    ", "\t")
_LAST_INDENTED = re.compile(r"(?<=\S)\n(?=(?: {4}|\t)[^\n]*\S[^\n]*\n\Z)")
# A growing paragraph of this length in which something is open is cut anyway.
_LONG_OPEN = 500
_CANDIDATES = 20
# The number of candidates that are examined closely.
_TRIES = 20

ROOMS = (TAIL_SOURCE, 2 * TAIL_SOURCE, 4 * TAIL_SOURCE)
"""The lengths of a source at which a cut is searched for: if there is none, the next search is at the next length."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A source in two parts: `head` is finished and shown by `pieces`; `rest` may still grow and joins it by `seam`.

    `within`: the cut goes through the last of the pieces.
    """

    head: str
    pieces: tuple[Piece, ...]
    rest: str
    seam: Seam
    within: bool = False


def cut(source: str, seam: Seam) -> Cut | None:
    """Cut off what is finished, or None where nothing is yet. `seam` is how the source joins what came before.

    A block is finished when the first line of the next one is complete. One that reaches TAIL_SOURCE is cut inside
    where that does no harm; a list item gets four times as much before it is cut anywhere. What is shorter waits.
    """
    for room in ROOMS:
        if len(source) < room:
            return None
        window = source[:room]
        lines = _lines(window)
        outlined = outline(lines)
        found = _after_part(source, outlined, seam) or _forced(source, window, lines, outlined, seam)
        if found is not None:
            return found
    return _prose(source, source[: ROOMS[-1]], seam)


def settled(source: str, seam: Seam) -> Cut | None:
    """Cut a growing source after the part that will stay as it is, however short; None where there is none.

    Inside of a paragraph this is a guess, good enough for a text that is rendered anew when it is finished.
    """
    lines = _lines(source)
    outlined = outline(lines)
    if (found := _after_part(source, outlined, seam)) is not None:
        return found
    if outlined.spans:
        return _settled_in(source, lines, outlined, seam)
    # A single line that is not complete; what follows a space within a line is the same paragraph.
    return _guessed(source, source, seam) if seam.joint in ("", " ") or _is_paragraph(source) else None


def _settled_in(source: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut within or after the one block that the complete lines are."""
    block = outlined.spans[0]
    match block.kind:
        case "fence":
            opening = reopened(lines, block)
            begun = len(lines) > _offset(lines, block.start + 1)
            return _after_lines(source, lines, outlined, opening, seam, Seam(LINE)) if begun and opening else None
        case "table":
            return _rows(source, source, lines, outlined, seam)
        case "blockquote" | "code_block":
            return (_quote if block.kind == "blockquote" else _indented)(source, lines, outlined, seam)
        case "paragraph" | "heading" if lines.endswith("\n\n"):
            return Cut(lines, outlined.pieces(seam), source[len(lines) :], FRESH)
        case "paragraph":
            return _guessed(source, lines.rstrip(), seam)
    return None


def _quote(source: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut a quote before a line of its text or an item of its list, or after the lines of code that it ends in."""
    whole = lines.split("\n")[:-1]
    if open_fence(whole) is not None:
        return _quoted_code(source, lines, outlined, seam)
    places = list(_QUOTED_LINE.finditer(lines, len(lines) // 2))
    closed = tuple(closed_places(lines)) if places and _MAY_OPEN.search(lines) else ((0, len(lines)),)
    for found in reversed(places):
        place = found.start()
        above = lines[:place]
        begins = found["item"] or not _QUOTED_ITEM.search(above)
        if begins and _is_in(closed, place) and open_fence(above.split("\n")) is None:
            return Cut(lines[:place], render(above, seam), source[place + 1 :], Seam(LINE))
    return None


def _quoted_code(source: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut after the lines of code that a quote ends in; what opens them is written again."""
    opened = list(_QUOTED_FENCE.finditer(lines))
    if not opened or len(lines) < 2 * len(opened[-1][0]) or len(lines) == opened[-1].end():
        return None
    return _after_lines(source, lines, outlined, opened[-1][0], seam, Seam(LINE))


def _indented(source: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut indented code before a line that is code as well."""
    if lines and source.startswith(_INDENTATION, len(lines)) and not lines.endswith("\n\n"):
        return _after_lines(source, lines, outlined, "", seam, Seam(LINE))
    found = _LAST_INDENTED.search(lines)
    if found is None:
        return None
    head = lines[: found.start() + 1]
    return Cut(head, render(head, seam), source[len(head) :], Seam(LINE), within=True)


def _guessed(source: str, text: str, seam: Seam) -> Cut | None:
    """Cut the paragraph that a source begins with at its last space where nothing is open."""
    closed = tuple(closed_places(text))
    spaces = [match.start() for match in _GUESS.finditer(text, len(text) // 2)]
    place = next((space for space in reversed(spaces) if _is_in(closed, space)), None)
    if place is None and len(text) >= _LONG_OPEN:
        place = spaces[-1] if spaces else between_characters(text, len(text) - 1)
    return _at_space(source, place, seam) if place else None


def _is_paragraph(line: str) -> bool:
    """Whether a single line is one, as far as it has come."""
    return bool(_BEGINS_TEXT.match(line)) or [span.kind for span in outline(line).spans] == ["paragraph"]


def _lines(window: str) -> str:
    return window[: window.rfind("\n") + 1]


def _after_part(source: str, lines: Outline, seam: Seam) -> Cut | None:
    """Cut before the last block of those that are complete, or before the last item of a list."""
    if not lines.spans:
        return None
    last = lines.spans[-1]
    if len(lines.spans) > 1:
        return _at_line(source, lines, last.start, seam, Seam(last.joint))
    if len(last.items) < 2:
        return None
    first = seam.number if seam.number is not None and last.number is not None else last.number
    number = None if first is None else first + len(last.items) - 1
    return _at_line(source, lines, last.items[-1], seam, Seam(LINE, number))


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


def _at_line(source: str, lines: Outline, line: int, seam: Seam, after: Seam) -> Cut:
    position = _offset(source, line)
    return Cut(source[:position], lines.pieces(seam, line), source[position:], after)


def _after_lines(source: str, lines: str, outlined: Outline, opening: str, seam: Seam, after: Seam) -> Cut:
    """Cut through a piece after its complete lines; what opens it is written again."""
    return Cut(lines, outlined.pieces(seam), opening + source[len(lines) :], after, within=True)


def _cut(head: str, rest: str, seam: Seam, after: Seam) -> Cut:
    """Cut through a piece."""
    return Cut(head, render(head, seam), rest, after, within=True)


def _offset(source: str, line: int) -> int:
    position = 0
    for _ in range(line):
        position = source.index("\n", position) + 1
    return position


def _forced(source: str, window: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut a window that is full; None where a larger one should be tried."""
    if outlined.spans and outlined.spans[0].kind == "fence":
        return _code(source, window, lines, outlined, seam)
    if not lines and _BEGINS_TEXT.match(window):
        return _prose(source, window, seam)
    whole = outline(window)
    if len(whole.spans) == 1:
        return _single(source, window, lines, outlined, whole, seam)
    if whole.spans:
        last = whole.spans[-1]
        return _at_line(source, whole, last.start, seam, Seam(last.joint))
    return Cut("", (), source[len(window) :], seam)


def _single(source: str, window: str, lines: str, outlined: Outline, whole: Outline, seam: Seam) -> Cut | None:
    """Cut a window that is one block; `outlined` are its complete lines."""
    kind = whole.spans[0].kind
    if kind in ("bullet_list", "ordered_list"):
        return None
    if kind == "fence":
        return _code(source, window, lines, whole, seam)
    if lines.endswith("\n\n"):
        return Cut(lines, outlined.pieces(seam), source[len(lines) :], FRESH)
    if (found := _between_lines(kind, source, window, lines, outlined, seam)) is not None:
        return found
    found = _prose(source, window, seam)
    goes_on = kind != "blockquote" or found.rest.startswith(">")
    return found if goes_on else replace(found, rest=f"> {found.rest}")


def _between_lines(kind: str, source: str, window: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut a block whose lines each stand for themselves."""
    match kind:
        case "table":
            return _rows(source, window, lines, outlined, seam)
        case "code_block":
            return _indented(source, lines, outlined, seam)
        case "blockquote" if open_fence(lines.split("\n")[:-1]) is not None:
            return _quoted_code(source, lines, outlined, seam)
    return None


def _code(source: str, window: str, lines: str, outlined: Outline, seam: Seam) -> Cut:
    block = outlined.spans[0]
    opening = reopened(lines or window, block)
    if opening is None:
        tight = not lines.endswith("\n\n")
        return Cut(lines, outlined.pieces(seam), source[len(lines) :], Seam(tight=tight))
    if len(opening) * 2 > len(window):  # opening it again would make the rest longer than it was
        return _prose(source, window, seam)
    if len(lines) > _offset(window + "\n", block.start + 1):
        return _after_lines(source, lines, outlined, opening, seam, Seam(LINE))
    # One line of code fills the window.
    place = between_characters(window, len(window) - 1)
    return _cut(window[:place], opening + source[place:], seam, Seam(""))


def _rows(source: str, window: str, lines: str, outlined: Outline, seam: Seam) -> Cut | None:
    """Cut a table between two rows; the next part begins with the header again. None where that is too long."""
    first = outlined.spans[0].start if outlined.spans else 0
    start, body = _offset(window + "\n", first), _offset(window + "\n", first + 2)
    if len(lines) <= body or (body - start) * 2 > len(window):
        return None
    return _after_lines(source, lines, outlined, source[start:body], seam, Seam(table=True))


def _prose(source: str, window: str, seam: Seam) -> Cut:
    """Cut at a line end, a sentence's end or a space in the second half, best where nothing is left half open."""
    if (place := _closed_place(window)) is not None:
        return _at_space(source, place, seam)
    if (place := next(_places(window), None)) is not None:
        return _at_space(source, place, seam)
    place = between_characters(window, len(window) - 1)
    return _cut(window[:place], source[place:], seam, Seam(""))


def _closed_place(window: str) -> int | None:
    """The best place in the second half where nothing is left half open."""
    closed = tuple(closed_places(window))
    places = dict.fromkeys(place for place in _places(window) if _is_in(closed, place))
    return next((place for place in islice(places, _TRIES) if heal(window[:place]) == window[:place]), None)


def _is_in(intervals: Sequence[tuple[int, int]], place: int) -> bool:
    number = bisect_right(intervals, place, key=itemgetter(0)) - 1
    return number >= 0 and place <= intervals[number][1]


def _places(window: str) -> Iterator[int]:
    spaces = [match.start() for match in _SPACE.finditer(window, len(window) // 2)]
    spaces.reverse()
    yield from [place for place in spaces if window[place] == "\n"][:_CANDIDATES]
    yield from [place for place in spaces if window.endswith(SENTENCE_ENDS, 0, place)][:_CANDIDATES]
    yield from spaces[:_CANDIDATES]


def _at_space(source: str, place: int, seam: Seam) -> Cut:
    space = source[place].strip(" \n") == ""
    return _cut(source[:place], source[place + space :], seam, Seam(source[place] if space else ""))

"""Heals Markdown that is still being written: closes what is open, and holds back what means nothing yet.

It looks at the end of a text only, with less care than a parser: whatever it gets wrong lasts until the next token,
and a finished text never comes through here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.playground.slack.unfinished_line import closed

_CONTAINERS = re.compile(r"(?:[ \t>]|(?:[-*+]|[0-9]{1,9}[.)])[ \t])*")
_FENCE = re.compile(r"(`{3,}|~{3,})(.*)\Z")
# A line of nothing but marks, or of a number that may become one: an item, heading, rule, fence or table begins.
# Nothing in these two goes back, so that a long line costs no more than its length.
_MARKS = re.compile(
    r"[\s>]*+(?:(?:[-*+]|[0-9]{1,9}[.)])\s++)*+(?:[0-9]{1,9}[.)]?+|[-*_=+#|:`~\s]*+)\s*+(?:\[[ xX]?+\]?+)?+\s*+\Z"
)
_LONGEST_MARKS = 200
_TABLE_RULE = re.compile(r"[\s>]*+(?:\|\s*+)?+:?+-++:?+\s*+(?:\|\s*+:?+-++:?+\s*+)*+(?:\|\s*+)?+\Z")
_BEGINS = re.compile(r"[ \t>]*(?:(?:[-*+]|[0-9]{1,9}[.)]|#{1,6})[ \t]+)*")
_ROW = re.compile(r"[ >]*\|")


def healed(source: str) -> str:
    """The source as it is best shown while more is to come."""
    lines = source.split("\n")
    fence = _open_fence(lines[:-1]) or _open_fence(lines)
    if fence:
        return _in_fence(lines, fence)
    if len(lines[-1]) < _LONGEST_MARKS and _MARKS.match(lines[-1]):
        lines[-1] = ""
    lines = _without_table_header(lines)
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    if _fence_in(lines[-1]):
        return "\n".join(lines)
    start = _last_paragraph(lines)
    return "\n".join([*lines[:start], _paragraph("\n".join(lines[start:]))])


def _open_fence(lines: Sequence[str]) -> str:
    """The marks of the fence that the text ends in."""
    opened = ""
    for line in lines:
        found = _fence_in(line)
        if found is None:
            continue
        mark, info = found.groups()
        if not opened:
            opened = "" if mark[0] == "`" and "`" in info else mark
        elif mark[0] == opened[0] and len(mark) >= len(opened) and not info.strip():
            opened = ""
    return opened


def _fence_in(line: str) -> re.Match[str] | None:
    return _FENCE.match(line, _end(_CONTAINERS, line))


def _in_fence(lines: list[str], fence: str) -> str:
    """A last line that may become the fence's end is not shown as code."""
    last = lines[-1].strip()
    ending = last and len(last) < len(fence) and last == fence[0] * len(last)
    return "\n".join([*lines[:-1], ""] if ending else lines)


def _without_table_header(lines: list[str]) -> list[str]:
    """A line that begins with a pipe and has no table above: the rule that makes it one may follow. A blank line after
    it decides that it is none."""
    last = len(lines) - 1
    while last > 0 and not lines[last].strip():
        last -= 1
    if not _ROW.match(lines[last]) or last < len(lines) - 2:
        return lines
    above = lines[last - 1] if last else ""
    in_table = _ROW.match(above) or _TABLE_RULE.match(above)
    return lines if in_table else [*lines[:last], ""]


def _last_paragraph(lines: Sequence[str]) -> int:
    start = len(lines) - 1
    while start > 0 and lines[start - 1].strip() and not _fence_in(lines[start - 1]):
        if lines[start][: _end(_BEGINS, lines[start])].strip() or _ROW.match(lines[start]):
            break
        start -= 1
    return start


def _paragraph(text: str) -> str:
    start = _end(_BEGINS, text)
    if _ROW.match(text):
        start = max(start, text.rfind("|") + 1)  # only the last cell of a row is open
    return text[:start] + closed(text[start:])


def _end(pattern: re.Pattern[str], text: str) -> int:
    """Where a pattern that may match nothing ends at the beginning of a text."""
    found = pattern.match(text)
    return found.end() if found else 0

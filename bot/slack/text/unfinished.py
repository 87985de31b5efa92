"""Prepares unfinished Markdown for display: closes what is open, and holds back what has no meaning yet.

It examines only the end of a text, with less care than a parser: an error lasts until the next token, and the finished
text is not processed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.slack.text.unfinished_inline import Inline

# What a line may begin with before its text: bars of quotes, marks of list items, indentation.
_CONTAINERS = re.compile(r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*")
_FENCE = re.compile(r"(?P<mark>`{3,}|~{3,})(?P<info>.*)")
# A line of nothing but marks, or of a number that may become one: a list item, heading, rule, fence or table begins.
# Its repetitions are possessive: a line of a thousand marks and a letter would be tried in a million ways.
_MARKS_ONLY = re.compile(r"[\s>]*+(?:(?:[-*+]|\d{1,9}[.)])\s++)*+(?:\d{1,9}[.)]?|[-*_=+#|:`~\s]*+)\s*+(?:\[[ xX]?\]?)?")
_TABLE_RULE = re.compile(r"[\s>]*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]")
_BLOCK_MARK = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)]|#{1,6})[ \t]+)*")


def heal(source: str) -> str:
    """The source as it is best shown while it grows. Accepts any text."""
    lines = source.split("\n")
    before = open_fence(lines[:-1])
    if (fence := before or open_fence(lines[-1:])) is not None:
        return _heal_code(source, lines[-1], fence)
    if lines[-1] and _MARKS_ONLY.fullmatch(lines[-1]):
        lines[-1] = ""
    _hold_table_header(lines)
    while len(lines) > 1 and not lines[-1].strip():
        lines.pop()
    if _fence_in(lines[-1]):
        return "\n".join(lines)
    start = _inline_start(lines)
    return "\n".join(lines[:start]) + ("\n" if start else "") + _heal_inline("\n".join(lines[start:]))


def closed_places(text: str) -> Iterator[tuple[int, int]]:
    """From where to where nothing inline is open, as far as one look can tell: elsewhere `heal` would change the text
    up to there."""
    at, lines = 0, text.split("\n")
    while lines:
        end = 1
        while end < len(lines) and not _begins_inline(lines, end):
            end += 1
        group = "\n".join(lines[:end])
        mark = _BLOCK_MARK.match(group)
        start = mark.end() if mark else 0
        for first, last in Inline(group[start:]).closed_places():
            yield at + start + first, at + start + last
        at += len(group) + 1
        del lines[:end]


def open_fence(lines: list[str]) -> str | None:
    """The marks of the fence that the text ends in, wherever it is nested."""
    fence: str | None = None
    for line in lines:
        found = _fence_in(line)
        if found is None:
            continue
        mark, info = found["mark"], found["info"]
        if fence is None:
            fence = mark
        elif mark[0] == fence[0] and len(mark) >= len(fence) and not info.strip():
            fence = None
    return fence


def _fence_in(line: str) -> re.Match[str] | None:
    """The marks of a fence in a line. With another backtick after them, they are code within the line."""
    containers = _CONTAINERS.match(line)
    found = _FENCE.match(line, containers.end() if containers else 0)
    return None if found is None or (found["mark"][0] == "`" and "`" in found["info"]) else found


def _heal_code(source: str, last: str, fence: str) -> str:
    mark = last.strip()
    closes = mark and not mark.strip(fence[0]) and len(mark) < len(fence)
    return source[: len(source) - len(last)] if closes else source


def _hold_table_header(lines: list[str]) -> None:
    """Take away a line that begins with a pipe and has no table above it: the rule that makes it one may follow."""
    last = len(lines) - 1
    while last > 0 and not lines[last].strip():
        last -= 1
    # A blank line after it decides that it is no table.
    if not lines[last].lstrip(" >").startswith("|") or last < len(lines) - 2:
        return
    above = lines[last - 1] if last else ""
    if not above.lstrip(" >").startswith("|") and not (above and _TABLE_RULE.fullmatch(above)):
        del lines[last:]
        lines.append("")


def _inline_start(lines: list[str]) -> int:
    """The line where the last run of inline text begins."""
    start = len(lines) - 1
    while start > 0 and not _begins_inline(lines, start):
        start -= 1
    return start


def _begins_inline(lines: list[str], number: int) -> bool:
    """Whether a run of inline text begins in this line, whatever is open before it."""
    above, line = lines[number - 1], lines[number]
    if not above.strip(" \t>") or _HEADING.match(above) or _fence_in(above) or line.lstrip(" >").startswith("|"):
        return True
    mark = _BLOCK_MARK.match(line)
    begun = mark[0].strip(" \t") if mark else ""
    # The lines of a quote are one text, as those of a paragraph are.
    return begun.replace(" ", "").strip(">") != "" or begun.count(">") > _bars(above)


def _bars(line: str) -> int:
    """How many bars of quotes a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t>"))].count(">")


def _heal_inline(text: str) -> str:
    mark = _BLOCK_MARK.match(text)
    start = mark.end() if mark else 0
    if text.lstrip(" >").startswith("|"):  # only the last cell of a row is open
        start = max(start, text.rfind("|") + 1)
    return text[:start] + Inline(text[start:]).healed()

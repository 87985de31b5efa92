"""Builds the Markdown parser: CommonMark with tables and strikethrough, and rules of our own.

Bare http(s) addresses are links; raw HTML is text, but for `<br>`, which models write into table cells (other HTML
is Markdown by then). Reference definitions are off: without them no block depends on a later one, so a finished block
can be rendered once and for all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from bot.slack.text.addresses import bare_address
from bot.slack.text.flanking import marks
from bot.slack.text.links import slack_link
from bot.slack.text.targets import spaced_autolink, spaced_link

_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BRACKET = re.compile(r"!?\[")
_BRACKETS = 10
_SEEN = "brackets seen"
_LONG_RUN = re.compile(r"(?P<mark>[*_~])(?P=mark){40,}")


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
    seen = _brackets(state)
    if seen.depth < _BRACKETS and state.pos < seen.last_target:
        return False
    return _as_text(state, found[0], silent)


@dataclass(slots=True)
class _Brackets:
    """What is known of the brackets of a text: how many are open `at` a place, and where the last target begins."""

    last_target: int
    at: int = 0
    depth: int = 0


def _brackets(state: StateInline) -> _Brackets:
    known: dict[str, _Brackets] = state.env.setdefault(_SEEN, {})  # by text, for a picture's label is parsed by itself
    seen = known.get(state.src)
    if seen is None or seen.at > state.pos:
        seen = known[state.src] = _Brackets(state.src.rfind("]("))
    seen.depth += state.src.count("[", seen.at, state.pos) - state.src.count("]", seen.at, state.pos)
    seen.at = state.pos
    return seen


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


def parser() -> MarkdownIt:
    """A parser of its own for whoever asks."""
    # The preset nests 20 deep and drops what is deeper; a hundred levels cost nothing and nobody writes them.
    made = _Parser("commonmark", {"html": False, "maxNesting": 100})
    made.enable(["table", "strikethrough"]).disable("reference")
    rules = made.inline.ruler
    rules.disable("strikethrough")  # `marks` does its part; the pairs it makes are still resolved
    rules.at("emphasis", marks)
    rules.before("emphasis", "no_emphasis", _no_emphasis)
    rules.before("newline", "bare_address", bare_address)
    rules.before("link", "no_link", _no_link)
    rules.before("autolink", "spaced_link", spaced_link)
    rules.before("autolink", "slack_link", slack_link)
    rules.before("autolink", "spaced_autolink", spaced_autolink)
    rules.before("autolink", "line_break", _line_break)
    return made

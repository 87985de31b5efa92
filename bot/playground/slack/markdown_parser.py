"""Parses the Markdown that Slack takes: CommonMark with tables and strikethrough, Slack's own `<@U1>`, emoji codes.

markdown-it-py does the work. The rules added here only mark what the page resolves by itself: it knows the people, the
channels and the emoji.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

REFERENCE, EMOJI = "slack_reference", "slack_emoji"
"""The types of the tokens that these rules make."""

_DEEPEST = 100
_MOST_BRACKETS, _MOST_TRIED = 50, 1_500
"""Brackets within the label of a link, and in all of a text. The parser looks through what follows each of them, and
does so within each of the others around it: 6,000 would take seconds."""

_REFERENCE = re.compile(r"<([@#!][^<>\n]+|https?://[^<>\s|]+\|[^<>\n]+)>")
# One or more names between colons, as in `:tada::wave::skin-tone-2:`. Which of them are emoji is for the page to say,
# so this must not take what means something else where they are none: an underscore that begins or ends emphasis, the
# scheme of an address.
_NAME = r"(?!mailto:)(?:[a-z0-9+'-]|(?<=[a-z0-9])_(?=[a-z0-9]))+(?:::skin-tone-[2-6])?(?=:(?!//))"
_EMOJI = re.compile(f"(?::{_NAME})+:")


def _reference(state: StateInline, silent: bool) -> bool:
    return _taken(state, silent, _REFERENCE, REFERENCE, 1)


def _emoji(state: StateInline, silent: bool) -> bool:
    return _taken(state, silent, _EMOJI, EMOJI, 0)


def _taken(state: StateInline, silent: bool, pattern: re.Pattern[str], kind: str, group: int) -> bool:
    found = pattern.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push(kind, "", 0).content = found[group]
    state.pos = found.end()
    return True


def _bracket(state: StateInline, silent: bool) -> bool:
    """A bracket is a text where no target follows, too many others stand between, or there were too many before."""
    if state.src[state.pos] != "[":
        return False
    target = state.src.find("](", state.pos)
    if target >= 0 and state.src.count("[", state.pos, target) <= _MOST_BRACKETS:
        tried = state.env["brackets tried"] = state.env.get("brackets tried", 0) + 1
        if tried <= _MOST_TRIED:
            return False
    if not silent:
        state.pending += "["
    state.pos += 1
    return True


def _image_bracket(state: StateInline, silent: bool) -> bool:
    """As `_bracket`, for a picture's."""
    if not state.src.startswith("![", state.pos):
        return False
    state.pos += 1
    if _bracket(state, True):
        if not silent:
            state.pending += "!["
        return True
    state.pos -= 1
    return False


def _parser() -> MarkdownIt:
    parser = MarkdownIt("js-default", {"html": False, "linkify": True, "breaks": True, "maxNesting": _DEEPEST})
    if parser.linkify is None:
        raise RuntimeError("linkify-it-py is not installed")
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    # A definition that is still being written would come and go.
    parser.disable(["reference", "html_block", "html_inline"])
    parser.inline.ruler.before("link", "slack_bracket", _bracket)
    parser.inline.ruler.before("link", "slack_image_bracket", _image_bracket)
    parser.inline.ruler.before("autolink", REFERENCE, _reference)
    parser.inline.ruler.before("entity", EMOJI, _emoji)
    return parser


_PARSER = _parser()


def parsed(source: str) -> list[Token]:
    """The tokens of a text."""
    return _PARSER.parse(source)

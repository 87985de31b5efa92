"""Finds the target of a link: what stands in the parentheses after its label, also where it has spaces in it.

CommonMark wants such a target in angle brackets, or its spaces as `%20`. Models copy the names of files as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it.common.utils import unescapeAll
from markdown_it.helpers import parseLinkDestination, parseLinkLabel, parseLinkTitle
from markdown_it.rules_inline import StateInline

from bot.slack.text.limits import LINK_URL

_SPACED = re.compile(r"\([ \t]*(?=https?://[^\s/?#()\[\]<>\\]+[/?#])", re.IGNORECASE)
_SIGN = re.compile(r"\\.|[()\n]", re.DOTALL)
_SPACE = re.compile(r"\s*")
_ANGLED = re.compile(r"<(?P<url>https?://[^\s/?#<>|]+[/?#][^<>|\n]*[ \t][^<>|\n]*)>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """The address of a link as it is written, and where its closing parenthesis ends."""

    url: str
    end: int


def target_at(text: str, start: int) -> LinkTarget | None:
    """The target whose parenthesis opens at `start`."""
    return _plain(text, start) or spaced_target(text, start)


def spaced_target(text: str, start: int, limit: int | None = None) -> LinkTarget | None:
    """The target with spaces whose parenthesis opens at `start`; it is an http(s) address, all on one line."""
    limit = len(text) if limit is None else limit
    begun = _SPACED.match(text, start, limit)
    end = _closing(text, start, min(limit, start + LINK_URL)) if begun else None
    if begun is None or end is None:
        return None
    url = _without_title(text[begun.end() : end - 1].strip())
    if "](" in url or not re.search(r"[ \t]", url):
        return None
    return LinkTarget(re.sub(r"[ \t]", "%20", unescapeAll(url)), end)


def spaced_link(state: StateInline, silent: bool) -> bool:
    """A rule for markdown-it, after its own for links and images: a target with spaces is one too."""
    image = state.src.startswith("![", state.pos)
    label = state.pos + image
    if not state.src.startswith("[", label):
        return False
    label_end = parseLinkLabel(state, label, not image)
    found = spaced_target(state.src, label_end + 1, state.posMax) if label_end >= 0 else None
    if found is None:
        return False
    if not silent:
        href = state.md.normalizeLink(found.url)
        if image:
            _image(state, state.src[label + 1 : label_end], href)
        else:
            _link(state, label + 1, label_end, href)
    state.pos = found.end
    return True


def spaced_autolink(state: StateInline, silent: bool) -> bool:
    """A rule for markdown-it: an address in angle brackets may have spaces in it."""
    found = _ANGLED.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        url = state.md.normalizeLink(re.sub(r"[ \t]", "%20", found["url"].strip()))
        opened = state.push("link_open", "a", 1)
        opened.attrSet("href", url)
        opened.markup = "autolink"
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _image(state: StateInline, label: str, src: str) -> None:
    token = state.push("image", "img", 0)
    token.attrs = {"src": src, "alt": ""}
    token.children = state.md.inline.parse(label, state.md, state.env, [])
    token.content = label


def _link(state: StateInline, start: int, end: int, href: str) -> None:
    state.push("link_open", "a", 1).attrSet("href", href)
    limit, state.pos, state.posMax = state.posMax, start, end
    state.linkLevel += 1
    state.md.inline.tokenize(state)
    state.linkLevel -= 1
    state.posMax = limit
    state.push("link_close", "a", -1)


def _plain(text: str, start: int) -> LinkTarget | None:
    at = _after_space(text, start + 1)
    found = parseLinkDestination(text, at, len(text))
    if found.ok:
        at = found.pos
    after = _after_space(text, at)
    if after > at and (title := parseLinkTitle(text, after, len(text))).ok:
        after = _after_space(text, title.pos)
    return LinkTarget(found.str, after + 1) if text.startswith(")", after) else None


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _closing(text: str, start: int, limit: int) -> int | None:
    """Where the parenthesis that opens at `start` is closed on its line."""
    depth = 0
    for sign in _SIGN.finditer(text, start, limit):
        if sign[0] == "\n":
            return None
        depth += {"(": 1, ")": -1}.get(sign[0], 0)
        if depth == 0:
            return sign.end()
    return None


def _without_title(inside: str) -> str:
    quote = inside[-1:]
    begins = inside.rfind(quote, 0, -1) if quote in ("'", '"') else -1
    return inside[:begins].rstrip() if begins > 0 and inside[begins - 1] in " \t" else inside

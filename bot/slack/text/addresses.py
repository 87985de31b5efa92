"""Finds where an address in a text ends: where a reader would end it.

That is at a space, at a quote, dash, ellipsis, emoji or punctuation of another script, at the first letter of a script
without spaces, at a bracket that has no partner; and before the stops and marks at its end.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from markdown_it.rules_inline import StateInline

from bot.slack.text.limits import LINK_URL
from bot.slack.text.scripts import LATIN, UNSPACED

_SCHEME = re.compile(r"(?<![a-z0-9+.-])https?\Z", re.ASCII | re.IGNORECASE)
_BEGINS = re.compile(r"[a-z][a-z0-9+.-]{0,31}://(?:[\w.~%!$&'*+,;=:-]{1,50}@)?|(?=www\.)", re.ASCII | re.IGNORECASE)
_LETTER = r"(?:[^\W_]|[-_\u0300-\u036f])"
_HOST = re.compile(rf"(?=[^\W_]){_LETTER}+(?:\.{_LETTER}+)*")
_LONGEST_HOST = 253
# Where in a host a script without spaces follows other letters: `example.comを参照`.
_MIXED = re.compile(rf"(?<=[A-Za-z0-9{LATIN}])(?=[{UNSPACED}])")
_PORT = re.compile(r":\d{1,5}(?!\w)", re.ASCII)
# As long as only such has followed a host, it may be the name of somebody `@` another one.
_UNCLEAR = re.compile(r"[\w.~%!$&'*+,;=:@-]{0,60}\Z", re.ASCII)
# Signs of an address. Two stars or tildes are marks, and square brackets belong to the keys of a query.
_PLAIN = re.compile(
    rf"(?:[!#$%'()+,\-./0-9:;=?@A-Z_a-z{{|}}{LATIN}]|&(?!(?:lt|gt|quot|nbsp|\#\d+);)|\*(?!\*)|~(?!~)"
    r"|\[\w*\](?=[=\[%&]))+"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
# Such letters as a part or a value, and what tells that the address goes on after them: `/文档/a`, `?q=東京&b=c`.
_WORDS = re.compile(rf"(?<=[/=])(?:(?=\w)[{UNSPACED}])+")
_GOES_ON = re.compile(r"/[\w-]|&\w+=|\.[a-z0-9]{2,5}(?![\w.])|[?#]\w", re.ASCII | re.IGNORECASE)
_MAY_GO_ON = re.compile(r"(?:[/&.?#]\w*)?\Z", re.ASCII)
_LATIN = re.compile(f"[A-Za-z0-9{LATIN}]")
_BRACKET = re.compile(r"[(){}]")
_MOST_BRACKETS = 8
_TRAILING = frozenset(".,;:!?'*_~")


@dataclass(frozen=True, slots=True)
class BareAddress:
    """Where an address ends, and where the text ends that might go on with it. No `end`: it is not to be linked."""

    end: int | None
    seen: int


def address(text: str, start: int, limit: int | None = None) -> BareAddress | None:
    """The address that begins with its scheme, or with `www.`, at `start`; None where no host follows."""
    limit = len(text) if limit is None else limit
    begun = _BEGINS.match(text, start, limit)
    host = _HOST.match(text, begun.end(), limit) if begun else None
    if host is None:
        return None
    # What stands before an `@` is the name of somebody, not a host.
    end = _host_end(host) if len(host[0]) <= _LONGEST_HOST and not text.startswith("@", host.end(), limit) else None
    if end is None or end < host.end():
        return BareAddress(end, limit if _UNCLEAR.match(text, host.end(), limit) else host.end())
    if (port := _PORT.match(text, end, limit)) is not None:
        end = port.end()
    if text[end : min(end + 1, limit)] not in ("/", "?", "#"):
        return BareAddress(end, limit if _UNCLEAR.match(text, end, limit) else end)
    bound = min(limit, start + LINK_URL)
    stop, seen = _body_end(text, end, bound)
    if stop == bound < limit:
        return BareAddress(None, stop)  # longer than any link may be
    return BareAddress(_trimmed(text, end, _balanced(text, end, stop)), seen)


def bare_address(state: StateInline, silent: bool) -> bool:
    """A rule for markdown-it: an http(s) address in the text is a link."""
    if state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.src[max(0, state.pos - 6) : state.pos])
    if scheme is None or not (silent or state.pending.endswith(scheme[0])):
        return False
    found = address(state.src, state.pos - len(scheme[0]), state.posMax)
    if found is None or found.end is None:
        return False
    if not silent:
        url = state.src[state.pos - len(scheme[0]) : found.end].replace("&amp;", "&")
        state.pending = state.pending[: -len(scheme[0])]
        opened = state.push("link_open", "a", 1)
        opened.attrSet("href", state.md.normalizeLink(url))
        opened.markup = "linkify"
        state.push("text", "", 0).content = state.md.normalizeLinkText(url)
        state.push("link_close", "a", -1)
    state.pos = found.end
    return True


def _host_end(host: re.Match[str]) -> int | None:
    """Where the name of a host ends; None where nobody can tell, and a link might lead elsewhere than a reader thinks.

    In `example.comを参照` it ends before the Japanese. But the domain of `shop.ai研究所.com` is no `shop.ai`.
    """
    name = host[0]
    for mixed in _MIXED.finditer(name):
        whole = "." in name[: mixed.start()].removeprefix("www.")
        if re.search(r"\.[A-Za-z0-9]", name[mixed.start() :]) is None:
            if whole or "." not in name[mixed.start() :]:
                return host.start() + mixed.start()
        elif whole:
            return None
    return host.end()


def _body_end(text: str, start: int, limit: int) -> tuple[int, int]:
    """Where what follows a host ends, its closing stops included, and where what may go on with it ends."""
    at, is_title = start, False
    while at < limit:
        if (plain := _PLAIN.match(text, at, limit)) is not None:
            at = plain.end()
        elif unicodedata.category(text[at])[0] not in "LMN":
            break
        elif _UNSPACED.match(text[at]):
            # Where a title begins, as in a wiki, it is no text that follows the address.
            is_title = is_title or text.endswith("/wiki/", start, at)
            words = None if is_title else _WORDS.match(text, at, limit)
            if words is not None and _GOES_ON.match(text, words.end(), limit):
                at = words.end()
            elif is_title:
                at += 1
            else:
                return at, limit if words and _MAY_GO_ON.match(text, words.end(), limit) else at
        elif _LATIN.match(text[at - 1]):
            break
        else:
            at += 1
    return at, at


def _balanced(text: str, start: int, end: int) -> int:
    """Where the first bracket stands that has no partner, or the end."""
    opened: list[int] = []
    for found in _BRACKET.finditer(text, start, end):
        if len(opened) > _MOST_BRACKETS:
            break
        if found[0] in "({":
            opened.append(found.start())
        elif opened and text[opened[-1]] + found[0] in ("()", "{}"):
            opened.pop()
        else:
            return opened[0] if opened else found.start()
    return opened[0] if opened else end


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and (text[end - 1] in _TRAILING or text.endswith("'s", start, end)):
        end -= 2 if text[end - 1] == "s" else 1
    return end

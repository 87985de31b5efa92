"""Recognises HTML's tags by a fixed list of names: whatever else stands in angle brackets is text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape

MARKS: Mapping[str, str] = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("i", "em"), "*"),
    **dict.fromkeys(("del", "s", "strike"), "~~"),
}
"""The marks of Markdown that mean the same."""

HIDDEN = frozenset({"script", "style", "svg", "template", "noscript", "iframe", "object", "math"})
"""Their content is no text either."""

HEADINGS = frozenset({f"h{level}" for level in range(1, 7)})

LINES = frozenset(
    [
        "address",
        "article",
        "aside",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "html",
        "head",
        "legend",
        "main",
        "menu",
        "nav",
        "section",
        "summary",
        "title",
        "option",
        "select",
        "optgroup",
        "caption",
        "hgroup",
        "search",
    ]
)
"""They begin a line of their own; that is all that is shown of them."""

_RENDERED = frozenset("a br p ul ol li table tr th td blockquote hr img code pre".split())  # noqa: SIM905

_DROPPED = frozenset(
    [
        "abbr",
        "acronym",
        "area",
        "audio",
        "base",
        "bdi",
        "bdo",
        "big",
        "button",
        "canvas",
        "cite",
        "col",
        "colgroup",
        "data",
        "datalist",
        "dfn",
        "embed",
        "font",
        "ins",
        "input",
        "kbd",
        "label",
        "link",
        "map",
        "mark",
        "meta",
        "meter",
        "nobr",
        "output",
        "param",
        "picture",
        "progress",
        "q",
        "rp",
        "rt",
        "ruby",
        "samp",
        "small",
        "source",
        "span",
        "sub",
        "sup",
        "tbody",
        "textarea",
        "tfoot",
        "thead",
        "time",
        "track",
        "tt",
        "u",
        "var",
        "video",
        "wbr",
    ]
)

NAMES = frozenset({*MARKS, *HIDDEN, *HEADINGS, *LINES, *_RENDERED, *_DROPPED})

# An attribute has a value, or is one of these: `a<b and c>d` is no tag.
_FLAGS = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|controls|default|defer|disabled|download|hidden|inert|"
    "ismap|itemscope|loop|multiple|muted|nohref|noshade|novalidate|nowrap|open|readonly|required|reversed|selected"
)
_VALUE = r"""(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`]++)"""
_ATTRIBUTE = rf"[\s/]++(?:(?:{_FLAGS})(?![\w=-])|[a-zA-Z_:@][\w:.@-]*+\s*+=\s*+{_VALUE})"
_TAG = re.compile(
    rf"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*+)(?P<attributes>(?:{_ATTRIBUTE})*+)\s*+/?>", re.IGNORECASE
)
_HALF = re.compile(
    rf"<(?:/?(?P<name>[a-zA-Z][a-zA-Z0-9]*+)?"
    rf"(?P<attributes>(?:{_ATTRIBUTE})*+[\s/]*+(?:[a-zA-Z_:@][\w:.@-]*+\s*+(?:=\s*+(?:\"[^\"]*+|'[^']*+|"
    rf"[^\s\"'<>=`]*+))?)?)?|!(?:d(?:o(?:c(?:t(?:y(?:p(?:e[^<>]{{0,300}})?)?)?)?)?)?)?|!-)",
    re.IGNORECASE,
)
_NAME = re.compile(r"<([a-zA-Z][a-zA-Z0-9]*+)[\s/]")
_PAIR = re.compile(rf"(?P<name>[a-zA-Z_:@][\w:.@-]*+)\s*+=\s*+(?P<value>{_VALUE})")
_DOCTYPE = re.compile(r"<!doctype\b[^<>]{0,300}>", re.IGNORECASE)
# Of these alone is a single capital a name: `List<A>` in a sentence about code is none.
_GENERIC = re.compile(r"[A-Z]")


@dataclass(frozen=True, slots=True)
class HtmlTag:
    """A tag, where it ends in the text, and what its attributes say. `name` is in small letters."""

    name: str
    end: int
    closes: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)


def tag(text: str, at: int, before: str = "") -> HtmlTag | None:
    """The tag that stands there, `before` it that character, if its name is one of HTML's."""
    found = _TAG.match(text, at)
    if found is None:
        return HtmlTag("", doctype.end()) if (doctype := _DOCTYPE.match(text, at)) else None
    name = found["name"].lower()
    generic = _GENERIC.fullmatch(found["name"]) and not found["end"] and before.isalnum()
    if name not in NAMES or generic:
        return None
    return HtmlTag(name, found.end(), bool(found["end"]), _attributes(found["attributes"]))


def may_have_attributes(text: str, at: int) -> bool:
    """Whether a known name and something behind it stand there."""
    found = _NAME.match(text, at)
    return found is not None and found[1].lower() in NAMES


def may_be_tag(text: str, at: int) -> bool:
    """Whether all from there on may become a tag or a comment."""
    found = _HALF.fullmatch(text, at)
    if found is None:
        return False
    name = (found["name"] or "").lower()
    if found["attributes"]:
        return name in NAMES
    return any(known.startswith(name) for known in NAMES)


def closing(name: str) -> re.Pattern[str]:
    """What ends the content of a tag."""
    return re.compile(rf"</{name}\s{{0,99}}>", re.IGNORECASE)


def without_tags(text: str) -> str:
    """A text of code as it is read: without known tags, and with what its entities mean."""
    return unescape(_TAG.sub(_nothing, text))


def _nothing(found: re.Match[str]) -> str:
    name = found["name"].lower()
    return found[0] if name not in NAMES else "\n" if name == "br" else ""


def _attributes(written: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in _PAIR.finditer(written):
        value = pair["value"]
        quoted = value[0] in "\"'"
        pairs.setdefault(pair["name"].lower(), unescape(value[1:-1] if quoted else value))
    return pairs

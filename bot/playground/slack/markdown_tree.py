"""Turns Markdown into a tree of elements in plain JSON, for a client to draw.

A node is a text, or an object with a `tag` of `TAGS`, its attributes and its `children`. Nothing in it is markup, and
no address in it has been vetted: both are the business of whoever draws it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from markdown_it.token import Token

from bot.playground.slack.markdown_parser import EMOJI, REFERENCE

Node: TypeAlias = str | Mapping[str, object]

TAGS = frozenset(
    "p heading blockquote ul ol li hr pre table tr td strong em s code br a reference emoji".split()  # noqa: SIM905
)
"""Every tag there is. `reference` holds what stood in Slack's angle brackets, `emoji` one or more `:names:`."""

_DEEPEST_LINE = 20
"""How deep emphasis may stand in emphasis; what is deeper is drawn without. Thousands of stars would nest as deep."""
_TASK = re.compile(r"\[([ xX])\] ")
_ALIGN = re.compile(r"text-align:(\w+)")


@dataclass(slots=True)
class _OpenTag:
    """An element whose end has not come yet, by its opening token."""

    token: Token
    children: list[Node] = field(default_factory=list)

    def add(self, nodes: Iterable[Node]) -> None:
        """Add nodes; a text next to a text is one with it, so that a growing text stays one node."""
        for node in nodes:
            if isinstance(node, str) and self.children and isinstance(self.children[-1], str):
                self.children[-1] += node
            elif node != "":
                self.children.append(node)


def tree(tokens: Iterable[Token], deepest: int | None = None) -> list[Node]:
    """The nodes of a parser's tokens; without recursion, so that nothing nests too deeply for it."""
    opened = [_OpenTag(Token("", "", 1))]  # what all others stand in
    for token in tokens:
        if token.nesting > 0:
            opened.append(_OpenTag(token))
        elif token.nesting < 0:
            ended = opened.pop()
            flat = deepest is not None and len(opened) > deepest
            opened[-1].add(ended.children if flat else _element(ended))
        else:
            opened[-1].add(_leaf(token))
    return opened[0].children


def _element(ended: _OpenTag) -> list[Node]:
    make = _ELEMENTS.get(ended.token.type)
    return [make(ended.token, ended.children)] if make is not None else ended.children


def _leaf(token: Token) -> list[Node]:
    if token.type == "inline":
        return tree(token.children or (), _DEEPEST_LINE)
    make = _LEAVES.get(token.type)
    return [make(token) if make is not None else token.content]


def _plain(tag: str) -> Callable[[Token, list[Node]], Node]:
    return lambda _, children: {"tag": tag, "children": children}


def _ordered(token: Token, children: list[Node]) -> Node:
    return {"tag": "ol", "start": token.attrGet("start"), "children": children}


def _item(_: Token, children: list[Node]) -> Node:
    """An item; one of a task list says whether it is done, and does not have its mark in its text."""
    match children:
        case [{"tag": "p", "children": [str(first), *words]}, *rest] if found := _TASK.match(first):
            left = [shown] if (shown := first[found.end() :]) else []
            paragraph = {"tag": "p", "children": [*left, *words]}
            return {"tag": "li", "done": found[1] != " ", "children": [paragraph, *rest]}
    return {"tag": "li", "children": children}


def _cell(token: Token, children: list[Node]) -> Node:
    found = _ALIGN.match(str(token.attrGet("style") or ""))
    return {"tag": "td", "align": found[1] if found else None, "children": children}


def _box(token: Token) -> Node:
    language = token.info.split()[:1] if token.type == "fence" else []
    return {"tag": "pre", "language": "".join(language), "text": token.content.removesuffix("\n")}


# What is not here, a table's head and body, is left out: its children stand where it stood.
_ELEMENTS: dict[str, Callable[[Token, list[Node]], Node]] = {
    "paragraph_open": _plain("p"),
    "heading_open": lambda token, children: {"tag": "heading", "level": int(token.tag[1:]), "children": children},
    "blockquote_open": _plain("blockquote"),
    "bullet_list_open": _plain("ul"),
    "ordered_list_open": _ordered,
    "list_item_open": _item,
    "table_open": _plain("table"),
    "tr_open": _plain("tr"),
    "th_open": _cell,
    "td_open": _cell,
    "strong_open": _plain("strong"),
    "em_open": _plain("em"),
    "s_open": _plain("s"),
    "link_open": lambda token, children: {"tag": "a", "href": token.attrGet("href") or "", "children": children},
}
_LEAVES: dict[str, Callable[[Token], Node]] = {
    "hr": lambda _: {"tag": "hr"},
    "fence": _box,
    "code_block": _box,
    "softbreak": lambda _: {"tag": "br"},
    "hardbreak": lambda _: {"tag": "br"},
    "code_inline": lambda token: {"tag": "code", "text": token.content},
    # A picture is a link to it: nothing is ever fetched.
    "image": lambda token: {"tag": "a", "href": token.attrGet("src") or "", "children": [token.content or "Image"]},
    REFERENCE: lambda token: {"tag": "reference", "text": token.content},
    EMOJI: lambda token: {"tag": "emoji", "text": token.content},
}

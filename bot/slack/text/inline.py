"""Turns the inline tokens of a paragraph, a cell or a heading into runs of text."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it.token import Token

from bot.slack.text import emoji
from bot.slack.text.escaping import clean
from bot.slack.text.links import autolinked, linked
from bot.slack.text.rich_text import PLAIN, Runs, Style, TextRun, text_of, tidy

_WRITTEN_OUT = ("linkify", "autolink")
"""The markup of links whose label is their address."""
_STYLES = {"strong": "bold", "em": "italic", "s": "strike"}


def runs_of(tokens: Sequence[Token], base: Style) -> Runs:
    """Inline tokens as runs. A line end of the source stays one: people who write in Slack mean it."""
    runs: list[TextRun] = []
    styles: list[str] = []
    links: list[tuple[Token, int]] = []
    style = base
    for token in tokens:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if kind in _STYLES:
            styles.append(_STYLES[kind]) if token.nesting == 1 else styles.remove(_STYLES[kind])
            style = base | frozenset(styles)
        elif token.type == "link_open":
            links.append((token, len(runs)))
        elif token.type == "link_close":
            opened, start = links.pop()
            show = autolinked if opened.markup in _WRITTEN_OUT else linked
            runs[start:] = show(tidy(runs[start:]), str(opened.attrGet("href") or ""), style)
        else:
            written_out = bool(links) and links[-1][0].markup in _WRITTEN_OUT
            runs += _leaf(token, style, within_link=bool(links), with_emoji=not written_out)
    return tidy(runs)


def _leaf(token: Token, style: Style, *, within_link: bool, with_emoji: bool) -> Runs:
    match token.type:
        case "softbreak" | "hardbreak":
            return (TextRun("\n", style),)
        case "code_inline":
            return (TextRun(token.content, style | {"code"}),)
        case "image":
            label = (TextRun(text_of(runs_of(token.children or (), PLAIN)), style),)
            return label if within_link else linked(label, str(token.attrGet("src") or ""), style)
        case _:
            run = TextRun(clean(token.content), style)  # an entity may mean a control character
            return tuple(emoji.runs(run)) if with_emoji and ":" in run.text else (run,)

"""Builds the blocks that the Home tab is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.slack.text.block import Block
from bot.slack.text.escaping import clean, one_line, shorten
from bot.slack.views import plain

_HEADER, _TEXT, _OPTION, _OPTIONS = 150, 3_000, 75, 100
_LINE = _TEXT // 2 - 100
_NOTHING = "…"


def header(text: str) -> Block:
    """A title in large letters."""
    return {"type": "header", "text": plain(shorten(one_line(text), _HEADER) or _NOTHING)}


def section(text: str) -> Block:
    """A text in which nothing has an effect."""
    return {"type": "section", "text": plain(shorten(clean(text).strip(), _TEXT) or _NOTHING)}


def lines(texts: Iterable[str]) -> tuple[Block, ...]:
    """Lines in as few sections as hold them, empty ones left out; each is of one line, and shortened."""
    return tuple(section("\n".join(held)) for held in _together(shorten(one_line(text), _LINE) for text in texts))


def marked_lines(texts: Iterable[str]) -> tuple[Block, ...]:
    """Lines of Slack's markup, whose hostile parts are escaped; what is too long for a section is left out."""
    return tuple(
        {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(held), "verbatim": True}}
        for held in _together(text for text in texts if len(text) < _LINE)
    )


def _together(texts: Iterable[str]) -> Iterator[list[str]]:
    """Lines in groups, each of which fits in a section also where every character counts two."""
    held: list[str] = []
    for text in filter(None, texts):
        if held and sum(map(len, held)) + len(text) > _LINE:
            yield held
            held = []
        held.append(text)
    if held:
        yield held


def aligned(rows: Sequence[Sequence[str]]) -> Block:
    """A table of short words of our own, aligned by spaces: a Home tab takes no table. The first column is to the left,
    the others to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    text = "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    cells = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [cells]}


def select(action: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> Block:
    """A menu beside its label; `options` are each a value and what it reads, and one of them is `chosen`."""
    shown = [{"text": plain(shorten(one_line(text), _OPTION) or _NOTHING), "value": value} for value, text in options]
    first = [option for option in shown if option["value"] == chosen]
    menu = {"type": "static_select", "action_id": action, "options": shown[:_OPTIONS]}
    return {
        "type": "section",
        "block_id": action,
        "text": plain(label),
        "accessory": menu | ({"initial_option": first[0]} if first else {}),
    }


def channels_select(action: str, block_id: str, label: str, placeholder: str, chosen: Sequence[str]) -> Block:
    """Slack's own picker of channels, public and private, beside its label."""
    picker: dict[str, object] = {
        "type": "multi_conversations_select",
        "action_id": action,
        "placeholder": plain(placeholder),
        "filter": {"include": ["public", "private"]},
    }
    if chosen:
        picker["initial_conversations"] = list(chosen)
    return {
        "type": "section",
        "block_id": block_id,
        "text": plain(shorten(one_line(label), _HEADER) or _NOTHING),
        "accessory": picker,
    }

"""Builds the blocks around an answer: the bot's sentences, sources, tools, and the question of a command."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape

from bot.slack.text.block import Block, Blocks
from bot.slack.text.escaping import clean, escape_within, one_line, shorten, units
from bot.slack.text.limits import (
    CONTEXT_TEXT,
    MESSAGE_TEXT,
    QUESTION_TEXT,
    SOURCE_TITLE,
    SOURCES,
    SOURCES_TEXT,
    TOOL_NAME,
    TOOLS,
)
from bot.slack.text.link_hosts import ANY_HOST, LinkHosts
from bot.slack.text.links import linked, target
from bot.slack.text.moments import MOMENT
from bot.slack.text.neutralise import code
from bot.slack.text.rich_text import GAP, LINE, PLAIN, Bullet, Piece, Runs, Shape, Style, TextRun, rich_text, weight

PASSAGES = "passages"
ASK_AGAIN = "ask_again"
STOP = "stop"
"""The names of the buttons' actions."""

_UNTITLED = "Untitled"
_NOTHING = "…"
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Source:
    """A source document of an answer: its title, its address (http, https or None), and the parts used ("p. 3, 5").

    `numbers` are those of its marks in the answer, where that has any.
    """

    title: str
    url: str | None
    detail: str
    numbers: tuple[int, ...] = ()


def plain(text: str, *, italic: bool = False) -> Blocks:
    """A sentence of ours as one rich_text block, which nothing in it can make ping or link."""
    run = TextRun(clean(text) or _NOTHING, frozenset({"italic"}) if italic else PLAIN)
    return (rich_text([Piece(Shape.SECTION, (run,))]),)


def sentence_blocks(text: str) -> Blocks:
    """A sentence of ours like `plain`, with what stands between backticks as code, and its times as dates."""
    runs = tuple(
        run
        for number, part in enumerate(_CODE.split(clean(text) or _NOTHING))
        for run in ((TextRun(part, frozenset({"code"})),) if number % 2 else _with_moments(part))
    )
    return (rich_text([Piece(Shape.SECTION, runs)]),)


def _with_moments(text: str) -> Runs:
    """Plain text in which times are dates."""
    runs: list[TextRun] = []
    at = 0
    for found in MOMENT.finditer(text):
        runs += (TextRun(text[at : found.start()]), TextRun(found[2], moment=int(found[1])))
        at = found.end()
    return tuple(run for run in (*runs, TextRun(text[at:])) if run.text)


def support_note(mrkdwn: str) -> Block:
    """A small grey line of our own making, which may hold a link or code. Nothing in it comes from people or models."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn, "verbatim": True}]}


def note(text: str) -> Block:
    """A small grey line, at most CONTEXT_TEXT long, in which hostile text has no effect."""
    escaped = escape_within(clean(text), CONTEXT_TEXT) or _NOTHING
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": escaped, "verbatim": True}]}


def sources_blocks(sources: Sequence[Source], hosts: LinkHosts = ANY_HOST) -> Blocks:
    """The sources as a numbered list: as many as SOURCES and SOURCES_TEXT allow, and the number of the others.

    Where they have numbers of their own, it has these. A rich_text block, because titles are file names as often as
    not, and mrkdwn would read their stars and underlines.
    """
    if not sources:
        return ()
    pieces = [Piece(Shape.SECTION, (TextRun("Sources", frozenset({"bold"})),))]
    room = SOURCES_TEXT
    for number, source in enumerate(sources[:SOURCES], start=1):
        piece = _source(source, number, hosts)
        room -= piece.weight
        if room < 0:
            break
        pieces.append(piece)
    more = len(sources) - len(pieces) + 1
    if more:
        pieces.append(Piece(Shape.SECTION, (TextRun(f"and {more} more", frozenset({"italic"})),), LINE))
    return (rich_text(pieces),)


def tools_block(names: Sequence[str]) -> Block:
    """One short line that names the tools an answer has used."""
    named = ", ".join(shorten(one_line(name), TOOL_NAME) or _NOTHING for name in names[:TOOLS])
    more = f" and {len(names) - TOOLS} more" if len(names) > TOOLS else ""
    return note(f"Used: {named}{more}")


def passages_button(label: str, value: str) -> Block:
    """A button that shows the passages of an answer. A press sends its `value`."""
    button = {
        "type": "button",
        "action_id": PASSAGES,
        "text": {"type": "plain_text", "text": label},
        "accessibility_label": f"{label}: shows the passages that this answer has used",
        "value": value,
    }
    return {"type": "actions", "elements": [button]}


def ask_again(label: str, value: str) -> Block:
    """A button that asks a question again. A press sends its `value`: 2,000 characters at most (Slack docs)."""
    return _button(ASK_AGAIN, label, f"{label}: asks this question again", value)


def stop_button(label: str, value: str) -> Block:
    """A button that stops an answer while it grows or waits. A press sends its `value`, as that of `ask_again` does."""
    return _button(STOP, label, f"{label}: ends this answer here", value)


def _button(action: str, label: str, spoken_label: str, value: str) -> Block:
    button = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": label},
        "accessibility_label": spoken_label,
        "value": value,
    }
    return {"type": "actions", "elements": [button]}


def quoted_question(asker: str, question: str) -> Blocks:
    """The message above a command's answer: who asked what, without a ping or a link."""
    asked = TextRun(f"{shorten(one_line(asker), SOURCE_TITLE) or 'Someone'} asked:")
    said = TextRun(shorten(clean(question).strip(), QUESTION_TEXT) or _NOTHING)
    return (rich_text([Piece(Shape.SECTION, (asked,)), Piece(Shape.QUOTE, (said,), LINE)]),)


def fallback(text: str) -> str:
    """A plain text as a message's top-level `text`: escaped, at most MESSAGE_TEXT long, never empty."""
    return escape_within(clean(text), MESSAGE_TEXT) or _NOTHING


def spoken(blocks: Blocks) -> str:
    """What blocks say, as plain text for a message's top-level text: escaped, at most CONTEXT_TEXT, without buttons."""
    said = unescape(shown(_without_buttons(blocks))).strip()
    return escape_within(clean(said), CONTEXT_TEXT) if said else ""


def text_alone(text: str, under: Blocks = ()) -> str:
    """A plain text as a message without blocks, followed by the text of the blocks `under` it as far as it fits.

    Nothing in it can ping or link. Buttons are left out.
    """
    own = escape_within(code(clean(text)), MESSAGE_TEXT) or _NOTHING
    # Some of its texts are escaped, as mrkdwn wants it, others are not.
    rest = unescape(shown(_without_buttons(under), targets=True)).strip()
    room = MESSAGE_TEXT - units(own) - len(GAP)
    return f"{own}{GAP}{escape_within(code(clean(rest)), room)}" if rest and room > SOURCE_TITLE else own


def _without_buttons(blocks: Blocks) -> Blocks:
    return tuple(block for block in blocks if block.get("type") not in {"actions", "context_actions"})


def shown(blocks: Blocks, *, targets: bool = False) -> str:
    """All text that blocks show, one piece or table row a line; with `targets`, the addresses behind links too."""
    keys = ("text", "url") if targets else ("text",)
    return "\n".join(line for block in blocks for line in _lines(block, keys))


def _lines(block: Block, keys: tuple[str, ...]) -> Iterator[str]:
    rows = block.get("rows")
    if block.get("type") == "table" and isinstance(rows, Sequence):
        yield from (" | ".join("".join(_texts(cell, keys)).strip() for cell in row) for row in rows)
    elif block.get("type") == "plan":
        yield from _texts(block, ("title",))
    else:
        yield from _texts(block, keys)


def _texts(value: object, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, Mapping) and value.get("type") == "emoji":
        yield f":{value.get('name')}:"
    elif isinstance(value, Mapping) and value.get("type") == "date":
        yield str(value.get("fallback"))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, str):
                if key in keys:
                    yield inner
            else:
                yield from _texts(inner, keys)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _texts(inner, keys)


def is_source_address(url: str, hosts: LinkHosts) -> bool:
    """Whether a source is linked to its address."""
    return target(url) is not None and not url.lower().startswith("mailto:") and hosts.allow(url)


def _source(source: Source, place: int, hosts: LinkHosts) -> Piece:
    if not source.numbers:
        return Piece(Shape.ITEM, _named(source, hosts), LINE, Bullet(number=place))
    marks = TextRun("".join(f"[{number}]" for number in source.numbers) + " ")
    return Piece(Shape.SECTION, (marks, *_named(source, hosts)), LINE)


def source_title(title: str, url: str | None, hosts: LinkHosts, style: Style = PLAIN) -> Runs:
    """The title of a document on one line, linked to its address where it has one that may be linked."""
    text: Runs = (TextRun(shorten(one_line(title), SOURCE_TITLE) or _UNTITLED, style),)
    if url is None or not is_source_address(url, hosts):
        return text
    whole = linked(text, url, style)
    # A list of sources is small: an address that would fill it is not worth the title it hides.
    return whole if sum(weight(run) for run in whole) <= SOURCES_TEXT // 3 else text


def _named(source: Source, hosts: LinkHosts) -> Runs:
    title, detail = source_title(source.title, source.url, hosts), shorten(one_line(source.detail), SOURCE_TITLE)
    return (*title, TextRun(f" · {detail}")) if units(detail) else title

"""Builds what stands under an answer that waits for a person's decision, and what takes its place once it was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.slack.text.block import Block, Blocks
from bot.slack.text.blocks import note
from bot.slack.text.escaping import one_line, shorten
from bot.slack.text.limits import BUTTON_TEXT
from bot.slack.text.rich_text import GAP, LINE, Bullet, Piece, Shape, TextRun, rich_text

APPROVE = "decision_approve"
REJECT = "decision_reject"
"""The names of the buttons' actions."""

TOOLS = "decision_tools"
"""The name of the block that lists what is to be allowed."""
_BUTTONS = "decision"
_NOTE = "decision_note"
_UNNAMED = "…"
# Our choice: of a label, what is read aloud before what it means.
_SPOKEN_LABEL = 50


def tool_list(tools: Iterable[tuple[str, Sequence[tuple[str, str]]]]) -> Blocks:
    """The tools that would be used, each with its arguments as a list, in which hostile text has no effect."""
    pieces: list[Piece] = []
    for name, arguments in tools:
        title = TextRun(one_line(name) or _UNNAMED, frozenset({"bold"}))
        pieces.append(Piece(Shape.SECTION, (title,), LINE if pieces else GAP))
        for argument, value in arguments:
            text = f"{one_line(argument) or _UNNAMED}: {one_line(value) or _UNNAMED}"
            pieces.append(Piece(Shape.ITEM, (TextRun(text),), LINE, Bullet()))
    return ({**rich_text(pieces), "block_id": TOOLS},) if pieces else ()


def decision_note(sentence: str) -> Block:
    """The small line above the buttons, which goes with them."""
    return {**note(sentence), "block_id": _NOTE}


def decision_buttons(approve: str, reject: str, means: tuple[str, str], value: str) -> Block:
    """The flow's two labels as buttons, whose colours are also told by what each `means`. A press sends the `value`."""
    sides = zip((APPROVE, REJECT), (approve, reject), means, ("primary", "danger"), strict=True)
    buttons = [
        {
            "type": "button",
            "action_id": action,
            "text": {"type": "plain_text", "text": button_text(label), "emoji": False},
            "accessibility_label": shorten(f"{shorten(one_line(label), _SPOKEN_LABEL)}: {meaning}", BUTTON_TEXT),
            "style": style,
            "value": value,
        }
        for action, label, meaning, style in sides
    ]
    return {"type": "actions", "block_id": _BUTTONS, "elements": buttons}


def button_text(label: str) -> str:
    """A label as Slack shows it on a button; plain text, in which nothing pings."""
    return shorten(one_line(label), BUTTON_TEXT) or _UNNAMED


def decided(blocks: Iterable[Mapping[str, object]], sentence: str) -> Blocks | None:
    """The blocks of a message, as Slack gives them, with who decided what in place of the buttons; None where there are
    no such buttons."""
    kept: list[Block] = []
    place = None
    for block in blocks:
        if block.get("block_id") == _NOTE:
            continue
        if _has_buttons(block):
            place = len(kept)
            continue
        kept.append(block)
    return None if place is None else (*kept[:place], note(sentence), *kept[place:])


def _has_buttons(block: Mapping[str, object]) -> bool:
    elements = block.get("elements")
    return block.get("type") == "actions" and any(
        isinstance(element, Mapping) and element.get("action_id") in {APPROVE, REJECT}
        for element in (elements if isinstance(elements, Sequence) else ())
    )

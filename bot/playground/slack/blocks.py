"""Checks the shapes and limits of the Block Kit blocks of messages, modals and Home tabs.

The numbers are those of Slack's Block Kit reference and of slack_sdk's block models. Blocks that Slack has but that
are not in the tables (video, file, card, carousel and the like) are refused here as unknown: the local Slack would
rather say no than say yes to what it has not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from bot.playground.slack.elements import ACCESSORY, ACTIONS, CONTEXT_ACTION, IMAGE, INPUT, SLACK_FILE, Block, one_of
from bot.playground.slack.shapes import (
    Check,
    ShapeFault,
    boolean,
    listed,
    nullable,
    number,
    record,
    string,
    variant,
    word,
)
from bot.playground.slack.texts import BLOCK_ID, LONG, RICH_TEXT, URL, any_text, plain

MOST_BLOCKS = 50
MOST_TEXT = 11_000
"""All text of a message's blocks. Slack documents no number; a message of 11,341 characters was refused in the field
(slackapi/bolt-js#2509)."""
MOST_MARKDOWN = 12_000
MOST_TABLE_TEXT = 10_000
MOST_TITLE = 256
"""Characters of a task's or a plan's title (Slack docs, chat.appendStream; for blocks no number is told)."""

Surface: TypeAlias = Literal["message", "modal", "home"]

_CELL = variant(
    {
        "raw_text": record({"text": LONG}),
        "raw_number": record({"value": number}, {"text": LONG}),
        "rich_text": RICH_TEXT,
    }
)
_COLUMN = record({}, {"align": word("left", "center", "right"), "is_wrapped": boolean})


def _section(value: object, pointer: str) -> None:
    record(
        {},
        {
            "text": any_text(3_000),
            "fields": listed(any_text(2_000), 1, 10),
            "accessory": ACCESSORY,
            "expand": boolean,
            **BLOCK_ID,
        },
    )(value, pointer)
    if isinstance(value, Mapping) and "text" not in value and "fields" not in value:
        raise ShapeFault(pointer, "missing required field: text")


_TABLE = record(
    {"rows": listed(listed(_CELL, 1, 20), 1, 100)}, {"column_settings": listed(nullable(_COLUMN), 1, 20), **BLOCK_ID}
)
_CONTEXT = variant({"plain_text": any_text(3_000), "mrkdwn": any_text(3_000), "image": IMAGE})
_IMAGE_BLOCK = record(
    {"alt_text": string(2_000)}, {"image_url": URL, "slack_file": SLACK_FILE, "title": plain(2_000), **BLOCK_ID}
)
# What every surface takes.
_COMMON: dict[str, Check] = {
    "section": _section,
    "divider": record({}, BLOCK_ID),
    "header": record({"text": plain(150)}, BLOCK_ID),
    "context": record({"elements": listed(_CONTEXT, 1, 10)}, BLOCK_ID),
    "image": one_of("image_url", "slack_file", check=_IMAGE_BLOCK),
    "actions": record({"elements": listed(ACTIONS, 1, 25)}, BLOCK_ID),
    "rich_text": RICH_TEXT,
}
_INPUT = record(
    {"label": plain(2_000), "element": INPUT},
    {"hint": plain(2_000), "optional": boolean, "dispatch_action": boolean, **BLOCK_ID},
)
_ALERT = record({"text": any_text(200)}, {"level": word("default", "info", "warning", "error", "success"), **BLOCK_ID})
_SOURCE = variant({"url": record({"url": URL, "text": string(MOST_TITLE)})})
_TASK_CARD = record(
    {
        "task_id": string(255),
        "title": string(MOST_TITLE),
        "status": word("pending", "in_progress", "complete", "error"),
    },
    {"details": RICH_TEXT, "output": RICH_TEXT, "sources": listed(_SOURCE), **BLOCK_ID},
)
_PLAN = record(
    {"title": string(MOST_TITLE)}, {"tasks": listed(variant({"task_card": _TASK_CARD}), 1, MOST_BLOCKS), **BLOCK_ID}
)
_IN_CONTAINER: dict[str, Check] = {
    **_COMMON,
    "context_actions": record({"elements": listed(CONTEXT_ACTION, 1, 5)}, BLOCK_ID),
    "markdown": record({"text": string(MOST_MARKDOWN)}, BLOCK_ID),
    "table": _TABLE,
}
_CONTAINER = record(
    {"child_blocks": listed(variant(_IN_CONTAINER), 1, 10)},
    {"title": plain(150), "is_collapsible": boolean, "default_collapsed": boolean, **BLOCK_ID},
)
_ON: Mapping[Surface, Check] = {
    "message": variant({**_IN_CONTAINER, "container": _CONTAINER, "task_card": _TASK_CARD, "plan": _PLAN}),
    "modal": variant({**_COMMON, "input": _INPUT, "alert": _ALERT}),
    "home": variant({**_COMMON, "input": _INPUT}),
}


def check_blocks(blocks: Sequence[Block], surface: Surface = "message", at: str = "/blocks") -> None:
    """Check each block, and what several blocks may not have together. `at` is the JSON pointer of the blocks.

    Raises:
        Fault: the first thing that Slack would call `invalid_blocks`.
    """
    for index, block in enumerate(blocks):
        _ON[surface](block, f"{at}/{index}")
    _once([block.get("block_id") for block in blocks], at, "block_id")
    for index, block in enumerate(blocks):
        _once([item.get("action_id") for item in objects(block)], f"{at}/{index}", "action_id")
    kinds = {block.get("type") for block in blocks}
    if kinds >= {"plan", "task_card"}:
        # Seen in the field: gitlab-org/gitlab!242201.
        raise ShapeFault(at, "plan and task_card exclude one another")
    tables = [item for item in objects(blocks) if item.get("type") == "table"]
    if len(tables) > 1:
        raise ShapeFault(at, "only_one_table_allowed")
    if tables and length(tables) > MOST_TABLE_TEXT:
        raise ShapeFault(at, f"table has more than {MOST_TABLE_TEXT} characters")
    if length([block for block in blocks if block.get("type") == "markdown"]) > MOST_MARKDOWN:
        raise ShapeFault(at, f"markdown blocks have more than {MOST_MARKDOWN} characters together")


def _once(values: Sequence[object], pointer: str, key: str) -> None:
    given = [value for value in values if value is not None]
    if len(given) != len(set(given)):
        raise ShapeFault(pointer, f"{key} must be unique")


def objects(value: object) -> Iterator[Block]:
    """Every object within a JSON value, the outer one before the ones in it."""
    if isinstance(value, str):  # most values are, and abstract classes take long to say no
        return
    if isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from objects(item)


def length(blocks: object) -> int:
    """The characters that a person reads in blocks: every `text` string, the address of a link without a text, and the
    titles of tasks and plans."""
    total = 0
    for item in objects(blocks):
        shown = item.get("text", item.get("url") if item.get("type") == "link" else None)
        title = item.get("title")
        total += sum(len(words) for words in (shown, title) if isinstance(words, str))
    return total

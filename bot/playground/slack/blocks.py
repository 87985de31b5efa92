"""Knows the shapes and limits of the Block Kit blocks that a message may have.

The numbers are those of Slack's Block Kit reference and of slack_sdk's block models. Blocks that Slack has but that
are not in the table (video, card, carousel, input and the like) are refused here as unknown: the local Slack would
rather say no than say yes to what it has not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from bot.playground.slack.shapes import (
    Check,
    Fault,
    boolean,
    integer,
    listed,
    nullable,
    number,
    record,
    string,
    variant,
    word,
)

Block: TypeAlias = Mapping[str, object]

MOST_BLOCKS = 50
MOST_TEXT = 11_000
"""All text of a message's blocks. Slack documents no number; a message of 11,341 characters was refused in the field
(slackapi/bolt-js#2509)."""
MOST_MARKDOWN = 12_000
MOST_TABLE_TEXT = 10_000

# A link that Slack takes has a scheme and something behind it, and no white space or control characters in it.
_URL = string(3_000, pattern=r"(?:https?://[^\s/?#\x00-\x1f]+|mailto:[^\s@]+@|tel:\+?[0-9])[^\s\x00-\x1f]*")
_BLOCK_ID: dict[str, Check] = {"block_id": string(255)}
_LONG = string(20_000)  # text that only the total of the message limits


def _plain(most: int) -> Check:
    return variant({"plain_text": record({"text": string(most)}, {"emoji": boolean})})


def _any_text(most: int) -> Check:
    return variant(
        {
            "plain_text": record({"text": string(most)}, {"emoji": boolean}),
            "mrkdwn": record({"text": string(most)}, {"verbatim": boolean}),
        }
    )


_STYLE = record({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_STYLED: dict[str, Check] = {"style": _STYLE}
_TEXT = record({"text": _LONG}, _STYLED)
_LINK = record({"url": _URL}, {"text": _LONG, "unsafe": boolean, **_STYLED})
_INLINE = variant(
    {
        "text": _TEXT,
        "link": _LINK,
        "emoji": record(
            {"name": string(255)},
            {
                "unicode": string(255, pattern="[0-9a-f]{1,5}(-[0-9a-f]{1,5})*"),
                "url": _URL,
                "skin_tone": integer(1, 6),
                **_STYLED,
            },
        ),
        "user": record({"user_id": string(32, pattern="[UW][A-Z0-9]+")}, _STYLED),
        "usergroup": record({"usergroup_id": string(32, pattern="S[A-Z0-9]+")}, _STYLED),
        "channel": record({"channel_id": string(32, pattern="[CGD][A-Z0-9]+")}, _STYLED),
        "broadcast": record({"range": word("here", "channel", "everyone")}, _STYLED),
        "color": record({"value": string(16)}, _STYLED),
        "date": record(
            {"timestamp": integer(0, 2**53), "format": string(255)}, {"url": _URL, "fallback": string(255), **_STYLED}
        ),
    }
)
_BORDER: dict[str, Check] = {"border": integer(0, 1)}
_SECTION = record({"elements": listed(_INLINE)})
_RICH_TEXT = record(
    {
        "elements": listed(
            variant(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_quote": record({"elements": listed(_INLINE)}, _BORDER),
                    "rich_text_preformatted": record(
                        {"elements": listed(variant({"text": _TEXT, "link": _LINK}))},
                        {"language": string(255), **_BORDER},
                    ),
                    "rich_text_list": record(
                        {
                            "style": word("bullet", "ordered"),
                            "elements": listed(variant({"rich_text_section": _SECTION})),
                        },
                        {"indent": integer(0, 8), "offset": integer(0, 100_000), **_BORDER},
                    ),
                }
            )
        )
    },
    _BLOCK_ID,
)

_IMAGE_ELEMENT = record({"image_url": _URL, "alt_text": string(2_000)})
_CONFIRM = record(
    {"title": _plain(100), "text": _any_text(300), "confirm": _plain(30), "deny": _plain(30)},
    {"style": word("primary", "danger")},
)
_BUTTON = record(
    {"text": _plain(75)},
    {
        "action_id": string(255),
        "url": _URL,
        "value": string(2_000),
        "style": word("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": string(75),
    },
)
_OPTION = record(
    {"text": _any_text(75), "value": string(150)},
    {"description": _plain(75), "url": _URL, "accessibility_label": string(75)},
)
_CHOICE: dict[str, Check] = {"action_id": string(255), "confirm": _CONFIRM, "focus_on_load": boolean}
_ACTION = {
    "button": _BUTTON,
    "overflow": record({"options": listed(_OPTION, 1, 5)}, _CHOICE),
    "static_select": record(
        {"options": listed(_OPTION, 1, 100)}, {"placeholder": _plain(150), "initial_option": _OPTION, **_CHOICE}
    ),
}
_FEEDBACK = record({"text": _plain(75), "value": string(2_000)}, {"accessibility_label": string(75)})
_CONTEXT_ACTION = variant(
    {
        "feedback_buttons": record(
            {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": string(255)}
        ),
        "icon_button": record(
            {"icon": word("trash"), "text": _plain(75)},
            {
                "action_id": string(255),
                "value": string(2_000),
                "confirm": _CONFIRM,
                "accessibility_label": string(75),
                "visible_to_user_ids": listed(string(32)),
            },
        ),
    }
)
_CELL = variant(
    {
        "raw_text": record({"text": _LONG}),
        "raw_number": record({"value": number}, {"text": _LONG}),
        "rich_text": _RICH_TEXT,
    }
)
_COLUMN = record({}, {"align": word("left", "center", "right"), "is_wrapped": boolean})


def _section(value: object, pointer: str) -> None:
    record(
        {},
        {
            "text": _any_text(3_000),
            "fields": listed(_any_text(2_000), 1, 10),
            "accessory": variant({**_ACTION, "image": _IMAGE_ELEMENT}),
            "expand": boolean,
            **_BLOCK_ID,
        },
    )(value, pointer)
    if isinstance(value, Mapping) and "text" not in value and "fields" not in value:
        raise Fault(pointer, "missing required field: text")


_TABLE = record(
    {"rows": listed(listed(_CELL, 1, 20), 1, 100)}, {"column_settings": listed(nullable(_COLUMN), 1, 20), **_BLOCK_ID}
)
_SIMPLE: dict[str, Check] = {
    "section": _section,
    "divider": record({}, _BLOCK_ID),
    "header": record({"text": _plain(150)}, _BLOCK_ID),
    "context": record(
        {
            "elements": listed(
                variant(
                    {
                        "plain_text": _any_text(3_000),
                        "mrkdwn": _any_text(3_000),
                        "image": _IMAGE_ELEMENT,
                    }
                ),
                1,
                10,
            )
        },
        _BLOCK_ID,
    ),
    "image": record({"image_url": _URL, "alt_text": string(2_000)}, {"title": _plain(2_000), **_BLOCK_ID}),
    "actions": record({"elements": listed(variant(_ACTION), 1, 25)}, _BLOCK_ID),
    "context_actions": record({"elements": listed(_CONTEXT_ACTION, 1, 5)}, _BLOCK_ID),
    "markdown": record({"text": string(MOST_MARKDOWN)}, _BLOCK_ID),
    "rich_text": _RICH_TEXT,
    "table": _TABLE,
}
_CONTAINER = record(
    {"child_blocks": listed(variant(_SIMPLE), 1, 10)},
    {"title": _plain(150), "is_collapsible": boolean, "default_collapsed": boolean, **_BLOCK_ID},
)
_BLOCK = variant({**_SIMPLE, "container": _CONTAINER})


def check_blocks(blocks: Sequence[Block]) -> None:
    """Check each block, and what several blocks may not have together.

    Raises:
        Fault: the first thing that Slack would call `invalid_blocks`.
    """
    for index, block in enumerate(blocks):
        _BLOCK(block, f"/blocks/{index}")
    _once([block.get("block_id") for block in blocks], "/blocks", "block_id")
    for index, block in enumerate(blocks):
        _once([item.get("action_id") for item in objects(block)], f"/blocks/{index}", "action_id")
    tables = [item for item in objects(blocks) if item.get("type") == "table"]
    if len(tables) > 1:
        raise Fault("/blocks", "only_one_table_allowed")
    if tables and length(tables) > MOST_TABLE_TEXT:
        raise Fault("/blocks", f"table has more than {MOST_TABLE_TEXT} characters")
    if length([block for block in blocks if block.get("type") == "markdown"]) > MOST_MARKDOWN:
        raise Fault("/blocks", f"markdown blocks have more than {MOST_MARKDOWN} characters together")


def _once(values: Sequence[object], pointer: str, key: str) -> None:
    given = [value for value in values if value is not None]
    if len(given) != len(set(given)):
        raise Fault(pointer, f"{key} must be unique")


def objects(value: object) -> Iterator[Block]:
    """Every object within a JSON value, the outer one before the ones in it."""
    if isinstance(value, Mapping):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from objects(item)


def length(blocks: object) -> int:
    """The characters that a person reads in blocks: every `text` string, and the address of a link without a text."""
    total = 0
    for item in objects(blocks):
        shown = item.get("text", item.get("url") if item.get("type") == "link" else None)
        total += len(shown) if isinstance(shown, str) else 0
    return total

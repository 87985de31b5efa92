"""Checks the interactive elements of blocks: their shapes and limits, where each may stand, and the ids they go by.

The numbers are those of Slack's Block Kit reference and of slack_sdk's element models. Elements that need more of the
app than a listener (external_select, file_input, rich_text_input) are not known here, nor what would change a menu of
conversations but its filter (default_to_current_conversation, response_url_enabled).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from bot.playground.slack.shapes import Check, ShapeFault, boolean, integer, listed, record, string, variant, word
from bot.playground.slack.texts import URL, any_text, plain

Block: TypeAlias = Mapping[str, object]


def one_of(*keys: str, check: Check) -> Check:
    """A shape that also has exactly one of these keys."""

    def checked(value: object, pointer: str) -> None:
        check(value, pointer)
        if isinstance(value, Mapping) and sum(key in value for key in keys) != 1:
            raise ShapeFault(pointer, f"exactly one of these is required: {', '.join(keys)}")

    return checked


SLACK_FILE = one_of("id", "url", check=record({}, {"id": string(32, pattern="F[A-Z0-9]+"), "url": URL}))
IMAGE = one_of(
    "image_url",
    "slack_file",
    check=record({"alt_text": string(2_000)}, {"image_url": URL, "slack_file": SLACK_FILE}),
)
_CONFIRM = record(
    {"title": plain(100), "text": any_text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": word("primary", "danger")},
)
_ACTION_ID: dict[str, Check] = {"action_id": string(255)}
_USERS = listed(string(32, pattern="[UW][A-Z0-9]+"), 1, 100)
_BUTTON = record(
    {"text": plain(75)},
    {
        **_ACTION_ID,
        "url": URL,
        "value": string(2_000),
        "style": word("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": string(75),
        "visible_to_user_ids": _USERS,
    },
)
_OPTION = record(
    {"text": any_text(75), "value": string(150)},
    {"description": any_text(75), "url": URL, "accessibility_label": string(75)},
)
_GROUPS = listed(record({"label": plain(75), "options": listed(_OPTION, 1, 100)}), 1, 100)
_CHOICE: dict[str, Check] = {**_ACTION_ID, "confirm": _CONFIRM, "focus_on_load": boolean}
_MENU: dict[str, Check] = {**_CHOICE, "placeholder": plain(150)}
_SEVERAL: dict[str, Check] = {**_MENU, "max_selected_items": integer(1, 100)}
_PERSON = string(32, pattern="[UW][A-Z0-9]+")
_PLACE = string(32, pattern="[CGD][A-Z0-9]+")
_OPTIONS: dict[str, Check] = {"options": listed(_OPTION, 1, 100), "option_groups": _GROUPS}
_FILTER: dict[str, Check] = {
    "filter": record(
        {},
        {
            "include": listed(word("im", "mpim", "private", "public"), 1, 4),
            "exclude_external_shared_channels": boolean,
            "exclude_bot_users": boolean,
        },
    )
}
_DATE = string(10, pattern=r"\d{4}-\d{2}-\d{2}")
_TIME = string(5, pattern=r"([01]\d|2[0-3]):[0-5]\d")
_DISPATCH = record(
    {"trigger_actions_on": listed(word("on_enter_pressed", "on_character_entered"), 1, 2)},
)
_TYPED: dict[str, Check] = {
    **_ACTION_ID,
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": _DISPATCH,
    "initial_value": string(3_000, least=0),
}

_ANYWHERE: dict[str, Check] = {
    "static_select": one_of(
        "options", "option_groups", check=record({}, {**_OPTIONS, "initial_option": _OPTION, **_MENU})
    ),
    "users_select": record({}, {"initial_user": _PERSON, **_MENU}),
    "conversations_select": record({}, {"initial_conversation": _PLACE, **_FILTER, **_MENU}),
    "channels_select": record({}, {"initial_channel": _PLACE, **_MENU}),
    "datepicker": record({}, {"initial_date": _DATE, **_MENU}),
    "timepicker": record({}, {"initial_time": _TIME, "timezone": string(255), **_MENU}),
    "radio_buttons": record({"options": listed(_OPTION, 1, 10)}, {"initial_option": _OPTION, **_CHOICE}),
    "checkboxes": record({"options": listed(_OPTION, 1, 10)}, {"initial_options": listed(_OPTION, 1, 10), **_CHOICE}),
}
_MULTI: dict[str, Check] = {
    "multi_static_select": one_of(
        "options",
        "option_groups",
        check=record({}, {**_OPTIONS, "initial_options": listed(_OPTION, 1, 100), **_SEVERAL}),
    ),
    "multi_users_select": record({}, {"initial_users": _USERS, **_SEVERAL}),
    "multi_conversations_select": record({}, {"initial_conversations": listed(_PLACE, 1, 100), **_FILTER, **_SEVERAL}),
    "multi_channels_select": record({}, {"initial_channels": listed(_PLACE, 1, 100), **_SEVERAL}),
}
_PRESSED: dict[str, Check] = {"button": _BUTTON, "overflow": record({"options": listed(_OPTION, 1, 5)}, _CHOICE)}
_MOMENT: dict[str, Check] = {
    "datetimepicker": record({}, {"initial_date_time": integer(1_000_000_000, 9_999_999_999), **_CHOICE})
}

ACTIONS = variant({**_PRESSED, **_ANYWHERE, **_MOMENT})
"""What may stand in an actions block."""
ACCESSORY = variant({**_PRESSED, **_ANYWHERE, **_MULTI, "image": IMAGE})
"""What may stand beside a section's text."""
INPUT = variant(
    {
        **_ANYWHERE,
        **_MULTI,
        **_MOMENT,
        "plain_text_input": record(
            {},
            {"multiline": boolean, "min_length": integer(0, 3_000), "max_length": integer(1, 3_000), **_TYPED},
        ),
        "email_text_input": record({}, _TYPED),
        "url_text_input": record({}, _TYPED),
        "number_input": record(
            {"is_decimal_allowed": boolean}, {"min_value": string(32), "max_value": string(32), **_TYPED}
        ),
    }
)
"""What may stand in an input block."""
_FEEDBACK = record({"text": plain(75), "value": string(2_000)}, {"accessibility_label": string(75)})
CONTEXT_ACTION = variant(
    {
        "feedback_buttons": record({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, _ACTION_ID),
        "icon_button": record(
            {"icon": word("trash"), "text": plain(75)},
            {
                **_ACTION_ID,
                "value": string(2_000),
                "confirm": _CONFIRM,
                "accessibility_label": string(75),
                "visible_to_user_ids": _USERS,
            },
        ),
    }
)
"""What may stand in a context_actions block."""


def named(blocks: Sequence[Block], prefix: str = "b") -> list[Block]:
    """Blocks with the ids that Slack gives to those, and to the elements in them, that have none. Slack's are random;
    these are the same each time, so that a block is known again after an edit."""
    taken = {block.get("block_id") for block in blocks}
    shown: list[Block] = []
    for number, block in enumerate(blocks):
        block_id = f"{prefix}{number}"
        while block_id in taken:
            block_id += "_"
        shown.append(_named(block, str(block.get("block_id") or block_id)))
    return shown


def _named(block: Block, block_id: str) -> Block:
    shown = {**block, "block_id": block_id}
    match block:
        case {"type": "actions" | "context_actions", "elements": list() | tuple() as elements}:
            shown["elements"] = [_with_id(element, f"{block_id}.{n}") for n, element in enumerate(elements)]
        case {"type": "section", "accessory": Mapping() as accessory} if accessory.get("type") != "image":
            shown["accessory"] = _with_id(accessory, f"{block_id}.0")
        case {"type": "input", "element": Mapping() as element}:
            shown["element"] = _with_id(element, f"{block_id}.0")
        case {"type": "container", "child_blocks": list() | tuple() as children}:
            shown["child_blocks"] = named(children, f"{block_id}.")
    return shown


def _with_id(element: Block, action_id: str) -> Block:
    return element if element.get("action_id") else {**element, "action_id": action_id}


def interactive(blocks: Sequence[Block]) -> Iterator[tuple[Block, Block]]:
    """Each element of named blocks that a person can use, after the block it stands in."""
    for block in blocks:
        match block:
            case {"type": "actions" | "context_actions", "elements": list() as elements}:
                yield from ((block, element) for element in elements)
            case {"type": "section", "accessory": Mapping() as accessory} if accessory.get("type") != "image":
                yield block, accessory
            case {"type": "input", "element": Mapping() as element}:
                yield block, element
            case {"type": "container", "child_blocks": list() as children}:
                yield from interactive(children)

"""Reads what a person chooses in an interactive element, and writes it as the app is sent it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from bot.playground.slack.elements import Block, interactive

Json: TypeAlias = dict[str, object]

_KEPT: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
"""Of each element that keeps what was chosen: the key it is told under, and the key of what is chosen at first."""

_SEVERAL = frozenset({"selected_options", "selected_users", "selected_channels", "selected_conversations"})
_DATE, _TIME = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def find(blocks: Sequence[Block], block_id: str, action_id: str) -> tuple[Block, Block]:
    """The element of these ids in named blocks, after its block.

    Raises:
        LookupError: there is none.
    """
    for block, element in interactive(blocks):
        if (block["block_id"], element["action_id"]) == (block_id, action_id):
            return block, element
    raise LookupError(f"there is nothing to use at {block_id}/{action_id}")


def action(block: Block, element: Block, chosen: Mapping[str, object], ts: str) -> Json:
    """The entry of `actions` in a block_actions payload, for what a person chose at that `ts`.

    Raises:
        ValueError: that cannot be chosen in this element.
    """
    kind = element["type"]
    if chosen.get("type", kind) != kind:
        raise ValueError(f"the element is a {kind}, not a {chosen.get('type')}")
    told: Json = {"type": kind, "action_id": element["action_id"], "block_id": block["block_id"]}
    match kind:
        case "button" | "icon_button":
            told |= {key: element[key] for key in ("text", "value", "url", "style", "icon") if key in element}
        case "feedback_buttons":
            told |= _feedback(element, chosen)
        case "overflow":
            told["selected_option"] = _option(element, chosen.get("selected_option"))
        case _:
            key, first = _KEPT[str(kind)]
            told[key] = kept(element, chosen)[key]
            told |= {name: element[name] for name in (first, "placeholder") if name in element}
    return told | {"action_ts": ts}


def _feedback(element: Block, chosen: Mapping[str, object]) -> Json:
    for key in ("positive_button", "negative_button"):
        button = element[key]
        if isinstance(button, Mapping) and button.get("value") == chosen.get("value"):
            return {"text": button["text"], "value": button["value"]}
    raise ValueError(f"there is no feedback button with the value {chosen.get('value')!r}")


def options(element: Block) -> list[Block]:
    """All options of an element, those in groups too."""
    groups = element.get("option_groups")
    held = [element, *(groups if isinstance(groups, list | tuple) else ())]
    found = [option for holder in held for option in holder.get("options") or ()]
    return [option for option in found if isinstance(option, Mapping)]


def _option(element: Block, wanted: object) -> Block:
    value = wanted.get("value") if isinstance(wanted, Mapping) else wanted
    for option in options(element):
        if option["value"] == value:
            return option
    raise ValueError(f"there is no option {value!r}")


def kept(element: Block, chosen: Mapping[str, object]) -> Json:
    """What `state.values` tells of an element in which that was chosen.

    Raises:
        ValueError: that cannot be chosen in this element.
    """
    kind = str(element["type"])
    key, _ = _KEPT[kind]
    return {"type": kind, key: _checked(element, key, chosen.get(key))}


def _checked(element: Block, key: str, value: object) -> object:
    several = key in _SEVERAL
    if value is None:
        return [] if several else None
    if several and isinstance(value, list):
        chosen = [_one(element, key.removesuffix("s"), item) for item in value]
        most = element.get("max_selected_items")
        if isinstance(most, int) and len(chosen) > most:
            raise ValueError(f"at most {most} items can be chosen")
        return chosen
    return _one(element, key, value)


def _one(element: Block, key: str, value: object) -> object:
    match key, value:
        case "selected_option", _:
            return _option(element, value)
        case "selected_date", str() if _DATE.fullmatch(value):
            return value
        case "selected_time", str() if _TIME.fullmatch(value):
            return value
        case "selected_date_time", int():
            return value
        case (("value" | "selected_user" | "selected_channel" | "selected_conversation"), str()):
            return value or None
    raise ValueError(f"{value!r} cannot be the {key} of a {element['type']}")


def state(blocks: Sequence[Block], given: object = None) -> Json:
    """`state` of a message or a view: what every element of its named blocks keeps. `given` is a state as a client
    has it; what it does not tell of is as at first.

    Raises:
        ValueError: the client has what cannot be chosen.
    """
    values: dict[str, Json] = {}
    told = given.get("values") if isinstance(given, Mapping) else None
    for block, element in interactive(blocks):
        if element["type"] not in _KEPT:
            continue
        block_id, action_id = str(block["block_id"]), str(element["action_id"])
        values.setdefault(block_id, {})[action_id] = kept(element, _told(told, block_id, action_id, element))
    return {"values": values}


def _told(values: object, block_id: str, action_id: str, element: Block) -> Mapping[str, object]:
    actions = values.get(block_id) if isinstance(values, Mapping) else None
    found = actions.get(action_id) if isinstance(actions, Mapping) else None
    if isinstance(found, Mapping):
        return found
    key, first = _KEPT[str(element["type"])]
    return {key: element.get(first)}


def with_choice(
    state: Mapping[str, object] | None, place: tuple[str, str], chosen: Mapping[str, object]
) -> Mapping[str, object]:
    """A client's state with what has just been chosen at this (block_id, action_id), which it may not have noted."""
    values = (state or {}).get("values")
    known = dict(values) if isinstance(values, Mapping) else {}
    block = known.get(place[0])
    known[place[0]] = {**(block if isinstance(block, Mapping) else {}), place[1]: chosen}
    return {"values": known}


def missing(blocks: Sequence[Block], told: Mapping[str, object]) -> dict[str, str]:
    """What a client would not send a view for: by block_id, what is wrong with an input. `told` is a `state`."""
    values = told["values"]
    found: dict[str, str] = {}
    for block, element in interactive(blocks):
        if block["type"] == "input" and isinstance(values, Mapping):
            block_id, action_id = str(block["block_id"]), str(element["action_id"])
            wrong = _wrong(element, values[block_id][action_id], optional=block.get("optional") is True)
            if wrong:
                found[block_id] = wrong
    return found


def _wrong(element: Block, value: Mapping[str, object], *, optional: bool) -> str:
    given = value[_KEPT[str(element["type"])][0]]
    if given in (None, "", []):
        return "" if optional else "Please complete this required field."
    least, most = element.get("min_length"), element.get("max_length")
    if isinstance(given, str) and isinstance(least, int) and len(given) < least:
        return f"Please write at least {least} characters."
    if isinstance(given, str) and isinstance(most, int) and len(given) > most:
        return f"Please write at most {most} characters."
    return ""

"""Builds blocks as an app might send them: short ways to write them, and one of every kind."""

from __future__ import annotations

from typing import Any

Block = dict[str, Any]


def plain(words: str) -> Block:
    return {"type": "plain_text", "text": words}


def mrkdwn(words: str) -> Block:
    return {"type": "mrkdwn", "text": words}


def text(words: str, **style: bool) -> Block:
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def section(*pieces: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(pieces)}


def listing(style: str, *items: str, **more: int) -> Block:
    return {"type": "rich_text_list", "style": style, "elements": [section(text(item)) for item in items], **more}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def option(name: str, about: str = "") -> Block:
    return {"text": plain(f"Option {name}"), "value": name, **({"description": plain(about)} if about else {})}


def button(name: str, **more: object) -> Block:
    return {"type": "button", "action_id": name, "text": plain(name.capitalize()), "value": f"the {name}", **more}


CONFIRM = {
    "title": plain("Sure?"),
    "text": mrkdwn("It is *gone* then."),
    "confirm": plain("Do it"),
    "deny": plain("Stop"),
}
_TWO = [option("a", "About it"), option("b")]
_ADDRESS = "https://example.com/a/rather/long/address/" + "x" * 80

EVERY_BLOCK: list[Block] = [
    {"type": "header", "text": plain("A header :wave:")},
    rich(
        section(
            text("Bold", bold=True),
            text(" and "),
            text("code", code=True),
            text(" "),
            {"type": "user", "user_id": "U1"},
        ),
        section(
            {"type": "user", "user_id": "U2"}, {"type": "broadcast", "range": "here"}, {"type": "emoji", "name": "tada"}
        ),
        section({"type": "link", "url": _ADDRESS}, {"type": "color", "value": "#336699"}, text("w" * 200)),
        listing("bullet", "one", "two"),
        listing("ordered", "deeper", indent=1),
        {"type": "rich_text_quote", "elements": [text("said")]},
        {"type": "rich_text_preformatted", "language": "python", "elements": [text("x = " + "1" * 200)]},
    ),
    {"type": "divider"},
    {
        "type": "section",
        "text": mrkdwn("*Bold* _it_ ~no~ `code` <https://example.com|label> <@U1>\n> quoted"),
        "fields": [mrkdwn("*Left*\n1"), mrkdwn("*Right*\n2")],
        "accessory": {"type": "image", "image_url": "https://example.com/c.png", "alt_text": "A cat"},
    },
    {"type": "image", "image_url": _ADDRESS, "alt_text": "A chart", "title": plain("Sales")},
    {
        "type": "context",
        "elements": [{"type": "image", "image_url": "https://example.com/i.png", "alt_text": "Logo"}, mrkdwn("a note")],
    },
    {
        "type": "actions",
        "block_id": "actions",
        "elements": [
            button("press"),
            button("approve", style="primary"),
            button("delete", style="danger", confirm=CONFIRM),
            button("visit", url="https://example.com"),
            {"type": "static_select", "action_id": "one", "placeholder": plain("One"), "options": _TWO},
            {"type": "multi_static_select", "action_id": "some", "placeholder": plain("Some"), "options": _TWO},
            {"type": "users_select", "action_id": "who", "placeholder": plain("Who")},
            {"type": "external_select", "action_id": "far", "placeholder": plain("Far")},
            {"type": "datepicker", "action_id": "day"},
            {"type": "timepicker", "action_id": "time"},
            {"type": "radio_buttons", "action_id": "radio", "options": _TWO},
            {"type": "checkboxes", "action_id": "boxes", "options": _TWO},
            {"type": "overflow", "action_id": "more", "options": _TWO},
        ],
    },
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": {"text": plain("Good answer"), "value": "up"},
                "negative_button": {"text": plain("Bad answer"), "value": "down"},
            },
            {"type": "icon_button", "icon": "trash", "action_id": "trash", "text": plain("Delete")},
        ],
    },
    {
        "type": "table",
        "column_settings": [{"is_wrapped": True}, {"align": "right"}],
        "rows": [
            [{"type": "raw_text", "text": f"row {row} and some more words"} for _ in range(4)] for row in range(3)
        ],
    },
    {
        "type": "markdown",
        "text": "# One\n## Two\n**b** [l](https://example.com)\n\n- [x] done\n- a\n  1. b\n\n> q\n\n```py\nx\n```\n\n"
        "| a | b |\n|--|--|\n| c | d |\n\n---\n![p](https://example.com/p.png)",
    },
    {
        "type": "container",
        "title": plain("Folds"),
        "subtitle": plain("two of them"),
        "is_collapsible": True,
        "child_blocks": [{"type": "section", "text": mrkdwn("inside")}],
    },
    {
        "type": "task_card",
        "task_id": "1",
        "title": "Search",
        "status": "complete",
        "details": rich(section(text("looked"))),
        "output": rich(section(text("found"))),
        "sources": [{"type": "url", "url": "https://example.com", "text": "Handbook"}],
    },
    {
        "type": "plan",
        "title": "Plan",
        "tasks": [
            {"type": "task_card", "task_id": state, "title": f"It is {state}", "status": state}
            for state in ("pending", "in_progress", "complete", "error")
        ],
    },
    {"type": "file", "external_id": "x1", "source": "remote"},
    {"type": "hologram", "about": "a block of the future"},
]


def _asked(block_id: str, kind: str, **more: object) -> Block:
    element = {"type": kind, "action_id": "it", **more}
    return {"type": "input", "block_id": block_id, "label": plain(block_id.capitalize()), "element": element}


MODAL: Block = {
    "type": "modal",
    "id": "V1",
    "title": plain("A modal"),
    "blocks": [
        {"type": "alert", "block_id": "alert", "level": "warning", "text": plain("Nobody can take it back.")},
        {"type": "section", "block_id": "words", "text": mrkdwn("Please fill in *all* of it.")},
        _asked("name", "plain_text_input", min_length=3, max_length=20) | {"hint": plain("In full.")},
        _asked("story", "plain_text_input", multiline=True, initial_value="Once") | {"optional": True},
        _asked("number", "number_input", is_decimal_allowed=False, min_value="1", max_value="9"),
        _asked("mail", "email_text_input", placeholder=plain("you@example.com")),
        _asked("page", "url_text_input"),
        _asked("colour", "static_select", option_groups=[{"label": plain("Group"), "options": _TWO}]),
        _asked("people", "multi_users_select", initial_users=["U1"], max_selected_items=1),
        _asked("room", "conversations_select", initial_conversation="C1"),
        _asked("day", "datepicker", initial_date="2026-11-22"),
        _asked("time", "timepicker"),
        _asked("moment", "datetimepicker", initial_date_time=1_700_000_000),
        _asked("radio", "radio_buttons", options=_TWO),
        _asked("boxes", "checkboxes", options=_TWO, initial_options=[_TWO[1]]),
        _asked("file", "file_input", filetypes=["pdf"]) | {"optional": True},
    ],
}
"""A modal with one input of every kind."""

"""Each rule on what a message may hold, with Slack's word for breaking it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.slack.message import Message
from bot.playground.slack.rules import Draft, Refusal, check_blocks, check_post, check_update, draft
from tests.examples import examples


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def section(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words, **more}}


def context(*words: str) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": word} for word in words]}


def link(url: str) -> dict[str, Any]:
    return {"type": "link", "url": url}


def table(rows: int, cells: int, words: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": words}] * cells] * rows, **more}


def button(words: str = "Go", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": {"type": "plain_text", "text": words}, **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def header(words: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": words}}


def items(style: object = "bullet", **more: Any) -> dict[str, Any]:
    entry = {"type": "rich_text_section", "elements": [text("one")]}
    return {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": style, "elements": [entry], **more}]}


def code(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": list(elements)}]}


def feedback(words: str) -> dict[str, Any]:
    one = {"text": {"type": "plain_text", "text": words}, "value": "v"}
    element = {"type": "feedback_buttons", "action_id": "a", "positive_button": one, "negative_button": one}
    return {"type": "context_actions", "elements": [element]}


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


def option(words: str = "One") -> dict[str, Any]:
    return {"text": plain(words), "value": words}


def element(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


def beside(accessory: dict[str, Any]) -> dict[str, Any]:
    return section("x") | {"accessory": accessory}


def card(**more: Any) -> dict[str, Any]:
    return {"type": "task_card", "task_id": "1", "title": "Search", "status": "complete", **more}


OPTIONS = {"options": [option()]}
PICTURE = {"type": "image", "alt_text": "x"}
SOURCE = {"type": "url", "url": "https://example.com", "text": "Example"}

TAKEN = {
    "section at its limit": [section("x" * 3_000)],
    "fifty blocks": [{"type": "divider"}] * 50,
    "styled text": [rich({"type": "text", "text": "x", "style": {"bold": True, "code": True}})],
    "links": [rich(link("https://example.com/a?b=c#d"), link("mailto:a@example.com"), link("tel:+491"))],
    "nested list": [items("ordered", indent=8, offset=3, border=1)],
    "code": [code(text("a\nb"), link("http://x.example"))],
    "live elements": [
        rich({"type": "user", "user_id": "U1"}, {"type": "broadcast", "range": "here"}, {"type": "emoji", "name": "x"})
    ],
    "largest table": [table(100, 20, column_settings=[{"align": "right"}, None])],
    "mixed table": [
        {"type": "table", "rows": [[{"type": "raw_number", "value": 1.5}, rich(text("b"))], [rich(text("c"))]]}
    ],
    "context of ten": [context(*"abcdefghij")],
    "buttons": [actions(button(action_id="a"), button(action_id="b", url="https://example.com", style="danger"))],
    "feedback": [feedback("Good")],
    "container": [{"type": "container", "child_blocks": [section("x"), {"type": "divider"}], "is_collapsible": True}],
    "menus and pickers": [
        actions(
            *[element(f"{kind}_select", placeholder=plain("x")) for kind in ("users", "conversations", "channels")],
            element("static_select", option_groups=[{"label": plain("x"), **OPTIONS}]),
            element("datepicker", initial_date="2026-11-22"),
            element("timepicker", initial_time="23:59"),
            element("datetimepicker", initial_date_time=1_800_000_000),
            element("radio_buttons", **OPTIONS),
            element("checkboxes", options=[option(str(n)) for n in range(10)]),
        )
    ],
    "multi select": [beside(element("multi_static_select", **OPTIONS, max_selected_items=1))],
    "picture beside": [beside({**PICTURE, "slack_file": {"id": "F0ABC"}})],
    "picture of a file": [{**PICTURE, "slack_file": {"url": "https://files.example/a.png"}, "title": plain("x")}],
    "task": [card(details=rich(text("x")), output=rich(text("y")), sources=[SOURCE])],
    "plan": [{"type": "plan", "title": "Steps", "tasks": [card(), card(task_id="2", status="pending")]}],
    "all text": [rich(text("x" * 11_000))],
}

INVALID = {
    "unknown type": [{"type": "alert", "text": "x"}],
    "no type": [{"text": "x"}],
    "section too long": [section("x" * 3_001)],
    "section empty": [section("")],
    "section without text": [{"type": "section"}],
    "section text not an object": [{"type": "section", "text": "x"}],
    "too many fields": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
    "field too long": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2_001}]}],
    "emoji in mrkdwn": [section("x", emoji=True)],
    "unknown key": [{"type": "divider", "text": "x"}],
    "header too long": [header("x" * 151)],
    "header as mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "context empty": [context()],
    "context of eleven": [context(*"abcdefghijk")],
    "context text empty": [context("")],
    "rich_text empty": [{"type": "rich_text", "elements": []}],
    "rich_text without elements": [{"type": "rich_text"}],
    "rich_text section empty": [rich()],
    "rich_text empty text": [rich(text(""))],
    "rich_text bare text": [{"type": "rich_text", "elements": [text("x")]}],
    "rich_text unknown element": [rich({"type": "image", "url": "https://x.example"})],
    "rich_text unknown style": [rich({"type": "text", "text": "x", "style": {"blink": True}})],
    "rich_text style not a boolean": [rich({"type": "text", "text": "x", "style": {"bold": "yes"}})],
    "user by name": [rich({"type": "user", "user_id": "ann"})],
    "broadcast to all": [rich({"type": "broadcast", "range": "all"})],
    "list style": [items("dash")],
    "list indent": [items(indent=9)],
    "list of text": [
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [text("x")]}]}
    ],
    "code with a mention": [code({"type": "user", "user_id": "U1"})],
    "link without scheme": [rich(link("example.com"))],
    "link to nothing": [rich(link("https://"))],
    "link with a space": [rich(link("https://example.com/a b"))],
    "link to a script": [rich(link("javascript:alert(1)"))],
    "link to a path": [rich(link("/docs"))],
    "link too long": [rich(link("https://example.com/" + "a" * 3_000))],
    "link with empty text": [rich({"type": "link", "url": "https://example.com", "text": ""})],
    "image without alt": [{"type": "image", "image_url": "https://example.com/a.png"}],
    "table of 101 rows": [table(101, 1)],
    "table of 21 cells": [table(1, 21)],
    "table without rows": [table(0, 0)],
    "table cell empty": [table(1, 1, "")],
    "table cell of another type": [{"type": "table", "rows": [[text("x")]]}],
    "two tables": [table(1, 1), table(1, 1)],
    "table too long": [table(11, 1, "x" * 950)],
    "column settings": [table(1, 1, column_settings=[{"align": "middle"}])],
    "markdown too long": [{"type": "markdown", "text": "x" * 12_001}],
    "markdown too long together": [{"type": "markdown", "text": "x" * 6_001}] * 2,
    "too many buttons": [actions(*[button()] * 26)],
    "button text": [actions(button("x" * 76))],
    "button value": [actions(button(value="x" * 2_001))],
    "button style": [actions(button(style="primary "))],
    "action_id twice": [actions(button(action_id="a"), button(action_id="a"))],
    "block_id twice": [{"type": "divider", "block_id": "a"}] * 2,
    "block_id too long": [{"type": "divider", "block_id": "x" * 256}],
    "feedback text": [feedback("x" * 76)],
    "container in a container": [{"type": "container", "child_blocks": [{"type": "container", "child_blocks": []}]}],
    "input": [{"type": "input", "label": plain("x"), "element": element("plain_text_input")}],
    "video": [{"type": "video", "title": plain("x"), "alt_text": "x", "video_url": "https://x.example"}],
    "file": [{"type": "file", "external_id": "x", "source": "remote"}],
    "menu without options": [actions(element("static_select"))],
    "menu with options and groups": [
        actions(element("static_select", **OPTIONS, option_groups=[{"label": plain("x"), **OPTIONS}]))
    ],
    "menu of 101": [actions(element("static_select", options=[option(str(n)) for n in range(101)]))],
    "option too long": [actions(element("static_select", options=[option("x" * 76)]))],
    "overflow of six": [actions(element("overflow", options=[option(str(n)) for n in range(6)]))],
    "eleven boxes": [actions(element("checkboxes", options=[option(str(n)) for n in range(11)]))],
    "multi select in actions": [actions(element("multi_users_select"))],
    "typing in actions": [actions(element("plain_text_input"))],
    "external menu": [actions(element("external_select"))],
    "date": [actions(element("datepicker", initial_date="22.11.2026"))],
    "time": [actions(element("timepicker", initial_time="24:00"))],
    "moment beside": [beside(element("datetimepicker"))],
    "picture from two places": [{**PICTURE, "slack_file": {"id": "F0ABC"}, "image_url": "https://example.com/a.png"}],
    "picture of no file": [{**PICTURE, "slack_file": {}}],
    "task status": [card(status="done")],
    "task without an id": [{"type": "task_card", "title": "x", "status": "complete"}],
    "task details as text": [card(details="x")],
    "task source without text": [card(sources=[{"type": "url", "url": "https://example.com"}])],
    "plan of other blocks": [{"type": "plan", "title": "x", "tasks": [{"type": "divider"}]}],
    "plan and task": [{"type": "plan", "title": "x", "tasks": [card()]}, card(task_id="2")],
    "container of eleven": [{"type": "container", "child_blocks": [{"type": "divider"}] * 11}],
}


@pytest.mark.parametrize("blocks", TAKEN.values(), ids=TAKEN)
def test_blocks_that_slack_takes(blocks: list[dict[str, Any]]) -> None:
    check_blocks(blocks)


@pytest.mark.parametrize("blocks", INVALID.values(), ids=INVALID)
def test_blocks_that_are_invalid(blocks: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal) as refusal:
        check_blocks(blocks)
    assert refusal.value.word == "invalid_blocks"
    assert "json-pointer:/blocks" in refusal.value.details[0]


def test_the_limits_on_a_whole_message() -> None:
    with pytest.raises(Refusal, match="msg_blocks_too_many"):
        check_blocks([{"type": "divider"}] * 51)
    long = [rich(text("x" * 6_000)), rich({"type": "link", "url": "https://example.com", "text": "y" * 5_001})]
    with pytest.raises(Refusal, match="msg_blocks_too_long"):
        check_blocks(long)
    check_blocks(long, total=False)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ({}, "no_text"),
        ({"text": "  "}, "no_text"),
        ({"text": "", "blocks": []}, "no_text"),
        ({"text": "x", "blocks": "[{]"}, "invalid_blocks_format"),
        ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
        ({"text": "x", "blocks": ["divider"]}, "invalid_blocks_format"),
        ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"markdown_text": "y" * 12_001}, "msg_too_long"),
        ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": "a"}, "invalid_metadata_format"),
    ],
)
def test_posts_that_are_refused(args: dict[str, object], word: str) -> None:
    with pytest.raises(Refusal, match=f"^{word}$"):
        check_post(draft(args))


def test_an_update_is_shorter_than_a_post() -> None:
    old = Message("C1", "1.0", "U1", "old", 0.0, blocks=(rich(text("old")),))
    check_post(Draft("x" * 4_001, None, None, None))
    with pytest.raises(Refusal, match="msg_too_long"):
        check_update(Draft("x" * 4_001, (rich(text("new")),), None, None), old)


@pytest.mark.parametrize(
    ("blocks", "mismatch"),
    [((rich(text("n")), section("s")), False), ((section("s"), rich(text("n"))), True), ((), False)],
)
def test_rich_text_stays_rich_text(blocks: tuple[dict[str, Any], ...], mismatch: bool) -> None:
    old = Message("C1", "1.0", "U1", "old", 0.0, blocks=(rich(text("old")),))
    new = Draft("new", blocks, None, None)
    if mismatch:
        with pytest.raises(Refusal, match="block_mismatch"):
            check_update(new, old)
    else:
        check_update(new, old)


KEYS = [
    "type",
    "text",
    "elements",
    "rows",
    "style",
    "url",
    "block_id",
    "action_id",
    "child_blocks",
    "fields",
    "unicode",
]
KINDS = [
    "section",
    "context",
    "rich_text",
    "rich_text_section",
    "rich_text_list",
    "table",
    "mrkdwn",
    "text",
    "link",
    "emoji",
]
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(KINDS))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner), max_leaves=12
)


@pytest.mark.slow
@settings(deadline=None, max_examples=examples(60))
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES), max_size=3))
def test_any_json_is_either_readable_or_refused(blocks: list[dict[str, Any]]) -> None:
    try:
        check_blocks(blocks)
    except Refusal as refusal:
        assert refusal.word == "invalid_blocks"  # noqa: PT017 -- to be taken is as good as to be refused
    else:
        shown = Message("C1", "1.0", "U1", "", 0.0, blocks=tuple(blocks))
        assert len(shown.plain) >= len(shown.body)

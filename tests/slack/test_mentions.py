"""Whom a message calls, as a table: in its text, in its blocks, and in code, where it calls nobody."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.mentions import Calls, calls

US = {"type": "user", "user_id": "UBOT"}
TOM = {"type": "user", "user_id": "U2"}
QUOTED = {**US, "style": {"code": True}}
BOLD = {**US, "style": {"bold": True}}


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def rich(*elements: dict[str, Any], kind: str = "rich_text_section") -> list[dict[str, Any]]:
    return [{"type": "rich_text", "elements": [{"type": kind, "elements": list(elements)}]}]


LIST = [
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_list", "elements": [{"type": "rich_text_section", "elements": [US, text(" hi")]}]}
        ],
    }
]


@pytest.mark.parametrize(
    ("written", "blocks", "users"),
    [
        ("<@UBOT> hi", None, ["UBOT"]),
        ("<@UBOT|flowise> hi", [], ["UBOT"]),
        ("<@UBOT> hi", [{"type": "rich_text"}], ["UBOT"]),
        ("lunch at noon?", rich(text("lunch at noon?")), []),
        ("<@U2> can you look?", rich(TOM, text(" can you look?")), ["U2"]),
        ("`<@UBOT>`", None, []),
        ("what is `<@UBOT>` for?", rich(text("what is "), QUOTED, text(" for?")), []),
        ("```<@UBOT> hi```", None, []),
        ("```\n<@UBOT> hi\n```", rich(US, text(" hi"), kind="rich_text_preformatted"), []),
        ("a `b` <@UBOT> `c`", None, ["UBOT"]),
        ("`<@UBOT>` is you, <@UBOT>", rich(QUOTED, text(" is you, "), US), ["UBOT"]),
        ("the ` key, <@UBOT>, not the other", None, ["UBOT"]),
        ("two ` keys <@UBOT> and ` here", rich(text("two ` keys "), US, text(" and ` here")), ["UBOT"]),
        ("an `open\n<@UBOT>` over lines", rich(text("an `open\n"), QUOTED), []),
        ("``` never closed <@UBOT>", None, ["UBOT"]),
        ("> <@UBOT> said", rich(US, text(" said"), kind="rich_text_quote"), ["UBOT"]),
        ("- <@UBOT> hi", LIST, ["UBOT"]),
        ("*<@UBOT>*", rich(BOLD), ["UBOT"]),
        ("an alert", [{"type": "section", "text": {"type": "mrkdwn", "text": "<@UBOT> look"}}], ["UBOT"]),
        ("an alert", [{"type": "section", "text": {"type": "mrkdwn", "text": "`<@UBOT>` look"}}], []),
        ("an alert", [{"type": "section", "fields": [{"type": "mrkdwn", "text": "<@UBOT>"}]}], ["UBOT"]),
        ("an alert", [{"type": "section", "text": {"type": "plain_text", "text": "<@UBOT> look"}}], []),
        ("an alert", [{"type": "context", "elements": [{"type": "mrkdwn", "text": "<@UBOT>"}]}], ["UBOT"]),
        ("an alert", [{"type": "markdown", "text": "<@UBOT> look"}], ["UBOT"]),
        ("typed &lt;@UBOT&gt;", rich(text("typed <@UBOT>")), []),
        ("hi", "junk", []),
        ("hi", [None, 1, {"type": "user"}, {"type": "user", "user_id": 5}, {"style": "junk", "type": ["x"]}], []),
    ],
)
def test_who_is_called(written: str, blocks: object, users: list[str]) -> None:
    assert calls(written, blocks) == Calls(tuple(users))


@pytest.mark.parametrize(
    ("written", "blocks", "group"),
    [
        ("<!here> look", None, True),
        ("<!subteam^S1> look", None, True),
        ("`<!here>` is a mention", None, False),
        ("look", rich({"type": "usergroup", "usergroup_id": "S1"}), True),
        ("look", rich({"type": "broadcast", "range": "here"}), True),
        ("look", rich({"type": "broadcast", "range": "here", "style": {"code": True}}), False),
        ("<!date^1^{date}|now>", None, False),
    ],
)
def test_whether_a_group_is_called(written: str, blocks: object, group: bool) -> None:
    assert calls(written, blocks).group is group


def test_blocks_of_any_depth_are_read() -> None:
    nested: Any = US
    for _ in range(5_000):
        nested = {"elements": [nested]}
    assert calls("", [nested]).users == ("UBOT",)


def test_what_is_never_closed_costs_no_more_than_its_length() -> None:
    assert calls("<@U1|" * 8_000, None) == Calls()  # which took 17 s, of everybody's time

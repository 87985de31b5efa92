"""Emoji by the names that Slack has for them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.text.emoji import CHARACTERS
from bot.slack.text.markdown import render
from bot.slack.text.pages import Document
from bot.slack.text.rich_text import rich_text

NAMED = [
    (":white_check_mark: done", ["white_check_mark"]),
    ("- :rocket: launch", ["rocket"]),
    ("**:warning: Careful**", ["warning"]),
    ("# :memo: Title", ["memo"]),
    ("> :+1: :-1: :100:", ["+1", "-1", "100"]),
    (":tada::x:", ["tada", "x"]),
    (":wave::skin-tone-3:", ["wave"]),
    (":flag-de: :de:", ["flag-de", "de"]),
    (":man-woman-boy:", ["man-woman-boy"]),
    ("(:bulb:) and “:bulb:”, :bulb:!", ["bulb"] * 3),
    ("好的:rocket:发射", ["rocket"]),
    ("Note: :information_source: x", ["information_source"]),
    ("[:link: label](sandbox:/x)", ["link"]),
]
NOT_NAMED = [
    *("at 10:30:45", "a:b:c", "std::x::y", "::x::", "10:100:20", ":no_such_emoji:", ":party-parrot:", ": x :", ":X:"),
    *(
        "`:x:`",
        "```\n:x:\n```",
        "https://e.org/:x:/a",
        "https://e.org/?q=:x:",
        "<https://e.org/:x:>",
        "C:x:d",
        ":skin-tone-2:y",
    ),
    *("key:x:", ":x:y", "1:1:1", ":check_mark_button:", r"\:x:y"),
]


def elements(source: str) -> list[dict[str, Any]]:
    """All inline elements that show a source."""

    def within(value: Any) -> list[dict[str, Any]]:
        if isinstance(value, dict):
            own = [value] if value.get("type") in ("text", "link", "emoji") else []
            return own + [found for inner in value.values() for found in within(inner)]
        return [found for inner in value for found in within(inner)] if isinstance(value, list | tuple) else []

    document = Document()
    document.append(source)
    return within([page.blocks for page in document.pages(growing=False)])


@pytest.mark.parametrize(("source", "names"), NAMED)
def test_the_names_of_emoji_are_emoji(source: str, names: list[str]) -> None:
    found = elements(source)
    assert [element["name"] for element in found if element["type"] == "emoji"] == names
    assert not any(f":{name}:" in element.get("text", "") for element in found for name in names)


@pytest.mark.parametrize("source", NOT_NAMED)
def test_other_words_between_colons_stay(source: str) -> None:
    assert all(element["type"] != "emoji" for element in elements(source))


def test_an_emoji_keeps_its_style_and_its_skin() -> None:
    assert elements("**:wave::skin-tone-3: hi**") == [
        {"type": "emoji", "name": "wave", "skin_tone": 3, "style": {"bold": True}},
        {"type": "text", "text": " hi", "style": {"bold": True}},
    ]


def test_in_tables_too_and_where_there_are_only_characters_it_is_one() -> None:
    table = "| a |\n|---|\n| :x: |\n"
    assert [element["name"] for element in elements(table) if element["type"] == "emoji"] == ["x"]
    drawn = rich_text(render(f"- item\n\n  {table.replace(chr(10), chr(10) + '  ')}"))
    assert "❌" in str(drawn)
    assert elements("[:rocket: Launch](https://e.org)") == [
        {"type": "link", "url": "https://e.org", "text": "🚀 Launch"}
    ]


def test_no_name_is_seen_while_it_grows() -> None:
    source = "Go :rocket: and :white_check_mark: at 10:30 :x:"
    document = Document()
    for char in source:
        document.append(char)
        shown = "".join(page.text for page in document.pages(growing=True))
        assert ":" not in shown.replace("10:3", "").replace("10:", "")


def test_the_names_are_those_of_slack() -> None:
    assert {"rocket", "white_check_mark", "+1", "thumbsup", "flag-de", "large_green_circle"} <= set(CHARACTERS)
    assert CHARACTERS["rocket"] == "🚀"

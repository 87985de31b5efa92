"""Blocks as a person reads them."""

from __future__ import annotations

from typing import Any

from bot.playground.slack.message import Message


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def inline(kind: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "elements": list(elements)}


ANSWER = inline(
    "rich_text",
    inline(
        "rich_text_section", text("Hello "), {"type": "link", "url": "https://a.example", "text": "there"}, text("\n")
    ),
    inline(
        "rich_text_list",
        inline("rich_text_section", text("one")),
        inline("rich_text_section", {"type": "link", "url": "https://b.example"}),
    ),
    inline("rich_text_preformatted", text("x = 1")),
    inline("rich_text_quote", {"type": "user", "user_id": "U1"}, {"type": "broadcast", "range": "here"}),
    inline(
        "rich_text_section", {"type": "emoji", "name": "wave", "unicode": "1f44b"}, {"type": "emoji", "name": "own"}
    ),
)
CELL = inline("rich_text", inline("rich_text_section", text("b")))
TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, CELL]]}
SOURCES = {"type": "context", "elements": [{"type": "mrkdwn", "text": "1. <https://c.example|A &amp; B> <@U1>"}]}


def message(*blocks: dict[str, Any]) -> Message:
    return Message("C1", "1.0", "U1", "a &lt;fallback&gt; of <!here>", 0.0, blocks=blocks)


def test_the_answer_and_what_stands_around_it() -> None:
    body = "Hello there\n\none\nhttps://b.example\nx = 1\n@U1@here\n\U0001f44b:own:\na\tb"
    whole = message(ANSWER, TABLE, {"type": "divider"}, SOURCES)
    assert whole.body == body
    assert whole.plain == body + "\n1. A & B @U1"


def test_text_is_read_where_there_are_no_blocks() -> None:
    assert message().plain == message().body == "a <fallback> of @here"
    assert message(SOURCES).body == ""


def test_the_other_blocks() -> None:
    words = {"type": "plain_text", "text": "<@U1> &amp;"}
    shown = message(
        {"type": "header", "text": words},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a &amp; b"}, "fields": [words]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]},
        {"type": "image", "image_url": "https://a.example", "alt_text": "a cat"},
        {"type": "markdown", "text": "**b**"},
        {"type": "container", "title": words, "child_blocks": [{"type": "divider"}, SOURCES]},
    )
    typed = "<@U1> &amp;"
    assert shown.plain.split("\n") == [typed, "a & b", typed, "Go", "a cat", "**b**", typed, "1. A & B @U1"]

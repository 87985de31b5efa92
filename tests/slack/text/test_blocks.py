from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.text.block import Block
from bot.slack.text.blocks import Source, fallback, note, plain, quoted_question, shown, sources_blocks, tools_block
from bot.slack.text.escaping import units
from bot.slack.text.limits import CONTEXT_TEXT, MESSAGE_TEXT, QUESTION_TEXT, SOURCES, SOURCES_TEXT
from tests.examples import examples

HOSTILE = "<!channel> <@U1> <http://evil|good> & @here *b* _i_ :tada:"
hostile = st.text(max_size=30) | st.sampled_from(
    [HOSTILE, "x" * 5000, "&<>" * 2000, "\ud83d\x00", "", "\n\n", "😀" * 3000]
)


def only_element(block: Block) -> Mapping[str, Any]:
    elements = block["elements"]
    assert isinstance(elements, list)
    (element,) = elements
    assert isinstance(element, Mapping)
    return element


def test_sentence_is_one_rich_text_block() -> None:
    assert plain(HOSTILE, italic=True) == (
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": HOSTILE, "style": {"italic": True}}],
                }
            ],
        },
    )


@settings(deadline=None, max_examples=examples(60))
@given(hostile)
def test_note_is_escaped_verbatim_and_short(text: str) -> None:
    element = only_element(note(text))
    assert element["type"] == "mrkdwn"
    assert element["verbatim"] is True
    assert 0 < units(element["text"]) <= CONTEXT_TEXT
    rest = element["text"].replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert not set("&<>") & set(rest)
    json.dumps(element, ensure_ascii=False).encode()


@settings(deadline=None, max_examples=examples(60))
@given(hostile)
def test_fallback_is_escaped_and_short(text: str) -> None:
    short = fallback(text)
    assert 0 < units(short) <= MESSAGE_TEXT
    assert not set("<>") & set(short)


def test_fallback_cuts_no_entity() -> None:
    assert fallback("&" * 5000) == "&amp;" * ((MESSAGE_TEXT - 1) // 5) + "…"
    assert fallback("short & sweet") == "short &amp; sweet"


def test_sources_are_numbered_and_linked_where_they_may_be() -> None:
    (block,) = sources_blocks(
        [
            Source("my_file_*name*.pdf", None, "p. 3, 5"),
            Source("The handbook", "https://a.example/h", "lines 10-24"),
            Source("Script", "javascript:alert(1)", ""),
            Source("good.com", "https://evil.com/", ""),
            Source(" \n ", "file:///etc/passwd", ""),
        ]
    )
    elements = block["elements"]
    assert isinstance(elements, list)
    heading, items = elements
    assert heading["elements"] == [{"type": "text", "text": "Sources", "style": {"bold": True}}]
    assert items["style"] == "ordered"
    assert [item["elements"] for item in items["elements"]] == [
        [{"type": "text", "text": "my_file_*name*.pdf · p. 3, 5"}],
        [
            {"type": "link", "url": "https://a.example/h", "text": "The handbook"},
            {"type": "text", "text": " · lines 10-24"},
        ],
        [{"type": "text", "text": "Script"}],
        [
            {"type": "text", "text": "good.com ("},
            {"type": "link", "url": "https://evil.com/", "text": "https://evil.com/"},
            {"type": "text", "text": ")"},
        ],
        [{"type": "text", "text": "Untitled"}],
    ]


def test_what_does_not_fit_of_the_sources_is_counted() -> None:
    few = sources_blocks([Source(f"doc {number}", None, "") for number in range(SOURCES + 3)])
    assert shown(few).endswith("doc 9\nand 3 more")
    long = sources_blocks([Source("t" * 500, "https://a.b/" + "u" * 600, "p. 1")] * SOURCES)
    assert "more" in shown(long)
    assert sources_blocks([]) == ()


@settings(deadline=None, max_examples=examples(60))
@given(st.lists(st.builds(Source, hostile, st.none() | hostile.map(lambda text: f"https://a.b/{text}"), hostile)))
def test_sources_always_fit_and_ping_nobody(sources: list[Source]) -> None:
    blocks = sources_blocks(sources)
    assert units(shown(blocks, targets=True)) <= SOURCES_TEXT + 100
    kinds = set(_kinds(json.loads(json.dumps(blocks))))
    assert kinds <= {"rich_text", "rich_text_section", "rich_text_list", "text", "link"}
    json.dumps(blocks, ensure_ascii=False).encode()


def _kinds(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["type"]] if "type" in value else []
        return own + [kind for inner in value.values() for kind in _kinds(inner)]
    return [kind for inner in value for kind in _kinds(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["calculator"], "Used: calculator"),
        (["calculator", "<!here>\nx"], "Used: calculator, &lt;!here&gt; x"),
        ([*"abcdefg"], "Used: a, b, c, d, e and 2 more"),
        ([""], "Used: …"),
    ],
)
def test_tools_are_one_short_line(names: list[str], line: str) -> None:
    assert only_element(tools_block(names))["text"] == line


def test_question_is_quoted_as_inert_text() -> None:
    (block,) = quoted_question("Ann <@U1>", " <!channel> https://a.b\nsecond ")
    assert block["elements"] == [
        {"type": "rich_text_section", "elements": [{"type": "text", "text": "Ann <@U1> asked:"}]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "<!channel> https://a.b\nsecond"}]},
    ]
    long = shown(quoted_question("", "q" * 9000))
    assert long.startswith("Someone asked:\nqqq")
    assert long.count("q") == QUESTION_TEXT - 1

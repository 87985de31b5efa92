"""Messages as Slack and its apps shape them, as a table; and anything at all, of which little is read."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import asdict
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.slack.typed import typed_blocks
from bot.slack.block_text import Room, block_text
from bot.slack.message_text import MessageText, Quote, message_text, quoted_text
from bot.slack.payload import plain
from tests.examples import examples

few = settings(deadline=None, max_examples=examples(25))

NAMES = {"U1": "ada"}


def text(words: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": words}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def says(words: str) -> dict[str, Any]:
    return section(text(words, "text"))


def table(*rows: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "table", "rows": [[text(cell, "raw_text") for cell in row] for row in rows]}


def forward(**changes: Any) -> dict[str, Any]:
    """A forwarded message, in the shape in which Slack attaches it."""
    shape = {
        "is_share": True,
        "is_msg_unfurl": True,
        "author_id": "U1",
        "author_name": "tom",
        "channel_id": "C1",
        "ts": "1.000100",
        "text": "E55 on *db-3*",
        "fallback": "[August 29th, 2024 2:26 PM] tom: E55 on *db-3*",
        "from_url": "https://acme.slack.com/archives/C1/p1000100",
        "message_blocks": [{"team": "T1", "channel": "C1", "message": {"blocks": [rich(says("E55 on db-3"))]}}],
    }
    return shape | changes


EVERY_RICH = rich(
    section(
        text("see ", "text"),
        {"type": "link", "url": "https://example.com/a?b=1&c=2", "text": "the <page>"},
        text(" & ", "text"),
        {"type": "link", "url": "https://example.com/b"},
        text(", ", "text"),
        {"type": "user", "user_id": "U1"},
        {"type": "emoji", "name": "wave", "skin_tone": 3},
        {"type": "broadcast", "range": "here"},
        {"type": "date", "timestamp": 1_700_000_000, "format": "{date}", "fallback": "May 5"},
    ),
    {"type": "rich_text_list", "style": "ordered", "offset": 1, "elements": [says("two"), says("three")]},
    {"type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [says("deep")]},
    {"type": "rich_text_quote", "elements": [text("one\nline <more>", "text")]},
    {"type": "rich_text_preformatted", "elements": [text("a < b", "text")]},
)


@pytest.mark.parametrize(
    ("block", "read"),
    [
        ({"type": "header", "text": text("R&D <urgent>", "plain_text")}, "R&D <urgent>"),
        (
            {"type": "section", "text": text("*db-3*"), "fields": [text("*Host*\nn1"), text("*Disk*\n2%")]},
            "*db-3*\n*Host*\nn1\n*Disk*\n2%",
        ),
        ({"type": "section", "text": text("<https://example.com|run 7>")}, "run 7 (https://example.com)"),
        (
            {"type": "context", "elements": [text("by <@U1>"), {"type": "image", "alt_text": "logo"}]},
            "by @ada logo",
        ),
        (
            EVERY_RICH,
            "see the <page> (https://example.com/a?b=1&c=2) & https://example.com/b, "
            "@ada:wave::skin-tone-3:@hereMay 5\n"
            "2. two\n3. three\n  - deep\n> one\n> line <more>\n```\na < b\n```",
        ),
        (table(("host", "disk"), ("n1", "2 %"), ("", "")), "host | disk\nn1 | 2 %"),
        (
            {"type": "table", "rows": [[rich(says("bold")), {"type": "raw_number", "value": 7}]]},
            "bold | 7",
        ),
        ({"type": "markdown", "text": "# Title\n- `List<String>`"}, "# Title\n- `List<String>`"),
        ({"type": "image", "title": text("Load", "plain_text"), "alt_text": "a graph"}, "Load"),
        ({"type": "image", "alt_text": "a graph"}, "a graph"),
        (
            {"type": "container", "title": "Build", "child_blocks": [{"type": "section", "text": text("failed")}]},
            "Build\nfailed",
        ),
        (
            {
                "type": "plan",
                "title": "Plan",
                "tasks": [{"type": "task_card", "title": "look", "output": rich(says("ok"))}],
            },
            "Plan\nlook\nok",
        ),
        ({"type": "of_tomorrow", "text": text("still read")}, "still read"),
        ({"type": "actions", "elements": [{"type": "button", "text": text("Silence", "plain_text")}]}, ""),
        ({"type": "divider"}, ""),
    ],
)
def test_the_text_of_a_block(block: Mapping[str, object], read: str) -> None:
    assert plain(block_text(block, Room(10_000)), NAMES) == read


BY_APP = {"bot_id": "B1", "user": "UBOT9"}
HEADER = {"type": "header", "text": text("Deploy failed", "plain_text")}
DETAILS = {"type": "section", "text": text("step 3: *no space*")}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        ({"text": "hi", "blocks": [rich(says("hi"))]}, MessageText("hi")),
        ({"text": "", "blocks": [rich(says("only here"))]}, MessageText("only here")),
        # The composer's list differs from the block's in its marks alone.
        (
            {"text": "1. *a &amp; b*\n2. c", "blocks": [rich({"type": "rich_text_list", "elements": [says("a & b")]})]},
            MessageText("1. *a &amp; b*\n2. c"),
        ),
        (
            {
                "text": "",
                "attachments": [{"title": "[FIRING:1] DiskFull", "text": "db-3 has 2% left", "fallback": "x"}],
            },
            MessageText("", (Quote("[FIRING:1] DiskFull\ndb-3 has 2% left"),)),
        ),
        (
            BY_APP
            | {"text": "DiskFull", "attachments": [{"pretext": "DiskFull", "fields": [{"title": "a", "value": 1}]}]},
            MessageText("DiskFull", (Quote("a: 1"),)),
        ),
        (
            {
                "attachments": [
                    {"title": "Run", "title_link": "https://example.com", "author_name": "CI", "fallback": "x"}
                ]
            },
            MessageText("", (Quote("CI\n<https://example.com|Run>"),)),
        ),
        ({"attachments": [{"fallback": "only this"}]}, MessageText("", (Quote("only this"),))),
        ({"attachments": [{"fallback": "[no preview available]"}]}, MessageText("")),
        # Two alerts of one severity are two.
        (
            {"attachments": [{"title": title, "fields": [{"title": "is", "value": "bad"}]} for title in ("A", "B")]},
            MessageText("", (Quote("A\nis: bad"), Quote("B\nis: bad"))),
        ),
        (BY_APP | {"text": "", "blocks": [HEADER, DETAILS]}, MessageText("Deploy failed\nstep 3: *no space*")),
        (
            BY_APP | {"text": "Deploy failed", "blocks": [HEADER, DETAILS]},
            MessageText("Deploy failed\nstep 3: *no space*"),
        ),
        (
            BY_APP | {"text": "Deploy failed: step 3: no space (build 7)", "blocks": [HEADER, DETAILS]},
            MessageText("Deploy failed: step 3: no space (build 7)"),
        ),
        (
            BY_APP | {"text": "Deploy failed step 3: no sp…", "blocks": [HEADER, DETAILS]},
            MessageText("Deploy failed\nstep 3: *no space*"),
        ),
        (
            BY_APP | {"text": "Look here", "attachments": [{"color": "#f00", "blocks": [HEADER, DETAILS]}]},
            MessageText("Look here", (Quote("Deploy failed\nstep 3: *no space*"),)),
        ),
        # A table that a person pastes is an attachment of its own.
        (
            {
                "text": "why a b?",
                "attachments": [{"blocks": [table(("a", "b"))], "fallback": "[no preview available]"}],
            },
            MessageText("why a b?", (Quote("a | b"),)),
        ),
        (
            {"text": "why?", "attachments": [forward()]},
            MessageText("why?", (Quote("E55 on db-3", "tom", is_forward=True),)),
        ),
        (
            {"attachments": [forward(author_name="", message_blocks=[], files=[{"name": "a.log"}])]},
            MessageText("", (Quote("E55 on *db-3*", "<@U1>", ("a.log",), is_forward=True),)),
        ),
        (
            {"attachments": [forward(text="", message_blocks=[])]},
            MessageText("", (Quote("E55 on *db-3*", "tom", is_forward=True),)),
        ),
        # An alert that was forwarded: its text is in its blocks and cards.
        (
            {
                "attachments": [
                    forward(
                        text="", message_blocks=[{"message": {"blocks": [HEADER], "attachments": [{"text": "2%"}]}}]
                    )
                ]
            },
            MessageText("", (Quote("Deploy failed\n2%", "tom", is_forward=True),)),
        ),
        # A message that a link leads to is quoted, the page that a link leads to is not.
        (
            {"text": "see <https://x.slack.com/archives/C1/p1>", "attachments": [forward(is_share=False)]},
            MessageText("see <https://x.slack.com/archives/C1/p1>", (Quote("E55 on db-3", "tom", is_forward=True),)),
        ),
        (
            {"text": "<https://example.com>", "attachments": [{"from_url": "https://example.com", "title": "Page"}]},
            MessageText("<https://example.com>"),
        ),
        (
            {"files": [{"name": "plan.pdf"}, {"name": "a.png", "title": "The site"}]},
            MessageText("", (), ("plan.pdf", "a.png (The site)")),
        ),
    ],
)
def test_what_a_message_says(message: dict[str, Any], read: MessageText) -> None:
    assert message_text(message) == read


def test_a_message_as_one_text_marks_what_is_forwarded_in_it() -> None:
    attached = [
        forward(text="one\ntwo", message_blocks=[]),
        {"title": "A card"},
        forward(text="", fallback="", message_blocks=[]),
    ]
    read = message_text({"text": "look <@U1>", "attachments": attached, "files": [{"name": "R&D.pdf"}]})
    assert plain(quoted_text(read), NAMES) == (
        "look @ada\n> tom:\n> one\n> two\nA card\n(attached, not readable here: R&D.pdf)"
    )


# Nothing twice --------------------------------------------------------------------------------------------------------

typed = st.lists(
    st.sampled_from(
        [
            "hello",
            "<@U1>",
            "<#C1|general>",
            "<!here>",
            "&lt;b&gt;",
            "<https://example.com|a page>",
            "*bold*",
            "\n",
            ":wave:",
        ]
    ),
    min_size=1,
    max_size=8,
).map(" ".join)


@few
@given(typed, st.booleans())
def test_what_was_typed_is_read_once_from_text_and_blocks(words: str, by_app: bool) -> None:
    message: dict[str, Any] = {"text": words, "blocks": typed_blocks(words)} | ({"bot_id": "B1"} if by_app else {})
    read = plain(message_text(message).words, NAMES | {"C1": "general"})
    assert len(re.findall(r"\w+", read)) == len(re.findall(r"\w+", plain(words, NAMES | {"C1": "general"})))


@few
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.data())
def test_every_word_of_an_app_s_message_is_read_once(sizes: list[int], data: st.DataObject) -> None:
    """Its text is a part of its blocks, or holds some of them and more."""
    words = [f"word{number}" for number in range(sum(sizes))]
    ends = list(accumulate(sizes))
    parts = [words[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    if data.draw(st.booleans(), "part of the blocks"):
        start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(words))] * 2)))
        shown = words[start:end]
    else:
        shown = ["before", *words[: ends[data.draw(st.integers(0, len(parts) - 1))]], "after"]
    message = {
        "bot_id": "B1",
        "text": " ".join(shown),
        "blocks": [{"type": "section", "text": text("*" + " ".join(part) + "*")} for part in parts],
    }
    read = message_text(message).words
    assert sorted(re.findall(r"\w+", read)) == sorted({*words, *shown})


# Anything at all ------------------------------------------------------------------------------------------------------

KEYS = (
    *("type", "subtype", "bot_id", "text", "blocks", "attachments", "files", "name", "title", "elements", "rows"),
    *("fields", "value", "message_blocks", "message", "is_share", "author_name", "author_id", "fallback", "caption"),
    *("indent", "offset", "style", "skin_tone", "timestamp", "url", "user_id", "child_blocks", "output"),
)
LEAVES = (
    *(
        "rich_text",
        "rich_text_list",
        "rich_text_section",
        "table",
        "section",
        "context",
        "header",
        "link",
        "raw_number",
    ),
    *("mrkdwn", "plain_text", "words", "<@U1>", "&", "\ud800", "", None, True, -1, 10**400, 1e300, float("inf")),
)


def anything(chance: random.Random, depth: int) -> object:
    """A value of any shape, under the names that messages have."""
    shape = chance.random() if depth else 1.0
    if shape < 0.4:
        return [anything(chance, depth - 1) for _ in range(chance.randrange(4))]
    if shape < 0.9:
        return {chance.choice(KEYS): anything(chance, depth - 1) for _ in range(chance.randrange(6))}
    return chance.choice(LEAVES)


@few
@given(st.integers(0, 2**32))
def test_whatever_a_message_holds_nothing_is_raised_and_little_is_read(seed: int) -> None:
    chance = random.Random(seed)
    message = {key: anything(chance, 4) for key in chance.sample(KEYS, 12)}
    read = message_text(message)
    assert len(quoted_text(read)) < 20_000
    json.dumps(asdict(read))  # it is stored


def test_of_two_long_forwards_both_are_read() -> None:
    shared = [
        forward(text=words, message_blocks=[{"message": {"blocks": [rich(says(words))]}}])
        for words in ("one " * 1_400, "two " * 1_400)
    ]
    read = message_text({"attachments": shared})
    assert [quote.text.split().count(word) for quote, word in zip(read.quotes, ("one", "two"), strict=True)] == [
        1_400
    ] * 2


def nested(depth: int) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "section", "text": text("at the bottom")}
    for _ in range(depth):
        block = {"type": "container", "child_blocks": [block]}
    return block


@pytest.mark.parametrize(
    "message",
    [
        {"attachments": [{"text": "x <@" * 100_000, "fields": [{"title": "a", "value": "b" * 1_000}] * 5_000}] * 100},
        {"attachments": [{"image_url": "https://example.com/x.png"}] * 100_000},
        {"attachments": [forward(message_blocks=[{"message": {"attachments": [{"text": "b"}] * 1_000}}] * 1_000)] * 9},
        {"text": "w " * 20_000, "attachments": [{"text": "w"}] * 100_000},
        {"blocks": [nested(5_000)] * 3},
        {"blocks": [{"type": "table", "rows": [[text("1", "raw_text")] * 1_000] * 1_000}]},
        {"files": [{"name": "n" * 100_000}] * 10_000},
    ],
    ids=["long", "empty", "forwards", "repeated", "deep", "table", "files"],
)
def test_however_much_a_message_holds_only_so_much_is_read(message: dict[str, Any]) -> None:
    read = message_text(message)
    assert sum(len(quote.text) for quote in read.quotes) < 13_000
    assert len(read.words) < 60_000
    assert len(read.quotes) <= 20
    assert len(read.files) <= 50
    assert sum(map(len, read.files)) < 25_000


def test_a_text_that_is_cut_ends_in_no_half_mention_or_escape() -> None:
    assert Room(10).text("hello <@U12345>") == "hello…"
    assert Room(8).text("a b &amp; c") == "a b…"
    assert Room(3).text("abc") == "abc"

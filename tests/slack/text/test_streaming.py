"""Markdown on its way into streamed messages: whatever its cuts, the same text in order, within the limits."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.playground.slack.pings import pings, urls
from bot.slack.text.limits import STREAM_BYTES
from bot.slack.text.streaming import StreamText
from tests.examples import examples
from tests.slack.text.test_long import essay, numbers


def streamed(pieces: list[str], *, chance: random.Random, most: int | None = None) -> tuple[list[str], str]:
    """The messages that a text becomes whose pieces come one by one and are now and then taken; and the rest."""
    text, messages = StreamText(most=most), [""]

    def take(*, growing: bool) -> bool:
        piece = text.piece(growing=growing, ends_soon=chance.random() < 0.01)
        if piece is None:
            return False
        text.taken(piece)
        messages[-1] += piece.markdown
        if piece.full:
            text.close()
            messages.append("")
        return not growing and not piece.whole

    for piece in pieces:
        text.append(piece)
        if chance.random() < 0.3:
            take(growing=True)
    while take(growing=False):
        pass
    return [message for message in messages if message], text.rest()


def cut(text: str, chance: random.Random) -> list[str]:
    pieces, at = [], 0
    while at < len(text):
        size = chance.choice([1, 3, 9, 40])
        pieces.append(text[at : at + size])
        at += size
    return pieces


@pytest.mark.parametrize("seed", range(6))
def test_a_long_text_stands_whole_and_in_order_in_messages_of_their_size(seed: int) -> None:
    chance, text = random.Random(seed), essay(30_000)
    messages, rest = streamed(cut(text, chance), chance=chance)
    assert rest == ""
    assert all(len(message.encode()) <= STREAM_BYTES for message in messages)
    assert len(messages) <= len(text.encode()) // (STREAM_BYTES // 2) + 1
    headers = "| Key | Value | Link |"
    assert numbers("\n".join(messages)) == numbers(text)
    for message in messages:
        assert len(re.findall(r"^```", message, re.MULTILINE)) % 2 == 0  # every code block is closed
        block = {"type": "markdown", "text": message}
        assert pings("", [block], (), frozenset({"general"}), parse=True) == []
        assert urls("", [block]) == []
        rows = message.find("|")
        assert rows < 0 or message.find(headers) <= rows  # no row without its header


def test_code_that_is_cut_is_opened_again_with_its_language() -> None:
    text = "Look:\n\n```python\n" + "".join(f"line{n} = {n}\n" for n in range(2_000)) + "```\nDone."
    messages, _ = streamed([text], chance=random.Random(1))
    assert len(messages) > 2
    for message in messages[1:]:
        assert message.startswith("```python\n")
    for message in messages[:-1]:
        assert message.endswith("\n```")
    assert messages[-1].endswith("```\nDone.")
    assert re.findall(r"line\d+", "".join(messages)) == [f"line{n}" for n in range(2_000)]


def test_code_in_a_list_is_closed_where_it_stands() -> None:
    text = "1. Look:\n\n   ```sh\n" + "".join(f"   word{n}\n" for n in range(1_500)) + "   ```\n2. Done."
    messages, _ = streamed([text], chance=random.Random(1))
    assert messages[0].endswith("\n   ```")
    assert messages[1].startswith("   ```sh\n")


def test_code_in_a_list_is_closed_once() -> None:
    text = "1. Look:\n   ```sh\n   word\n   ```\n2. Done, [a](https://e.example)."
    messages, _ = streamed(list(text), chance=random.Random(1))
    assert messages == ["1. Look:\n   ```sh\n   word\n   ```\n2. Done, a (`https://e.example`)."]


def test_a_part_after_a_tool_begins_anew_and_ends_code() -> None:
    text = StreamText()
    text.append("```python\nx = 1\n")
    text.paragraph_break()
    text.append("After.")
    piece = text.piece(growing=False)
    assert piece is not None
    assert piece.markdown == "```python\nx = 1\n```\n\nAfter."


def test_what_the_last_message_has_no_room_for_is_the_rest() -> None:
    text = " ".join(f"w{n}" for n in range(6_000))
    messages, rest = streamed([text], chance=random.Random(1), most=2)
    assert len(messages) == 2
    assert " ".join((*messages, rest)).split() == text.split()


def test_the_unsettled_text_begins_with_the_last_message_or_behind_it() -> None:
    text = StreamText()
    text.append("```python\n" + "x = 1\n" * 2_000)
    first = text.piece(growing=True)
    assert first is not None
    assert first.full
    text.taken(first)
    assert "".join(text.unsettled(last_message=True)) == "```python\n" + "x = 1\n" * 2_000
    text.close()
    behind = "".join(text.unsettled(last_message=False))
    assert behind.startswith("```python\n")
    assert behind.count("x = 1") + first.markdown.count("x = 1") == 2_000


HOSTILE = (
    *(sign * 50_000 for sign in ("[", "`", "<", "|", "> ", "1. ", "` `` ", "]( [", "&lt;", "x", "漢")),
    " " * 50_000 + "x",
    "https://" + "x" * 60_000,
    "```" + "y" * 30_000,
    "|a|" * 9_000 + "\n" + "|-|" * 9_000 + "\n" + "|b|" * 9_000,
)


@pytest.mark.slow
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: f"{text[:6]}…")
def test_hostile_text_ends_and_keeps_its_limits(hostile: str) -> None:
    messages, _ = streamed([hostile], chance=random.Random(1))
    assert all(len(message.encode()) <= STREAM_BYTES for message in messages)
    shown = "".join(messages)
    for sign in "xyab漢1":
        assert shown.count(sign) >= hostile.count(sign) * (sign != "y")


PARTS = (
    *(
        "word ",
        "**",
        "漢字",
        "x",
        "\n",
        "\n\n",
        "\\",
        "&lt;",
        "<",
        ">",
        "[",
        "]",
        "(",
        ")",
        "`",
        "``",
        "```\n",
        "~~~\n",
    ),
    *(
        "| a | b |\n",
        "|---|---|\n",
        "- ",
        "> ",
        "1. ",
        "](https://e.example)",
        "@here ",
        "<!here>",
        "https://e.example ",
    ),
)


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=40), st.integers(0, 5))
@example(["`", "``", "@here "], 0)  # behind a fence's marks
def test_whatever_a_model_writes_nothing_is_live_and_no_letter_is_lost(pieces: list[str], seed: int) -> None:
    messages, _ = streamed(pieces, chance=random.Random(seed))
    shown = "\n".join(messages)
    block = {"type": "markdown", "text": shown}
    assert pings("", [block], (), frozenset(), parse=True) == []
    letters = re.compile(r"word|漢字|x|e\.example|here")
    assert letters.findall(shown) == letters.findall("".join(pieces).replace("&lt;", "").rstrip("\n"))

"""Hostile text in a stream, cut anywhere: by the model's tokens, by our own pieces, between two messages."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.playground.slack.pings import urls
from bot.slack.text.neutralise import kept_apart, line, shown
from bot.slack.text.streaming import StreamText
from tests.examples import examples

# Stricter than what Slack is known to read: also without an end, and also behind a backslash.
LIVE = re.compile(
    r"<!(?:here|channel|everyone|subteam\\?\^|date\\?\^)|<[@#][A-Z0-9]{3,}|(?<![\w\u2060])@(?:here|channel|everyone)\b"
)


def live(messages: list[str]) -> list[str]:
    return [found[0] for message in messages for found in LIVE.finditer(message)]


def streamed(parts: list[str]) -> tuple[list[str], list[str]]:
    """The messages that a text becomes, of which all that can be shown is taken after each part; and their versions."""
    text, messages, versions = StreamText(), [""], []

    def take(*, growing: bool) -> bool:
        piece = text.piece(growing=growing)
        if piece is None:
            return False
        text.taken(piece)
        messages[-1] += piece.markdown
        versions.append(messages[-1])
        if piece.full:
            text.close()
            messages.append("")
        return piece.full or not piece.whole

    for part in parts:
        text.append(part)
        while take(growing=True):
            pass
    while take(growing=False):
        pass
    return messages, versions


HOSTILE = (
    *("<!here>", "<!channel|x>", "<!subteam^S123ABC>", "<!date^1^{date}|x>", "<@U12345678>", "<#C12345678|x>"),
    *("@everyone", "(@channel)", "\\<!here>", "\\<#C12345678>", "\\<@U12345678>", "<\\!here>", "<!subteam\\^S123ABC>"),
    *("&lt;!here&gt;", "&#60;!here>", "<!&#104;ere>", "<&#33;here>", "@&#104;ere", "<@&#85;12345678>", "&commat;here"),
    *("[<!&#104;ere>](x)", "<[!here](x)>", "&amp;lt;!here&amp;gt;"),
)
BEFORE = {
    "nothing": "",
    "a word too long to wait for": "x" * 1_990,
    "signs too many to wait for": "(" * 1_990,
    "code": "```\n",
    "a line of code that is cut": "```\n" + "x" * 990,
    "a row": "| a | b |\n|---|---|\n| ",
}


@pytest.mark.slow
@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_nothing_is_live_wherever_a_token_ends(before: str) -> None:
    for hostile in HOSTILE:
        for place in range(1, min(len(hostile), 16)):
            messages, _ = streamed([before + hostile[:place], f"{hostile[place:]} end\n"])
            assert live(messages) == [], (hostile, place)


@pytest.mark.parametrize("before", ["```\n", "", "> ```\n> "])
def test_nothing_is_live_wherever_a_piece_of_ours_ends(before: str) -> None:
    for hostile in HOSTILE:
        for length in range(1_001 - min(len(hostile), 16), 1_001):
            messages, _ = streamed([f"{before}{'x' * length}{hostile} end\n"])
            assert live(messages) == [], (hostile, length)


@pytest.mark.parametrize("address", ["https://evil.example/?q=1", "www.evil.example"])
def test_no_address_is_linked_wherever_a_token_ends(address: str) -> None:
    for place in range(len(address) + 1):
        messages, _ = streamed(["(" * 2_000 + address[:place], f"{address[place:]} end"])
        assert urls("", [{"type": "markdown", "text": messages[0]}]) == []
        assert not re.search(r"(?<![\u2060`\w.])www\.evil", messages[0])


def test_code_is_left_as_it_is_where_nothing_would_be_live() -> None:
    source = "```js\nif (!here && a@b.example) {}  // #general x <y\n" + "y" * 2_500 + "\n```\n"
    messages, _ = streamed([source])
    assert "".join(messages).replace("!\u2060here", "!here").strip() == source.strip()


def test_two_pieces_are_kept_apart_only_where_they_must_be() -> None:
    assert kept_apart("<!he", "re>") == "\u2060re>"
    assert kept_apart("<!he ", "re>") == "re>"
    assert kept_apart("", "<!here") == "<!here"
    assert kept_apart("a", "b") == "b"


def test_an_entity_is_no_line_of_its_own_and_no_control() -> None:
    assert "\n" not in shown("a&#10;&NewLine;```&#13;b")
    assert "\u202e" not in shown("&#x202e;x &#8238;")


FRAGMENTS = (
    *HOSTILE,
    *("```\n", "~~~\n", "\n", "\n\n", "| ", "a ", "`", "``", "[x](", "](http://e.example)", "\\", "<", "!", "@", "#"),
    *("x" * 990, "x" * 1_995, " " * 990, "(" * 500, "https://e.example/", "<https://e.example|@here>", "**", "\u2028"),
    *(
        "\t",
        "\r",
        "\r\n",
        "\n> ",
        "- ",
        "here",
        "channel>",
        "U12345678>",
        "&#60;",
        "&lt;",
        "<br>",
        "\u202e",
        "\x00",
        "\ud83d",
    ),
)


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=12), st.sampled_from([1, 3, 50, 5_000]))
@example(["```\n", "x" * 990, "<!channel|x>"], 5_000)
@example(["\\<#C12345678>"], 1)
def test_whatever_comes_in_whatever_pieces_no_version_has_anything_live(fragments: list[str], size: int) -> None:
    text = "".join(fragments)
    size = max(size, len(text) // 60)
    _, versions = streamed([text[start : start + size] for start in range(0, len(text), size)])
    assert live(versions) == []
    whole = "".join(piece for piece, _ in line(text.replace("\n", " "), final=True))
    assert live([whole]) == []

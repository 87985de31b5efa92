"""A model's Markdown for a stream: nothing in it is live, nothing of it is lost."""

from __future__ import annotations

import re

import pytest

from bot.playground.slack.pings import pings, urls
from bot.slack.text.neutralise import code, line, shown

JOINER = "\u2060"
CHANNELS = frozenset({"general", "random"})


def seen(text: str) -> str:
    """What a person reads, the invisible left out."""
    return shown(text).replace(JOINER, "")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain **bold** _it_", "plain **bold** _it_"),
        ("[docs](https://example.com)", "docs (`https://example.com`)"),
        ('[docs](https://example.com "a title")', "docs (`https://example.com`)"),
        ("![a chart](https://example.com/x.png)", "a chart (`https://example.com/x.png`)"),
        ("[![a](https://e.example/1)](https://e.example/2)", "a (`https://e.example/2`)"),
        ("[a [1] b](https://e.example) [2]", "a [1] b (`https://e.example`) [2]"),
        ("[https://good.example](https://evil.example)", "`https://good.example` (`https://evil.example`)"),
        ("[wiki](https://e.example/a_(b))", "wiki (`https://e.example/a_(b)`)"),
        ("[to a heading](#there)", "to a heading"),
        ("see https://example.com/a?b=1, please", "see `https://example.com/a?b=1`, please"),
        ("(https://example.com/a_(b))", "(`https://example.com/a_(b)`)"),
        ("www.example.com!", "`www.example.com`!"),
        ("<https://example.com>", "`https://example.com`"),
        ("<https://example.com|here>", "here (`https://example.com`)"),
        ("[1]: https://example.com", "\\[1]: `https://example.com`"),
        ("- [ ] a box, [x] another, a note[2]", "- [ ] a box, [x] another, a note[2]"),
        ("`https://example.com` ``a`b``", "`https://example.com` ``a`b``"),
        ("an `open end", "an \\`open end"),
        ("a&amp;b &lt;tag&gt; &copy; &nonsense;", "a\\&b \\<tag\\> © &nonsense;"),
        ("one<br>two<br/>three", "one two three"),
        ("a@b.example, x < y, 1<2", "a@b.example, x < y, 1<2"),
        ("| [a](https://e.example) | `b` |", "| a (`https://e.example`) | `b` |"),
    ],
)
def test_what_a_line_becomes(written: str, read: str) -> None:
    assert seen(written) == read


HOSTILE = [
    "<!here> <!channel|x> <!everyone>",
    "<!subteam^S123ABC> <!subteam^S123ABC|@team>",
    "<@U123ABC> <@W123ABC|name> <#C123ABC>",
    "@here @channel, (@everyone)",
    "#general and #random",
    "\\<!here> \\@here &lt;!here&gt; &#60;!here&#62; <&#33;here> &#64;here",
    "<[here](https://e.example)> @[here](https://e.example) <![here](x)> <!`here`>",
    "`<!here>` `@here` ``<@U123ABC>``",
    "https://e.example/q?secret=1 HTTPS://E.EXAMPLE/x ftp://e.example",
    "[a](https://e.example/1)[b](<https://e.example/2>)[c]( https://e.example/3 't' )",
    "[![a](https://e.example/1)](https://e.example/2) [a [b] c](https://e.example/3)",
    "[a]\n(https://e.example)",
    "[a\\](https://e.example) \\[b](https://e.example)",
    "` https://e.example `` https://e.example",
    "[a](<https://e.example/ <!here> &#x202e;`x`>) [b](https://e.example/a `b` &lt;!here&gt; @here)",
    "<https://e.example/ `@here`|c> <https://e.example/ <!here>",
    "https://e.example/a，https://e.example/b。@here https://e.example/**<!here>**",
    "<a href='https://e.example'>x</a> <img src=https://e.example>",
    "[ref]: https://e.example\n[ref][ref] [ref]: <https://e.example>",
    "x" * 900 + "[" + "y" * 900 + "](https://e.example)",
    "<https://e.example/" + "x" * 4_000 + "> @here",
    "`" * 50 + "https://e.example" + "`" * 49,
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_is_live(hostile: str) -> None:
    for text in ("\n".join(map(shown, hostile.split("\n"))), code(hostile)):
        block = {"type": "markdown", "text": text}
        found = pings(text, [block], (), CHANNELS, parse=True)
        assert [ping for ping in found if not ping.startswith("#")] == []
    assert pings("", [{"type": "markdown", "text": shown(hostile.replace("\n", " "))}], (), CHANNELS, parse=True) == []
    lines = "\n".join(map(shown, hostile.split("\n")))
    assert urls("", [{"type": "markdown", "text": lines}]) == []


LETTERS = re.compile(r"[^\W_]+")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_however_it_comes_it_becomes_the_same(hostile: str) -> None:
    text = hostile.replace("\n", " ")
    whole = shown(text)
    for step in (1, 2, 3, 7, 50) if len(text) < 1_000 else (50, 333):
        out, at = "", 0
        for end in range(step, len(text) + step, step):
            final = end >= len(text)
            pieces = list(line(text[at:end], final=final))
            out += "".join(piece for piece, _ in pieces)
            at += pieces[-1][1] if pieces else 0
        assert LETTERS.findall(out) == LETTERS.findall(whole)

"""Every syntax that notifies somebody, and the same letters where they notify nobody."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.slack.pings import mentions, pings, urls
from bot.playground.slack.rules import check_blocks
from bot.playground.slack.typed import typed_blocks

USER = {"type": "user", "user_id": "U1"}
NAMES = frozenset({"general"})


def mrkdwn(words: str, **more: Any) -> list[dict[str, Any]]:
    return [{"type": "section", "text": {"type": "mrkdwn", "text": words, **more}}]


def rich(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}]


@pytest.mark.parametrize(
    ("text", "blocks", "found"),
    [
        ("<@U1> and <@W2|bob>", [], ["U1", "W2"]),
        ("<!channel> <!here|here> <!everyone>", [], ["channel", "here", "everyone"]),
        ("<!subteam^S1|@team>", [], ["S1"]),
        ("@here @channel #general", [], []),
        ("&lt;!channel&gt; &lt;@U1&gt;", [], []),
        ("<!channel>", mrkdwn("x"), []),
        ("", mrkdwn("<!channel> `<@U1>`"), ["channel", "U1"]),
        ("", mrkdwn("@here, #general, #7, #nowhere, a@here.example"), ["here", "general"]),
        ("", mrkdwn("@here #general", verbatim=True), []),
        ("", mrkdwn("<@U1>", verbatim=True), ["U1"]),
        ("", [{"type": "header", "text": {"type": "plain_text", "text": "<!here> @here"}}], []),
        ("", [{"type": "context", "elements": [{"type": "mrkdwn", "text": "@everyone"}]}], ["everyone"]),
        ("", [{"type": "markdown", "text": "<!channel> @here"}], ["channel", "here"]),
        ("", rich({"type": "text", "text": "<!channel> @here <@U1> #general"}), []),
        (
            "",
            rich(
                USER,
                {"type": "usergroup", "usergroup_id": "S1"},
                {"type": "broadcast", "range": "channel"},
            ),
            ["U1", "S1", "channel"],
        ),
        ("", [{"type": "table", "rows": [[{"type": "raw_text", "text": "<!here>"}, *rich(USER)]]}], ["U1"]),
        ("", [{"type": "container", "child_blocks": mrkdwn("<!here>")}], ["here"]),
    ],
)
def test_pings(text: str, blocks: list[dict[str, Any]], found: list[str]) -> None:
    live = [target.removeprefix("#") for target in pings(text, blocks, (), NAMES, parse=False)]
    assert live == found


def test_parse_full_makes_bare_names_live() -> None:
    assert pings("@here #general", [], (), NAMES, parse=True) == ["here", "#general"]
    assert pings("x", [], [{"text": "<!here>"}], NAMES, parse=False) == ["here"]


@pytest.mark.parametrize(
    ("text", "blocks", "found"),
    [
        ("see <https://a.example/x?q=1|here>", [], ["https://a.example/x?q=1"]),
        ("https://a.example", rich({"type": "text", "text": "http://b.example"}), []),
        ("", rich({"type": "link", "url": "https://a.example"}), ["https://a.example"]),
        ("", mrkdwn("<https://a.example> http://b.example"), ["https://a.example", "http://b.example"]),
    ],
)
def test_what_slack_would_fetch(text: str, blocks: list[dict[str, Any]], found: list[str]) -> None:
    assert urls(text, blocks) == found


def test_what_a_person_typed() -> None:
    assert mentions("hi <@U1|bot>", "U1")
    assert not mentions("hi &lt;@U1&gt; <@U12>", "U1")
    [block] = typed_blocks("<@U1> a &amp; b")
    assert block == rich({"type": "user", "user_id": "U1"}, {"type": "text", "text": " a & b"})[0]
    assert typed_blocks("") == ()
    typed = "<#C1|general> <!here>: <https://a.example/?a=1&amp;b=2> or <mailto:a@b.example|me> &lt;x&gt; <y>"
    [block] = typed_blocks(typed)
    assert (
        block
        == rich(
            {"type": "channel", "channel_id": "C1"},
            {"type": "text", "text": " "},
            {"type": "broadcast", "range": "here"},
            {"type": "text", "text": ": "},
            {"type": "link", "url": "https://a.example/?a=1&b=2"},
            {"type": "text", "text": " or "},
            {"type": "link", "url": "mailto:a@b.example", "text": "me"},
            {"type": "text", "text": " <x> <y>"},
        )[0]
    )
    check_blocks([block])

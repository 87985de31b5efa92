"""What the bot does differently where something was verified of Slack: the real bot, over the wire, either way."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping

import pytest

from bot.certify.scene import has
from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox
from bot.playground.slack import Message
from bot.slack.verified import CONSULTED, STREAM_TO_RICH_TEXT
from bot.store.certificates import RedisCertificates
from bot.store.redis import RedisStore

START, EDIT = "chat.startStream", "chat.update"
LINK = "https://example.com/guide"


@pytest.fixture
async def certificates(home: Sandbox) -> AsyncIterator[RedisCertificates]:
    store = RedisStore.at(home.redis_url)
    yield store.certificates
    await store.aclose()


def report(*holds: str, shares: Mapping[str, float] | None = None) -> str:
    rows = [{"name": name, "result": "holds"} for name in holds]
    return json.dumps({"version": "1", "at": 0, "shares": dict(shares or {}), "assumptions": rows})


def called(home: Sandbox, *methods: str) -> list[str]:
    return [call.answer for call in home.slack.calls if call.method in methods]


async def answered(home: Sandbox, text: str) -> list[Message]:
    """The messages of an answer with that text, which comes in pieces and not at once."""
    pieces = [text[start : start + 40] for start in range(0, len(text), 40)]
    home.flowise.script("rag", Script(tokens=pieces, token_wait=0.0 if len(pieces) > 20 else 0.05))
    root = await home.ask(f"{home.mention} grow")
    await home.answered(root, timeout=30)
    return home.slack.thread(home.channel, root)[1:]


TEXT = "Some words come first, then more of them. " * 4 + f"See [the guide]({LINK}), which says it all."


@pytest.mark.parametrize("as_reported", [False, True])
async def test_links_become_clickable_by_one_last_edit_where_it_works(
    home: Sandbox, certificates: RedisCertificates, *, as_reported: bool
) -> None:
    if as_reported:
        home.slack.reported.add(STREAM_TO_RICH_TEXT)
    await certificates.keep(home.slack.team_id, report(*CONSULTED))
    async with home.bot():
        [first] = await answered(home, TEXT)
        begun = called(home, START)
        [second] = await answered(home, TEXT)
    assert begun == ["ok"]
    assert TEXT.split("See", maxsplit=1)[0].strip() in first.plain
    assert "the guide" in first.plain
    if as_reported:
        # The streamed answer stands whole, its link as text; the next one grows by edits, where links are links.
        assert called(home, EDIT)[0] == "block_mismatch"
        assert LINK in first.plain
        assert first.blocks[0]["type"] == "markdown"
        assert called(home, START) == ["ok"]
        assert await certificates.failed(home.slack.team_id) == {STREAM_TO_RICH_TEXT}
    else:
        assert called(home, EDIT) == ["ok", "ok"]
        assert called(home, START) == ["ok", "ok"]
        assert has(first.blocks, type="link", url=LINK)
    assert has(second.blocks, type="link", url=LINK)
    assert (home.slack.pings, home.slack.previews, home.slack.violations) == ([], [], [])


async def test_each_message_with_a_link_is_edited_and_no_other(home: Sandbox, certificates: RedisCertificates) -> None:
    await certificates.keep(home.slack.team_id, report(*CONSULTED))
    paragraph = "Words that fill a message, one after the other, until it is full. " * 15 + "\n\n"
    async with home.bot():
        messages = await answered(home, f"[first]({LINK}/1)\n\n{paragraph * 20}[last]({LINK}/2)")
    assert len(messages) >= 3
    assert [has(message.blocks, type="link") for message in messages] == [
        number in (0, len(messages) - 1) for number in range(len(messages))
    ]
    assert called(home, EDIT) == ["ok", "ok"]


async def test_without_a_report_all_is_by_edits_and_without_a_link_nothing_is_edited(
    home: Sandbox, certificates: RedisCertificates
) -> None:
    async with home.bot():
        await answered(home, TEXT)
    assert called(home, START) == []
    await certificates.keep(home.slack.team_id, report(*CONSULTED))
    before = len(called(home, EDIT))
    async with home.bot():
        await answered(home, TEXT.split("See", maxsplit=1)[0])
    assert called(home, START) == ["ok"]
    assert len(called(home, EDIT)) == before


# Of an answer, whatever Slack is like: words in order, a list, a table, an emoji, code with a language, a link.
RICH = (
    "word0 word1 word2\n\n- word3\n- word4 :rocket:\n\n| word5 | word6 |\n|---|---|\n| word7 | word8 |\n\n"
    f"```python\nword9\n```\n\n[word10]({LINK})\n\n" + "".join(f"word{number} " for number in range(11, 60))
)
REPORTED = (
    *("rich_text", "table", "blank_lines", "emoji_by_name", "edit_unmarked", "metadata_found", "long_pages"),
    *("status_line", "buttons_after_edit", "plan_edited", "stream_to_rich_text", "joiner_in_streams"),
    *("buttons_in_stream", "stream_size", "stream_life"),
)


@pytest.mark.parametrize("mode", ["edit", "stream"])
async def test_an_answer_is_whole_as_documented_and_as_reported(
    home: Sandbox, certificates: RedisCertificates, mode: str
) -> None:
    await certificates.keep(home.slack.team_id, report(*CONSULTED))
    async with home.bot(slack_delivery=mode):
        for reported in ((), REPORTED):
            home.slack.reported.update(reported)
            messages = await answered(home, RICH)
            found = re.findall(r"\bword(\d+)\b", "\n".join(message.plain for message in messages))
            assert list(map(int, found)) == list(range(60)), reported
    assert (home.slack.pings, home.slack.previews) == ([], [])


@pytest.mark.parametrize("as_reported", [False, True])
async def test_a_stream_that_breaks_goes_on_in_its_message_or_in_a_new_one(home: Sandbox, *, as_reported: bool) -> None:
    if as_reported:
        home.slack.reported.add(STREAM_TO_RICH_TEXT)
    for method in ("chat.appendStream", "chat.stopStream"):  # whichever comes first
        home.slack.refuse(method, "message_not_in_streaming_state")
    async with home.bot(slack_delivery="stream"):
        [message] = await answered(home, TEXT)
    assert TEXT.split("See", maxsplit=1)[0].strip() in message.plain
    assert has(message.blocks, type="link", url=LINK)
    assert called(home, "chat.postMessage") == (["ok"] if as_reported else [])
    assert called(home, "chat.delete") == (["ok"] if as_reported else [])

"""A message is read as it stands, and whether somebody has written in a thread, from a local Slack."""

from __future__ import annotations

import pytest

from bot.errors import SlackRefused
from bot.playground.slack import LocalSlack
from bot.records.thread import Thread
from bot.slack.calls import Posted, PostMessage, UpdateMessage
from bot.slack.client import SlackClient
from bot.slack.messages import StandingMessage
from bot.slack.text.blocks import plain
from bot.slack.text.decision_blocks import decided, decision_buttons, decision_note

ASKS = (*plain("Shall I?"), decision_note("Decide."), decision_buttons("Yes", "No", ("says yes", "says no"), "[]"))


@pytest.mark.parametrize("in_thread", [True, False])
async def test_a_message_is_read_and_its_buttons_replaced(
    in_thread: bool,
    slack: LocalSlack,
    client: SlackClient,
    ada: str,
    channel: str,
) -> None:
    place = channel if in_thread else slack.dm(ada)
    root = await slack.say(ada, place, "hello")
    thread = Thread(slack.team_id, place, root if in_thread else "")
    posted = await client.call(PostMessage(place, "Shall I? &lt;", ASKS, thread.thread_ts or None))
    await client.call(PostMessage(place, "later", (), thread.thread_ts or None))
    assert isinstance(posted, Posted)
    standing = await client.standing(thread, posted.ts)
    assert standing is not None
    assert standing.text == "Shall I? &lt;"
    blocks = decided(standing.blocks, "ada chose “Yes”.")
    assert blocks is not None
    await client.call(UpdateMessage(place, posted.ts, standing.text, blocks))
    changed = await client.standing(thread, posted.ts)
    assert isinstance(changed, StandingMessage)
    assert [block["type"] for block in changed.blocks] == ["rich_text", "context"]
    assert decided(changed.blocks, "again") is None
    assert slack.violations == []


async def test_a_message_that_is_gone_is_none(slack: LocalSlack, client: SlackClient, ada: str, channel: str) -> None:
    root = await slack.say(ada, channel, "hello")
    thread = Thread(slack.team_id, channel, root)
    assert await client.standing(thread, f"{float(root) + 1:.6f}") is None
    with pytest.raises(SlackRefused):
        await client.standing(Thread(slack.team_id, channel, "1.000001"), "1.000002")


async def test_who_has_written_in_a_thread(slack: LocalSlack, client: SlackClient, ada: str, channel: str) -> None:
    bob, eve = slack.user("bob"), slack.user("eve")
    root = await slack.say(ada, channel, "hello")
    await slack.say(bob, channel, "and I", thread_ts=root)
    await slack.say(eve, channel, "elsewhere")
    thread = Thread(slack.team_id, channel, root)
    slack.core.workspace.longest_page = 1
    assert [await client.wrote(thread, user) for user in (ada, bob, eve)] == [True, True, False]

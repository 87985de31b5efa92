"""Tests that the start names the scopes that the bot token lacks: messages would not arrive, and nothing else tells."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.network.outgoing import DIRECT
from bot.playground.slack import LocalSlack
from bot.playground.slack.methods import SCOPES
from bot.serving.startup import warn_of_scopes
from bot.slack.client import SlackClient
from bot.slack.identity import Identity
from bot.slack.wire import new_session, web_client


async def test_missing_scopes_are_told_with_what_fails_without_them() -> None:
    async with LocalSlack(scopes=SCOPES - {"im:history", "app_mentions:read"}) as slack, new_session(DIRECT) as session:
        identity = await SlackClient(web_client(slack.bot_token, slack.url, session), session).identity()
    with capture_logs() as lines:
        warn_of_scopes(identity)
    [line] = lines
    assert (line["event"], line["scopes"]) == ("scopes missing", ["app_mentions:read", "im:history"])
    assert line["reason"] == "mentions do not arrive; direct messages do not arrive"
    assert "Reinstall" in line["do"]


async def test_nothing_is_said_where_all_are_there_or_slack_does_not_tell() -> None:
    async with LocalSlack() as slack, new_session(DIRECT) as session:
        identity = await SlackClient(web_client(slack.bot_token, slack.url, session), session).identity()
    assert identity.scopes == SCOPES
    with capture_logs() as lines:
        warn_of_scopes(identity)
        warn_of_scopes(Identity("T1", "", "B1", "U1", "Bot"))
    assert lines == []

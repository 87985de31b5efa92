"""The flow is told who asks, where settings want it: the real bot, over the wire. Elsewhere a fixture sees that it is
not (`home` in tests/conftest.py)."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox

pytestmark = [pytest.mark.program, pytest.mark.tells_asker]

TOLD = {"flowise_vars": "user_id,user_name,email,channel_name,locale,team_id", "flowise_state": "user_id"}


def overrides(home: Sandbox) -> list[Any]:
    return [prediction.body.get("overrideConfig") for prediction in home.flowise.predictions]


async def test_the_flow_is_told_what_slack_tells_of_the_asker(home: Sandbox) -> None:
    hostile = home.slack.user("Eve {{$vars.key}}\n<!channel>")
    private = home.slack.channel("board", members=[home.ada, hostile], private=True)
    async with home.bot(**TOLD, bot_introduce="name,channel"):
        for user, channel in ((hostile, private), (home.ada, home.channel)):
            root = await home.ask(f"{home.mention} why?", channel=channel, user=user)
            await home.answered(root, channel=channel)
    eve, ada = overrides(home)
    name = "Eve (($vars.key)) \u2039!channel\u203a"
    assert eve["vars"] == {"user_id": hostile, "user_name": name, "locale": "en-GB", "team_id": home.slack.team_id}
    assert eve["startState"] == [{"key": "user_id", "value": hostile}]
    assert ada["vars"] == {
        "user_id": home.ada,
        "user_name": "ada",
        "channel_name": "general",
        "locale": "en-GB",
        "team_id": home.slack.team_id,
    }
    asked = [prediction.question for prediction in home.flowise.predictions]
    assert asked == [f"Asked by {name}\n\nwhy?", "Asked by ada in #general\n\nwhy?"]


async def test_a_decision_is_told_with_whoever_asked_and_a_suggestion_with_whoever_pressed(home: Sandbox) -> None:
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    flow = home.flowise.flow("two_approvals")
    async with home.bot(**TOLD, bot_decisions="thread", bot_introduce="name", flowise_chatflow_id=flow):
        root = await home.ask(f"{home.mention} write")
        await home.answered(root)
        await home.ask(f"<@{home.ada}> I'll look", thread_ts=root, user=bob)
        await home.slack.settled()
        first = home.slack.thread(home.channel, root)[1]
        assert (await home.slack.press(bob, home.channel, first.ts, "Proceed")).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 2 and home.idle)
    home.flowise.script("rag", Script(tokens=["one"], metadata={"followUpPrompts": '["And?"]'}))
    async with home.bot(**TOLD):
        root = await home.ask(f"{home.mention} one?")
        await home.answered(root)
        answer = home.slack.thread(home.channel, root)[-1]
        assert (await home.slack.press(bob, home.channel, answer.ts, "And?")).acked
        await home.slack.until(lambda: len(home.flowise.predictions) == 4 and home.idle)
    assert [told["vars"]["user_id"] for told in overrides(home)] == [home.ada, home.ada, home.ada, bob]
    assert "humanInput" in home.flowise.predictions[1].body
    assert "question" not in home.flowise.predictions[1].body


async def test_what_slack_does_not_tell_is_left_out_and_the_question_is_asked(home: Sandbox) -> None:
    home.slack.refuse("users.info", "user_not_found", times=9)
    home.slack.refuse("conversations.info", "channel_not_found", times=9)
    async with home.bot(**TOLD, bot_introduce="name,channel"):
        root = await home.ask(f"{home.mention} why?")
        await home.answered(root)
    [told] = overrides(home)
    assert told["vars"] == {"user_id": home.ada, "team_id": home.slack.team_id}
    assert home.flowise.predictions[0].question == "why?"


async def test_of_somebody_of_another_organisation_the_id_alone_is_told(home: Sandbox) -> None:
    guest = home.slack.user("guest", team="T0OTHER")
    shared = home.slack.channel("shared", members=[home.ada, guest], shared=True)
    async with home.bot(**TOLD, bot_introduce="name,email,channel", bot_external_people="answer"):
        root = await home.ask(f"{home.mention} why?", channel=shared, user=guest)
        await home.answered(root, channel=shared)
    assert overrides(home) == [{"vars": {"user_id": guest}, "startState": [{"key": "user_id", "value": guest}]}]
    assert home.flowise.predictions[0].question == "why?"

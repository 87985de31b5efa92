"""Tests the steps with somebody who answers by a list: each way to an app, each transport, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack
from bot.setup.app_steps import AppSteps
from bot.setup.console import Check, GoBack
from bot.setup.flow_steps import FlowSteps
from bot.setup.given import Answers, Flags, Way
from bot.setup.last_steps import LastSteps
from bot.setup.manifest import App, link, manifest
from bot.slack.wording import HELLO


class Listed:
    """A console whose person answers with the next of a list: text, a number, or True and False; "" is the default.

    `said` is all that was shown. An answer that a check refuses is told, and the next one is taken.
    """

    def __init__(self, *answers: str | int) -> None:
        self.answers, self.said = list(answers), ""
        self.asked = 0

    def say(self, text: str = "") -> None:
        self.said += f"{text}\n"

    def line(self, question: str, check: Check, *, default: str = "", flag: str = "") -> str:
        self.say(question)
        while True:
            try:
                return check(str(self._next()) or default)
            except ValueError as error:
                self.say(str(error))

    def secret(self, question: str, check: Check, *, kept: str = "", optional: bool = False, flag: str = "") -> str:
        return self.line(
            question, check if kept or not optional else lambda value: value and check(value), default=kept
        )

    def choose(self, question: str, options: Sequence[str], *, default: int = 0) -> int:
        self.say("\n".join([question, *options]))
        given = self._next()
        return default if given == "" else int(given)

    def confirm(self, question: str, *, default: bool = True) -> bool:
        self.say(question)
        given = self._next()
        return default if given == "" else bool(given)

    def _next(self) -> str | int:
        self.asked += 1
        return self.answers.pop(0)


def app_steps(slack: LocalSlack, console: Listed, **values: str) -> AppSteps:
    return AppSteps(console, Flags(), Answers({"SLACK_API_URL": slack.url, **values}))


async def take(*steps: Callable[[], None]) -> None:
    """Take steps one after the other; they wait for Slack and Flowise, which are served by this loop."""
    for step in steps:
        await asyncio.to_thread(step)


async def test_a_link_is_shown_and_both_tokens_are_looked_at_until_they_are_good() -> None:
    async with LocalSlack() as slack:
        console = Listed("", 0, "xoxb-wrong", slack.bot_token, "xapp-wrong", slack.app_token)
        steps = app_steps(slack, console)
        await take(steps.app, steps.create, steps.bot_token, steps.way_in)
    assert link(manifest(App())) in console.said
    assert console.said.count("invalid_auth. Generate or copy it anew") == 2
    assert "Slack offers a connection" in console.said
    assert steps.answers.to_write == {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
    assert slack.bot_token not in console.said
    assert console.answers == []


async def test_over_http_the_signing_secret_comes_with_the_app() -> None:
    async with LocalSlack() as slack:
        about_app = (0, "Ask Ada", "/ada", 0, 1, "http://b", "bot.example.com", 1)
        console = Listed(*about_app, 1, slack.apps.token, slack.bot_token)
        steps = app_steps(slack, console, SLACK_APP_TOKEN="xapp-of-before")
        await take(steps.app, steps.create, steps.bot_token, steps.way_in)
    app = App("Ask Ada", "/ada", files=False, host="https://bot.example.com", agent=True)
    assert slack.apps.created == [manifest(app)]
    assert "expected an address that begins with https://" in console.said
    assert steps.answers.to_write == {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_COMMAND": "/ada",
        "BOT_AGENT_VIEW": "true",
    }
    assert console.answers == []


async def test_an_agent_of_before_stays_one() -> None:
    async with LocalSlack() as slack:
        steps = app_steps(slack, Listed(""), BOT_AGENT_VIEW="true")
        await take(steps.app)
    assert steps.answers.app == App(agent=True)
    assert steps.answers.to_write == {"BOT_AGENT_VIEW": "true"}


async def test_going_back_makes_no_second_app_unless_another_is_wanted() -> None:
    async with LocalSlack() as slack:
        slack.limits = "off"
        console = Listed(1, slack.apps.token, 1, 1, slack.apps.token)
        steps = app_steps(slack, console)
        await take(steps.create, steps.create)
        assert len(slack.apps.created) == 1
        steps.answers.app = App("Another")
        await take(steps.create)
    assert slack.apps.created == [manifest(App()), manifest(App("Another"))]
    assert console.answers == []


async def test_what_slack_does_not_like_is_told_and_the_token_is_asked_for_again() -> None:
    async with LocalSlack() as slack:
        slack.limits = "off"
        slack.refuse("apps.manifest.create", "restricted_action")
        slack.refuse("apps.manifest.create", "ratelimited")
        console = Listed(1, slack.apps.token, slack.apps.token, slack.apps.token)
        await take(app_steps(slack, console).create)
    assert "ratelimited. Wait a minute" in console.said
    assert "Slack refused apps.manifest.create: restricted_action" in console.said
    assert len(slack.apps.created) == 1


async def test_an_app_that_is_there_needs_its_tokens_and_keeps_those_that_are_set() -> None:
    async with LocalSlack() as slack:
        console = Listed("", "", "")
        given = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
        steps = app_steps(slack, console, **given)
        await take(steps.create, steps.bot_token, steps.way_in)
    assert steps.answers.way is Way.EXISTS
    assert steps.answers.to_write == given


async def test_slack_s_command_line_is_left_all_that_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with LocalSlack() as slack:
        console = Listed(2)
        steps = app_steps(slack, console)
        await take(steps.create, steps.bot_token, steps.way_in)
    assert json.loads((tmp_path / ".slack" / "manifest.json").read_text()) == manifest(App())
    assert steps.answers.to_write == {}
    assert slack.calls == []


async def test_a_flow_that_does_not_answer_is_asked_again_gone_back_from_or_left() -> None:
    async with LocalFlowise(tokens_per_second=10_000) as flowise:
        given = {"FLOWISE_URL": flowise.url, "FLOWISE_CHATFLOW_ID": flowise.flow("fails")}
        console = Listed("", 0, 2, "", 1)
        steps = FlowSteps(console, Flags(), Answers(given))
        await take(steps.answers_now)
        with pytest.raises(GoBack):
            await take(steps.answers_now)
    assert len(flowise.predictions) == 3
    assert console.answers == []


async def test_an_address_of_a_flow_leaves_nothing_to_choose() -> None:
    async with LocalFlowise(api_key="key") as flowise:
        console = Listed("nonsense://", f"{flowise.url}/canvas/{flowise.chatflow_id}", "key")
        steps = FlowSteps(console, Flags(), Answers({}))
        await take(steps.address, steps.key, steps.which)
        assert steps.answers.value("FLOWISE_CHATFLOW_ID") == flowise.chatflow_id
        # A key that may view no flows leaves the id to be typed.
        console = Listed(flowise.url, "another", "no id/", flowise.chatflow_id)
        steps = FlowSteps(console, Flags(), Answers({}))
        await take(steps.address, steps.key, steps.which)
        assert steps.answers.value("FLOWISE_CHATFLOW_ID") == flowise.chatflow_id
    assert "expected the id alone" in console.said


async def test_hello_is_said_in_a_channel_that_the_bot_is_in_and_a_script_is_told_of_others() -> None:
    async with LocalSlack() as slack:
        general = slack.channel("general")
        slack.channel("others", bot_is_member=False)
        answers = Answers({"SLACK_API_URL": slack.url, "SLACK_BOT_TOKEN": slack.bot_token})
        console = Listed(1, 1)
        last = LastSteps(console, Flags(), answers)
        await take(last.hello)
        assert slack.messages(general) == []  # later
        for name, status in (("others", 1), ("#general", 0)):
            last = LastSteps(console, Flags(unattended=True, hello=name), answers)
            await take(last.hello)
            assert last.status == status
    assert [message.plain for message in slack.messages(general)] == [HELLO]
    assert "I am not in #others" in console.said

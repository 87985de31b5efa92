"""Tests the calls of Slack that only the set-up makes, over the wire, and how refusals are told."""

from __future__ import annotations

import copy

import pytest

from bot.errors import NotSlack, SlackRefused, SlackUnavailable
from bot.network.outgoing import DIRECT
from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack
from bot.setup.manifest import App, manifest
from bot.setup.slack_app import Slack, channels, connects, create, installed, say

HTTP = App(host="https://bot.example.com")


async def test_an_app_is_made_with_a_token_or_with_the_refresh_token_beside_it() -> None:
    async with LocalSlack() as local:
        slack, spent = Slack(local.url, DIRECT), local.apps.token
        made = await create(slack, manifest(HTTP), spent)
        assert made.signing_secret == local.signing_secret
        assert made.install_url.startswith("https://slack.com/oauth/v2/authorize?")
        local.limits = "off"  # one app a minute
        await create(slack, manifest(App()), local.apps.refresh_token)
        assert local.apps.created == [manifest(HTTP), manifest(App())]
        with pytest.raises(SlackRefused, match="token_expired"):
            await create(slack, manifest(App()), spent)
        with pytest.raises(SlackRefused, match="invalid_refresh_token"):
            await create(slack, manifest(App()), "xoxe-1-another")
        with pytest.raises(SlackRefused, match="not_allowed_token_type"):
            await create(slack, manifest(App()), local.bot_token)


async def test_what_slack_does_not_like_about_a_manifest_is_told_with_its_place() -> None:
    async with LocalSlack() as local:
        spoiled = copy.deepcopy(manifest(App()))
        spoiled["settings"] = {"socket_mode_enabled": False}
        with pytest.raises(SlackRefused, match=r"invalid_manifest \(.*Request URL.* at /settings/event_subscriptions;"):
            await create(Slack(local.url, DIRECT), spoiled, local.apps.token)
        assert local.apps.created == []


async def test_a_token_is_looked_at_where_it_is_used() -> None:
    async with LocalSlack() as local:
        slack = Slack(local.url, DIRECT)
        assert (await installed(slack, local.bot_token)).bot == "flowise"
        await connects(slack, local.app_token)
        with pytest.raises(SlackRefused, match="invalid_auth"):
            await installed(slack, "xoxb-1")
        with pytest.raises(SlackRefused, match="not_allowed_token_type"):
            await connects(slack, local.bot_token)


async def test_the_bot_knows_its_channels_and_speaks_there() -> None:
    async with LocalSlack() as local:
        slack = Slack(local.url, DIRECT)
        general = local.channel("general")
        local.channel("others", bot_is_member=False)
        assert await channels(slack, local.bot_token) == {"general": general}
        await say(slack, local.bot_token, general, "Hello!")
        assert [message.plain for message in local.messages(general)] == ["Hello!"]
        assert local.violations == []


async def test_no_answer_is_told_from_another_program_s() -> None:
    async with LocalFlowise() as other:
        with pytest.raises(NotSlack):
            await installed(Slack(f"{other.url}/api/", DIRECT), "xoxb-1")
    with pytest.raises(SlackUnavailable, match="refused"):
        await installed(Slack("http://127.0.0.1:9/api/", DIRECT), "xoxb-1")

"""Opens a local Slack with a person and a channel in it, and the client that speaks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.playground.slack import LocalSlack
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client


@pytest.fixture
async def slack() -> AsyncIterator[LocalSlack]:
    async with LocalSlack() as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with new_session() as opened:
        yield opened


@pytest.fixture
def client(slack: LocalSlack, session: aiohttp.ClientSession) -> SlackClient:
    return SlackClient(web_client(slack.bot_token, slack.url, session), session)


@pytest.fixture
def ada(slack: LocalSlack) -> str:
    return slack.user("ada")


@pytest.fixture
def channel(slack: LocalSlack, ada: str) -> str:
    return slack.channel("general", members=[ada])

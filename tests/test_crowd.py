"""What many questions share: one session to Slack and one to Flowise, the names of people, the socket's attention."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from bot.playground.program import BotProgram
from bot.playground.sandbox import Sandbox, sandbox

pytestmark = pytest.mark.program

FAST = {"slack_rate_scale": 100}


@pytest.fixture
async def home(own_redis: str) -> AsyncIterator[Sandbox]:
    """A house whose Slack has room for a hundred times as many calls."""
    async with sandbox(own_redis, tokens_per_second=math.inf, scale=100) as built:
        yield built


@contextmanager
def connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[int]]:
    """Counts the connections that each server of this process accepts meanwhile, by its port."""
    accepted: Counter[int] = Counter()
    made = Server.connection_made

    def counted(self: Server, handler: RequestHandler, transport: asyncio.Transport) -> None:
        accepted[transport.get_extra_info("sockname")[1]] += 1
        made(self, handler, transport)

    with monkeypatch.context() as patch:
        patch.setattr(Server, "connection_made", counted)
        yield accepted


def port(url: str) -> int:
    found = urlsplit(url).port
    assert found is not None
    return found


def calls(home: Sandbox, method: str) -> int:
    return sum(call.method == method for call in home.slack.calls)


async def asked(home: Sandbox, count: int, text: str) -> None:
    """So many questions of one person, one after the other, each in a thread of its own."""
    for _ in range(count):
        await home.answered(await home.ask(text))


async def test_scores_of_calls_go_over_a_handful_of_connections(home: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with connections(monkeypatch) as accepted:
        async with home.bot(**FAST):
            await asked(home, 35, f"{home.mention} hello")
    assert len(home.slack.calls) > 60
    # Two for the calls of the start, which go side by side, one for the socket; one more would be for a slow machine.
    assert accepted[port(home.slack.url)] <= 4
    assert len(home.flowise.predictions) == 35
    assert accepted[port(home.flowise.url)] <= 3


async def test_nobody_s_name_is_asked_for_twice_and_the_asker_s_not_at_all(home: Sandbox) -> None:
    async with home.bot(**FAST):
        await asked(home, 25, f"{home.mention} hello")
        assert calls(home, "users.info") == 0
        await asked(home, 25, f"{home.mention} who is <@{home.slack.user('tom')}>?")
        assert calls(home, "users.info") == 1


async def test_two_hundred_questions_at_once_are_answered_and_the_socket_holds(own_redis: str, tmp_path: Path) -> None:
    async with sandbox(own_redis, tokens_per_second=50, scale=100) as home:
        settings = {
            "SLACK_BOT_TOKEN": home.slack.bot_token,
            "SLACK_APP_TOKEN": home.slack.app_token,
            "SLACK_API_URL": home.slack.url,
            "SLACK_RATE_SCALE": "3",
            "FLOWISE_URL": home.flowise.url,
            "FLOWISE_CHATFLOW_ID": home.flowise.chatflow_id,
            "REDIS_URL": own_redis,
        }
        async with BotProgram(settings, tmp_path) as program:
            places = [home.slack.channel(f"room-{number}", members=[home.ada]) for number in range(100)]
            asked = [(place, await home.ask(f"{home.mention} in 50 words", channel=place)) for place in places * 2]
            await home.slack.settled(30.0)
            await home.slack.until(lambda: program.turns().finished + program.turns().failed == 200, 60.0)
            await home.slack.until(lambda: all(home.answers(root, channel=place) for place, root in asked), 20.0)
            assert program.turns().failed == 0
        assert "Reference for support" not in "".join(
            text for place, root in asked for text in home.answers(root, channel=place)
        )
        assert calls(home, "apps.connections.open") == 1
        assert not [call for call in home.slack.calls if call.answer == "429"]

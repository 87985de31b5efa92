"""What is said of a question that could not be taken in: only while it is so, and never at the expense of its answer.

One process hears the question while it has lost the store; another one, or the same one later, answers it meanwhile.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import Bot
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack import DeliveryTimeouts
from bot.playground.slack.delivery import Attempt
from bot.playground.tap.proxy import HOST, FaultProxy
from bot.slack import wording
from bot.store.redis import RedisStore
from bot.workspace.process import Waits

POST = "chat.postMessage"
# Slack delivers again after so many seconds.
AGAIN = 0.6


@dataclass
class Pair:
    """A process that has lost the store, and one that has not. Slack delivers to whichever `hears`."""

    home: Sandbox
    lost: Bot
    well: Bot
    store: FaultProxy
    """Between the first one and the store."""
    slack: FaultProxy
    """Between the first one and Slack."""

    def hears(self, bot: Bot) -> None:
        self.home.slack.events_url = f"http://{HOST}:{bot.port}/slack/events"

    async def asked(self) -> str:
        """A question that the first one hears, and the other one when it is delivered again."""
        self.hears(self.lost)
        root = await self.home.ask(f"{self.home.mention} why?")
        await self.home.slack.until(lambda: bool(self._mentions()))
        self.hears(self.well)
        return root

    def _mentions(self) -> list[Attempt]:
        return [made for made in self.home.slack.attempts if kind_of(made.payload) == "app_mention"]

    async def again(self, to: Bot, number: int) -> None:
        """Slack delivers the question once more."""
        self.hears(to)
        await self.home.slack.deliver(self._mentions()[0].payload, retry_num=number)

    async def answered(self, root: str) -> None:
        await self.home.slack.until(lambda: any("why?" in text for text in self.home.answers(root)))

    async def is_answer(self, root: str) -> None:
        """Nothing stands but the answer, whatever was still under way."""
        await self.home.slack.until(lambda: self.home.idle)
        [text] = self.home.answers(root)
        assert "why?" in text
        assert wording.NOT_YET not in text
        assert len(self.home.flowise.predictions) == 1
        assert self.home.slack.status(self.home.channel, root) == ""
        assert self.home.slack.violations == []


def kind_of(payload: object) -> object:
    event = payload.get("event") if isinstance(payload, dict) else None
    return event.get("type") if isinstance(event, dict) else None


@asynccontextmanager
async def pair(redis_url: str, *waits: float) -> AsyncIterator[Pair]:
    path = Path(redis_url.removeprefix("unix://"))
    async with (
        sandbox(redis_url, tokens_per_second=math.inf, patience=DeliveryTimeouts(ack=5.0, retries=waits)) as home,
        FaultProxy(path) as store,
        FaultProxy(HOST, int(home.slack.origin.rpartition(":")[2])) as slack,
    ):
        http = {"slack_app_token": None, "slack_signing_secret": home.slack.signing_secret}
        through = {"redis_url": f"redis://{HOST}:{store.port}/0", "slack_api_url": f"http://{HOST}:{slack.port}/api/"}
        home.waits = Waits(call=2 * AGAIN, intake=0.05)
        async with home.bot(**http, **through) as lost, home.bot(**http) as well:
            store.refuse()
            store.cut()
            yield Pair(home, lost, well, store, slack)
            await store.listen()


@pytest.mark.parametrize("fault", ["limit", "drop_reply", "server_error"])
async def test_an_apology_that_slack_takes_late_does_nothing_to_the_answer(own_redis: str, fault: str) -> None:
    async with pair(own_redis, AGAIN) as two:
        if fault == "limit":
            two.home.slack.limit(POST, 2 * AGAIN)
        else:
            getattr(two.home.slack, fault)(POST)
        root = await two.asked()
        await two.answered(root)
        await two.is_answer(root)


async def test_an_apology_that_comes_to_stand_beside_the_answer_is_deleted_by_who_posted_it(own_redis: str) -> None:
    async with pair(own_redis, AGAIN) as two:
        two.slack.stall()
        root = await two.asked()
        await two.answered(root)
        two.slack.pass_on()
        await two.home.slack.until(lambda: wording.NOT_YET in two.home.answers(root))
        await two.store.listen()
        await two.home.slack.until(lambda: len(two.home.answers(root)) == 1)
        await two.is_answer(root)


async def test_an_apology_that_stands_becomes_the_answer_of_another_process(own_redis: str) -> None:
    async with pair(own_redis, AGAIN) as two:
        root = await two.asked()
        await two.home.slack.until(lambda: two.home.answers(root) == [wording.NOT_YET])
        [_, before] = two.home.slack.thread(two.home.channel, root)
        await two.answered(root)
        await two.is_answer(root)
        [_, after] = two.home.slack.thread(two.home.channel, root)
        assert after.ts == before.ts


async def test_the_fourth_delivery_to_one_that_has_lost_the_store_does_nothing_to_the_answer(own_redis: str) -> None:
    async with pair(own_redis, AGAIN) as two:
        root = await two.asked()
        await two.answered(root)
        await two.again(two.lost, 3)
        await asyncio.sleep(0.2)
        await two.is_answer(root)


async def test_the_fourth_delivery_is_told_by_who_has_said_the_sentence_and_by_nobody_else(own_redis: str) -> None:
    async with pair(own_redis) as two:
        root = await two.asked()
        await two.home.slack.until(lambda: two.home.answers(root) == [wording.NOT_YET])
        through = {"redis_url": f"redis://{HOST}:{two.store.port}/0", "slack_app_token": None}
        async with two.home.bot(**through, slack_signing_secret=two.home.slack.signing_secret) as third:
            await two.again(third, 3)
            await two.home.slack.until(
                lambda: "conversations.replies" in [call.method for call in two.home.slack.calls]
            )
            await two.home.slack.until(lambda: two.home.idle)
            assert two.home.answers(root) == [wording.NOT_YET]
        await two.again(two.lost, 3)
        await two.home.slack.until(lambda: wording.NOT_YET not in two.home.answers(root))
        [told] = two.home.answers(root)
        assert re.search(r"(?s)I haven't sent your question.*Reference for support: [0-9a-f]{8}$", told)


async def test_the_fourth_delivery_is_told_where_nothing_stands(own_redis: str) -> None:
    async with pair(own_redis) as two:
        two.home.slack.refuse(POST, "restricted_action")
        root = await two.asked()
        await two.again(two.lost, 3)
        await two.home.slack.until(lambda: len(two.home.answers(root)) == 1)
        assert "I haven't sent your question" in two.home.answers(root)[0]


async def test_a_question_is_taken_in_as_soon_as_the_store_is_back(own_redis: str) -> None:
    async with pair(own_redis) as two:  # Slack does not deliver again
        root = await two.asked()
        await two.home.slack.until(lambda: two.home.answers(root) == [wording.NOT_YET])
        await two.store.listen()
        await two.answered(root)
        await two.is_answer(root)


async def test_what_cannot_be_answered_is_not_taken_in_later(own_redis: str) -> None:
    async with pair(own_redis) as two:
        two.home.slack.revoke()
        await two.asked()
        await two.home.slack.until(lambda: two.home.idle)
        two.home.slack.take_tokens()
        await two.store.listen()
        await asyncio.sleep(0.3)
        store = RedisStore.at(own_redis)
        assert [key async for key in store._client.scan_iter(match="*:claim:*")] == []
        await store.aclose()


async def test_what_is_then_told_to_one_person_alone_takes_the_apology_away(own_redis: str) -> None:
    async with pair(own_redis) as two:
        two.hears(two.lost)
        root = await two.home.ask(f"{two.home.mention} help")
        await two.home.slack.until(lambda: two.home.answers(root) == [wording.NOT_YET])
        await two.store.listen()
        await two.home.slack.until(lambda: two.home.answers(root) == [])
        assert len(two.home.slack.ephemerals(two.home.channel, two.home.ada)) == 1


async def test_somebody_who_is_not_answered_gets_no_apology(own_redis: str) -> None:
    async with pair(own_redis) as two:
        slack = two.home.slack
        eve = slack.user("eve", team="T0OTHER")
        shared = slack.channel("shared", members=[eve], shared=True)
        two.hears(two.lost)
        await two.home.ask(f"{two.home.mention} why?", channel=shared, user=eve)
        await slack.settled()
        await slack.until(lambda: two.home.idle)
        assert [message for message in slack.messages(shared) if message.user == slack.bot_user_id] == []

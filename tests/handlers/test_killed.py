"""A process is killed between presses and what they ask for: another does each of it once, or says that it cannot."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack.message import Message
from bot.playground.tap.proxy import FaultProxy
from bot.records.thread import Thread
from bot.slack import wording
from bot.store.redis import RedisStore
from tests.handlers.offered import rate
from tests.replica import SHORT, replica

pytestmark = pytest.mark.program

KEY = "k" * 43
FLOW = "two_approvals"
SUGGESTION = "What else?"


@dataclass(frozen=True)
class Threads:
    """Three threads by their first messages: one in which the flow waits for a
    decision, one whose answer has a suggestion and can be rated, and one whose answer is asked anew."""

    waits: str
    whole: str
    anew: str

    @property
    def roots(self) -> tuple[str, str, str]:
        return self.waits, self.whole, self.anew


def own(home: Sandbox, root: str) -> list[Message]:
    return [message for message in home.slack.thread(home.channel, root) if message.user == home.slack.bot_user_id]


async def asked(home: Sandbox, text: str, button: str) -> str:
    """Ada asks; the thread, once the answer has that button."""
    root = await home.ask(f"{home.mention} {text}")
    await home.slack.until(lambda: any(button in message.plain for message in own(home, root)), 20)
    return root


async def press_all(home: Sandbox, threads: Threads) -> None:
    """Ada presses each of the four buttons twice at once; all of it is acknowledged."""
    whole = own(home, threads.whole)[-1]
    places = [
        (own(home, threads.waits)[-1].ts, "Proceed"),
        (whole.ts, SUGGESTION),
        (own(home, threads.anew)[-1].ts, wording.REGENERATE),
    ]
    presses = [home.slack.press(home.ada, home.channel, *place) for place in places * 2]
    done = await asyncio.gather(*presses, *(rate(home, whole, good=False) for _ in range(2)))
    assert all(one.acked for one in done)


@asynccontextmanager
async def killed(home: Sandbox, folder: Path, settings: dict[str, str]) -> AsyncIterator[Threads]:
    """A process that has answered, and whose requests do not reach Flowise from now on; it is killed at the end."""
    home.flowise.configure(FLOW, feedback=True)
    address = urlsplit(home.flowise.url)
    async with FaultProxy(str(address.hostname), address.port or 0) as proxy:
        flow = {"FLOWISE_URL": f"http://127.0.0.1:{proxy.port}", "FLOWISE_CHATFLOW_ID": home.flowise.flow(FLOW)}
        async with replica(home, folder, **flow, **settings) as process:
            waits = await asked(home, "write it", "Proceed")
            home.flowise.script(FLOW, Script(tokens=["one"], metadata={"followUpPrompts": f'["{SUGGESTION}"]'}))
            whole = await asked(home, "one?", SUGGESTION)
            home.flowise.script(FLOW, Script(tokens=["two"]))
            anew = await asked(home, "two?", wording.REGENERATE)
            proxy.stall()
            yield Threads(waits, whole, anew)
            process.kill()
            await process.wait()
    await home.slack.until(lambda: home.slack.sockets == 0)


async def is_noted(home: Sandbox, store: RedisStore, root: str) -> bool:
    """Whether it is noted that Flowise is asked in a thread."""
    thread = Thread(home.slack.team_id, home.channel, root)
    known = await store.conversation(thread)
    run = await store.run_on(thread.line, known.chat_id) if known is not None else None
    return run is not None and not run.awaits_decision


def ratings(home: Sandbox) -> list[object]:
    return [row["rating"] for row in home.flowise.ratings.rows.values()]


async def test_what_was_pressed_and_not_yet_asked_for_is_asked_once_by_another(own_redis: str, tmp_path: Path) -> None:
    """With a key, rows are looked up before anything is noted as asked."""
    async with sandbox(own_redis, tokens_per_second=math.inf, api_key=KEY, scale=10) as home:
        async with killed(home, tmp_path, {"FLOWISE_API_KEY": KEY}) as threads:
            await press_all(home, threads)
            await home.slack.until(lambda: any("asked:" in message.plain for message in own(home, threads.whole)))
        assert (len(home.flowise.predictions), ratings(home)) == (3, [])
        home.durations = SHORT
        async with home.bot(flowise_api_key=KEY, flowise_chatflow_id=home.flowise.flow(FLOW)):
            ends = [(threads.waits, 2), (threads.whole, 3), (threads.anew, 2)]
            await home.slack.until(lambda: all(len(own(home, root)) == count for root, count in ends), 20)
            await home.slack.until(lambda: home.idle and ratings(home) == ["THUMBS_DOWN"])
        shown = own(home, threads.whole)
        assert [message.plain for message in shown[1:2]] == [f"ada asked:\n{SUGGESTION}"]
        resumed: list[Any] = [one.body["humanInput"] for one in home.flowise.predictions if "humanInput" in one.body]
        assert [told["type"] for told in resumed] == ["proceed"]
        questions = sorted(one.question.strip() for one in home.flowise.predictions[3:] if "humanInput" not in one.body)
        assert questions == [SUGGESTION, "two?"]
        assert home.slack.violations == []


async def test_what_was_noted_as_asked_is_asked_by_nobody_else_and_told(home: Sandbox, tmp_path: Path) -> None:
    """Without a key nothing tells whether the requests have arrived. Of a rating it can be seen."""
    store = RedisStore.at(home.redis_url)
    async with killed(home, tmp_path, {}) as threads:
        await press_all(home, threads)
        async with asyncio.timeout(10):
            while not all([await is_noted(home, store, root) for root in threads.roots]):  # noqa: ASYNC110 # in Redis
                await asyncio.sleep(0.02)
    await store.aclose()
    assert (len(home.flowise.predictions), ratings(home)) == (3, [])
    home.durations = SHORT
    async with home.bot(flowise_chatflow_id=home.flowise.flow(FLOW)):
        told = "I was restarted"
        await home.slack.until(lambda: all(told in own(home, root)[-1].plain for root in threads.roots), 20)
        await home.slack.until(lambda: home.idle and ratings(home) == ["THUMBS_DOWN"])
    assert "I was restarted after the decision" in own(home, threads.waits)[-1].plain
    assert len(home.flowise.predictions) == 3
    assert home.slack.violations == []

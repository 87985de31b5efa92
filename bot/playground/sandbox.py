"""Runs the real bot in this process, over the wire against a local Slack and a local Flowise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bot.app import Bot
from bot.mailbox.durations import DURATIONS, Durations
from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack
from bot.playground.slack.delivery import DeliveryTimeouts
from bot.settings.settings import Settings, checked
from bot.workspace.process import WAITS, Waits

_START_SECONDS = 20.0
# What an answer ends in while it grows by edits.
_GROWING = "…"
# The button under it.
_STOP = "Stop"
# The buttons under its sources, and under a whole one.
_PASSAGES = "Passages"
_REGENERATE = "Regenerate"
# What its first answer in a thread of a channel ends in.
_FOOTNOTE = "I answer every message here. `quiet` stops me."


@dataclass(slots=True)
class Sandbox:
    """A local Slack with a channel and a person, a local Flowise, and as many bots as were started."""

    slack: LocalSlack
    flowise: LocalFlowise
    redis_url: str
    ada: str
    channel: str
    scale: float = 1.0
    """What the rate limits of its Slack are multiplied by."""
    bots: list[Bot] = field(default_factory=list)
    durations: Durations = DURATIONS
    waits: Waits = WAITS
    connections: int | None = None
    """These are those of the bots that are started from now on."""

    @property
    def mention(self) -> str:
        return f"<@{self.slack.bot_user_id}>"

    def settings(self, **changes: object) -> Settings:
        """Settings for this sandbox: edits as often as one may ask for, and the limits that its Slack has."""
        given: dict[str, object] = {
            "slack_bot_token": self.slack.bot_token,
            "slack_app_token": self.slack.app_token,
            "slack_api_url": self.slack.url,
            "slack_edit_interval": 0.4,
            "slack_rate_scale": self.scale,
            "flowise_url": self.flowise.url,
            "flowise_chatflow_id": self.flowise.chatflow_id,
            "redis_url": self.redis_url,
            "host": "127.0.0.1",
            "port": 0,
        }
        return checked(given | changes)

    @asynccontextmanager
    async def bot(self, **changes: object) -> AsyncIterator[Bot]:
        """A bot that is connected; leaving stops it as a signal would. What it raises is raised here."""
        bot, ready = Bot(self.settings(**changes), self.durations, self.waits, self.connections), asyncio.Event()
        self.bots.append(bot)
        serving = asyncio.create_task(bot.run(ready.set))
        waiting = asyncio.create_task(ready.wait())
        try:
            await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=_START_SECONDS)
            waiting.cancel()
            if serving.done():
                await serving
            if not ready.is_set():
                raise TimeoutError("the bot did not get ready")
            yield bot
        finally:
            self.bots.remove(bot)
            bot.stop()
            waiting.cancel()
            await serving

    async def ask(self, text: str, *, thread_ts: str | None = None, channel: str = "", user: str = "") -> str:
        """A person writes; returns the message's `ts`."""
        return await self.slack.say(user or self.ada, channel or self.channel, text, thread_ts=thread_ts)

    def answers(self, root: str, *, channel: str = "") -> list[str]:
        """What the bot's messages in a thread read, in order, without the mark and the button under one that grows by
        edits, the buttons under sources and whole ones, and the line under the first answer that says how to quiet the
        bot."""
        texts = self._read(root, channel or self.channel)
        for ending in (_STOP, _GROWING, _FOOTNOTE, _REGENERATE, _PASSAGES):
            texts = [text.removesuffix(f"\n{ending}") for text in texts]
        return texts

    def growing(self, root: str, *, channel: str = "") -> bool:
        """Whether a message of the bot in a thread looks unfinished."""
        return any(text.endswith((_GROWING, f"\n{_STOP}")) for text in self._read(root, channel or self.channel))

    def _read(self, root: str, channel: str) -> list[str]:
        thread = self.slack.thread(channel, root)
        return [message.plain for message in thread if message.user == self.slack.bot_user_id]

    async def answered(self, root: str, count: int = 1, *, channel: str = "", timeout: float = 10.0) -> list[str]:
        """Wait until the bot has given `count` messages in a thread and has nothing under way; returns them.

        Raises AssertionError if one looks unfinished.
        """
        place = channel or self.channel
        await self.slack.until(lambda: len(self.answers(root, channel=place)) >= count and self.idle, timeout)
        if self.growing(root, channel=place):
            raise AssertionError(f"an answer looks unfinished: {self.answers(root, channel=place)}")
        return self.answers(root, channel=place)

    @property
    def idle(self) -> bool:
        """Whether no bot has an answer under way."""
        return not any(bot.under_way for bot in self.bots)


@asynccontextmanager
async def sandbox(
    redis_url: str,
    *,
    tokens_per_second: float,
    api_key: str | None = None,
    latency: float = 0.0,
    scale: float = 1.0,
    patience: DeliveryTimeouts | None = None,
) -> AsyncIterator[Sandbox]:
    """A sandbox with nobody in it but ada; `redis_url` should be a database of its own."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(LocalSlack(latency=latency, scale=scale, patience=patience))
        flowise = await stack.enter_async_context(LocalFlowise(tokens_per_second=tokens_per_second, api_key=api_key))
        ada = slack.user("ada")
        yield Sandbox(slack, flowise, redis_url, ada, slack.channel("general", members=[ada]), scale)

"""Sends payloads to the app by HTTP or by socket, with Slack's retries, each in its own task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from bot.playground.slack.delivery import Attempt, Delivered, DeliveryTimeouts, Payload, Push, Retry
from bot.playground.slack.sockets import Sockets


class Outbox:
    """Sends to `events_url`, or, where that is None, to the Socket Mode connections."""

    def __init__(
        self,
        push: Push,
        sockets: Sockets,
        patience: DeliveryTimeouts,
        clock: Callable[[], float],
        told: Callable[[Attempt], None],
    ) -> None:
        self.events_url: str | None = None
        self.twice = False
        """Send each event a second time at once, as a retry with the same `event_id`."""
        self._told = told
        self.attempts: list[Attempt] = []
        self._push, self._sockets, self._patience, self._clock = push, sockets, patience, clock
        self._tasks: set[asyncio.Task[Delivered]] = set()

    def event(self, envelope: Payload) -> None:
        """Deliver an event in the background, with Slack's retries."""
        self._begin(self.until_acked(envelope))
        if self.twice:
            self._begin(self.once("events_api", envelope, Retry(1, "http_timeout")))

    def _begin(self, delivery: Coroutine[None, None, Delivered]) -> None:
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def once(self, kind: str, payload: Payload, retry: Retry | None = None) -> Delivered:
        """Make one attempt, as for a command: Slack does not repeat these."""
        at = self._clock()
        if self.events_url is not None:
            result = await self._push.send(self.events_url, kind, payload, retry)
        else:
            result = await self._sockets.send(kind, payload, retry)
        number = 0 if retry is None else retry.number
        attempt = Attempt(kind, payload, number, at, self._clock(), result)
        self.attempts.append(attempt)
        self._told(attempt)
        return result

    async def until_acked(self, envelope: Payload) -> Delivered:
        result = await self.once("events_api", envelope)
        for number, wait in enumerate(self._patience.retries, start=1):
            if result.acked or result.unwanted:
                break
            await asyncio.sleep(wait)
            result = await self.once("events_api", envelope, Retry(number, result.reason, result.via))
        return result

    async def settled(self) -> None:
        """Wait until every event is acknowledged or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""Changes the settings of the playground while it runs, and reports them."""

from __future__ import annotations

from contextlib import suppress

from bot.errors import StoreUnavailable
from bot.playground.page import write_budget
from bot.playground.page.bot_watch import BotWatch
from bot.playground.page.requests import Change, FaultRequest, FlowiseChange
from bot.playground.slack import LocalSlack
from bot.playground.slack.tiers import Pace
from bot.playground.tap import Tap


class Controls:
    """The settings of a local Slack and of the tap. `redis_url` is where the bot keeps its write budget."""

    def __init__(self, slack: LocalSlack, tap: Tap, redis_url: str, watch: BotWatch) -> None:
        self._slack, self._tap, self._redis_url, self._watch = slack, tap, redis_url, watch

    def shown(self) -> dict[str, object]:
        """How everything is set, as JSON."""
        return {
            "latency": self._slack.latency,
            "limits": self._slack.limits,
            "twice": self._slack.twice,
            "server_errors": self._slack.server_errors_left,
            "sockets": self._slack.sockets,
            "resting": self._watch.resting,
            "flowise": self._tap.controls(),
        }

    async def change(self, request: Change) -> None:
        """Set what the request says. Raises ValueError, with a sentence: it cannot be set so."""
        if request.flowise is not None:
            await self._flowise(request.flowise)
        if request.latency is not None:
            self._slack.latency = request.latency
        if request.limits is not None:
            await self._limit(request.limits)
        if request.twice is not None:
            self._slack.twice = request.twice
        if request.server_errors is not None:
            self._slack.server_errors(request.server_errors)

    async def _limit(self, pace: Pace) -> None:
        before, self._slack.limits = self._slack.limits, pace
        if before == "tight" != pace:
            with suppress(StoreUnavailable):  # what the bot has learned is then lost as well
                await write_budget.forget(self._redis_url, self._slack.team_id)

    async def _flowise(self, request: FlowiseChange) -> None:
        if request.upstream == "yours":
            await self._tap.move(request.url, request.chatflow_id, request.api_key or None)
        if request.flow is not None:
            self._tap.choose(request.flow)
        elif request.upstream == "local":
            self._tap.use_local()
        if request.fault is not None:
            self._tap.fault = request.fault
        if self._tap.fault != "down":
            self._watch.wake()  # it rests because of what has just been changed

    async def cause_fault(self, request: FaultRequest) -> None:
        """Cause a fault once."""
        match request.what:
            case "drop_sockets":
                await self._slack.close_sockets()
            case "refresh_sockets":
                await self._slack.refresh_sockets()
            case "server_errors":
                self._slack.server_errors(request.times)

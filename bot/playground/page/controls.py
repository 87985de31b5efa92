"""Knows what a page may change about the playground while it runs, and how it stands."""

from __future__ import annotations

from bot.playground.page.requests import Change, FlowiseWish, Trouble
from bot.playground.slack import LocalSlack
from bot.playground.tap import Tap


class Controls:
    """The switches of a local Slack and of what stands before Flowise."""

    def __init__(self, slack: LocalSlack, tap: Tap) -> None:
        self._slack, self._tap = slack, tap

    def shown(self) -> dict[str, object]:
        """How everything is set, as JSON."""
        return {
            "latency": self._slack.latency,
            "limits": self._slack.limits,
            "twice": self._slack.twice,
            "server_errors": self._slack.server_errors_left,
            "sockets": self._slack.sockets,
            "flowise": self._tap.controls(),
        }

    async def change(self, wish: Change) -> None:
        """Set what the wish says. Raises ValueError, with a sentence: it cannot be set so."""
        if wish.flowise is not None:
            await self._flowise(wish.flowise)
        if wish.latency is not None:
            self._slack.latency = wish.latency
        if wish.limits is not None:
            self._slack.limits = wish.limits
        if wish.twice is not None:
            self._slack.twice = wish.twice
        if wish.server_errors is not None:
            self._slack.server_errors(wish.server_errors)

    async def _flowise(self, wish: FlowiseWish) -> None:
        if wish.upstream == "yours":
            await self._tap.move(wish.url, wish.chatflow_id, wish.api_key or None)
        if wish.flow is not None:
            self._tap.choose(wish.flow)
        elif wish.upstream == "local":
            self._tap.use_local()
        if wish.fault is not None:
            self._tap.fault = wish.fault

    async def trouble(self, wish: Trouble) -> None:
        """Let something go wrong once."""
        match wish.what:
            case "drop_sockets":
                await self._slack.close_sockets()
            case "refresh_sockets":
                await self._slack.refresh_sockets()
            case "server_errors":
                self._slack.server_errors(wish.times)

"""Knows what goes wrong in a local Slack when somebody asks for it, and how strict and how fast it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from bot.playground.slack import envelopes
from bot.playground.slack.base import SlackBase
from bot.playground.slack.delivery import Delivered, Retry
from bot.playground.slack.faults import Fault
from bot.playground.slack.tiers import BudgetLeft, Pace


class Conditions(SlackBase):
    """Faults, limits and latency, all of which can be set while it runs."""

    @property
    def latency(self) -> float:
        """Seconds that each call of the Web API takes."""
        return self._access.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._access.latency = seconds

    @property
    def limits(self) -> Pace:
        """Whether the rate limits hold: "on", "off", or "tight": a tenth of what Slack allows."""
        return self._limits.pace

    @limits.setter
    def limits(self, pace: Pace) -> None:
        self._limits.pace = pace

    @property
    def longest_page(self) -> int:
        """How many messages of a thread or channel are given at a time, whatever the app asks for: 15 is what Slack
        gives an app that is distributed outside of its marketplace (Slack docs, Rate limits)."""
        return self._workspace.longest_page

    @longest_page.setter
    def longest_page(self, messages: int) -> None:
        self._workspace.longest_page = messages

    def budget(self) -> dict[str, BudgetLeft]:
        """What the app may still call in this minute, of each method; nothing where the limits are off."""
        return self._limits.budget(self.team_id, self._workspace.clock())

    @property
    def twice(self) -> bool:
        """Whether every event is delivered twice, as when an acknowledgement was lost on its way."""
        return self._twice

    @twice.setter
    def twice(self, twice: bool) -> None:
        self._twice = twice
        if self._outbox is not None:
            self._outbox.twice = twice

    def server_errors(self, times: int) -> None:
        """Answer the next `times` calls with 500, whatever their method, and do nothing; 0: no more of them."""
        self._faults.to_all("server_error", times)

    @property
    def server_errors_left(self) -> int:
        """How many more calls, whatever their method, get 500."""
        return self._faults.left_to_all("server_error")

    def refuse(self, method: str, error: str, *, times: int = 1, channel: str | None = None) -> None:
        """Answer the next calls with an error word, and do nothing."""
        self._faults.add(Fault("refuse", method, times, word=error, channel=channel))

    def refuse_blocks(self, error: str = "invalid_blocks", *, times: int | None = None, after: int = 0) -> None:
        """Refuse the next calls of any method that bring blocks, after so many of them; `times` None: all of them."""
        self._faults.add(Fault("refuse", "", sys.maxsize if times is None else times, error, after=after, blocks=True))

    def limit(self, method: str, retry_after: float, times: int = 1, *, after: int = 0) -> None:
        """Answer the next calls with 429, after so many that are answered."""
        self._faults.add(Fault("limit", method, times, retry_after=retry_after, after=after))

    def drop_reply(self, method: str, times: int = 1) -> None:
        """Do the work of the next calls, then cut the connection without an answer."""
        self._faults.add(Fault("drop_reply", method, times))

    def break_before(self, method: str, times: int = 1) -> None:
        """Cut the connection of the next calls before anything is done."""
        self._faults.add(Fault("break_before", method, times))

    def server_error(self, method: str, times: int = 1) -> None:
        """Answer the next calls with 500, and do nothing."""
        self._faults.add(Fault("server_error", method, times))

    def revoke(self, word: str = "token_revoked", *, app_token: bool = False) -> None:
        """Take the bot token, or the app-level one, no more: every call with it is answered with the word."""
        self._web.revoked[self.app_token if app_token else self.bot_token] = word

    def take_tokens(self) -> None:
        """Take both tokens again."""
        self._web.revoked.clear()

    def reached_at(self, origin: str) -> None:
        """The addresses that it gives begin with this from now on: those of a proxy before it."""
        self._workspace.origin = self._web.before = origin

    def no_faults(self) -> None:
        """Forget every fault of a call that was asked for and has not happened yet."""
        self._faults.clear()

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send `disconnect` to all sockets. "warning" only announces it; "link_disabled" hangs up as well."""
        await self._sockets.disconnect(reason)

    async def close_sockets(self) -> None:
        """Lose all sockets abruptly."""
        self._sockets.abort()

    async def deliver(
        self,
        payload: Mapping[str, object],
        *,
        kind: str = "events_api",
        retry_num: int | None = None,
        retry_reason: str = "http_timeout",
    ) -> Delivered:
        """Send any payload once, for example an earlier envelope again as a retry."""
        retry = None if retry_num is None else Retry(retry_num, retry_reason)
        return await self._out.once(kind, payload, retry)

    def uninstall(self) -> None:
        """Somebody uninstalls the app: its tokens are revoked, and it is told so."""
        self.revoke("account_inactive")
        self.revoke("account_inactive", app_token=True)
        for event in envelopes.farewells(self._workspace, self.subscriptions):
            self._out.event(event)

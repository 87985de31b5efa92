"""Makes things go wrong in a local Slack on request: failing calls, revoked tokens, lost sockets, repeated events."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping

from bot.playground.slack import envelopes
from bot.playground.slack.core import SlackCore
from bot.playground.slack.delivery import Delivered, Retry
from bot.playground.slack.faults import Fault, Kind
from bot.playground.slack.workspace import UPLOAD


class Conditions:
    """Causes faults while the local Slack runs: of calls, tokens, sockets, deliveries."""

    def __init__(self, core: SlackCore) -> None:
        self._core, self._workspace = core, core.workspace

    def server_errors(self, times: int) -> None:
        """Answer the next `times` calls with 500, whatever their method, and do nothing; 0: no more of them."""
        self._core.faults.to_all("server_error", times)

    def refuse(self, method: str, error: str, *, times: int = 1, channel: str | None = None) -> None:
        """Answer the next calls with an error word, and do nothing."""
        self._core.faults.add(Fault("refuse", method, times, word=error, channel=channel))

    def refuse_blocks(self, error: str = "invalid_blocks", *, times: int | None = None, after: int = 0) -> None:
        """Refuse the next calls of any method that bring blocks, after so many of them; `times` None: all of them."""
        self._core.faults.add(
            Fault("refuse", "", sys.maxsize if times is None else times, error, after=after, blocks=True)
        )

    def limit(self, method: str, retry_after: float, times: int = 1, *, after: int = 0) -> None:
        """Answer the next calls with 429, after so many that are answered."""
        self._core.faults.add(Fault("limit", method, times, retry_after=retry_after, after=after))

    def drop_reply(self, method: str, times: int = 1) -> None:
        """Do the work of the next calls, then cut the connection without an answer."""
        self._core.faults.add(Fault("drop_reply", method, times))

    def break_before(self, method: str, times: int = 1) -> None:
        """Cut the connection of the next calls before anything is done."""
        self._core.faults.add(Fault("break_before", method, times))

    def server_error(self, method: str, times: int = 1) -> None:
        """Answer the next calls with 500, and do nothing."""
        self._core.faults.add(Fault("server_error", method, times))

    def hold(
        self, method: str, wait: Callable[[], Awaitable[object]], *, done: bool, channel: str | None = None
    ) -> None:
        """Have the next call wait: before anything is done or, with `done`, after it and before the answer."""
        kind: Kind = "hold_after" if done else "hold_before"
        self._core.faults.add(Fault(kind, method, 1, channel=channel, wait=wait))

    def hold_upload(self, wait: Callable[[], Awaitable[object]]) -> None:
        """Have whoever sends the bytes of the next file wait once they have arrived."""
        self._workspace.file_waits[UPLOAD] = wait

    def revoke(self, word: str = "token_revoked", *, app_token: bool = False) -> None:
        """Revoke the bot token, or the app-level one: every call with it is answered with the error word."""
        access = self._core.access
        self._core.web.revoked[access.app_token if app_token else access.bot_token] = word

    def take_tokens(self) -> None:
        """Accept both tokens again."""
        self._core.web.revoked.clear()

    def reached_at(self, origin: str) -> None:
        """Begin all addresses that it gives with this origin from now on, that of a proxy before it."""
        self._workspace.origin = self._core.web.before = origin

    def no_faults(self) -> None:
        """Forget every fault of a call that was asked for and has not happened yet."""
        self._core.faults.clear()

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send `disconnect` to all sockets. "warning" only announces it; "link_disabled" hangs up as well."""
        await self._core.sockets.disconnect(reason)

    async def close_sockets(self) -> None:
        """Break off all sockets abruptly."""
        self._core.sockets.abort()

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
        return await self._core.outbox.once(kind, payload, retry)

    def uninstall(self) -> None:
        """Uninstall the app: its tokens are revoked, and the events that say so are sent."""
        self.revoke("account_inactive")
        self.revoke("account_inactive", app_token=True)
        for event in envelopes.uninstalled(self._workspace, self._core.subscriptions):
            self._core.outbox.event(event)

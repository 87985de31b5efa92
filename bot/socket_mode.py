"""Knows Socket Mode: connecting, staying connected where slack_sdk would get stuck, and letting go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SettingsError, SlackUnavailable

log = structlog.get_logger(__name__)

# slack_sdk retries a failed handshake on the same ticket for ever; without its ticket it fetches a new one.
WEDGED_SECONDS = 30.0
_WATCH_SECONDS = 2.0
_REFUSALS = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked", "account_inactive"})


async def check_app_token(web: AsyncWebClient, app_token: str) -> None:
    """Ask for a connection once, because slack_sdk would log and loop over a token that Slack refuses.

    Raises:
        SettingsError: Slack refuses the token, or Socket Mode is off.
        SlackUnavailable: Slack does not answer.
    """
    try:
        await web.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        code = error.response.get("error") if hasattr(error.response, "get") else None
        if code in _REFUSALS:
            raise SettingsError(
                f"SLACK_APP_TOKEN: Slack refuses it ({code}); expected an app-level token with connections:write"
            ) from None
        if code == "missing_scope":
            raise SettingsError("SLACK_APP_TOKEN: it lacks the scope connections:write") from None
        if code in {"socket_mode_disabled", "forbidden_team", "access_denied"}:
            raise SettingsError(
                f"SLACK_APP_TOKEN: Slack refuses Socket Mode ({code}); switch it on in the app"
            ) from None
        raise SlackUnavailable(f"apps.connections.open: {code}") from None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise SlackUnavailable(f"apps.connections.open: {type(error).__name__}") from None


class SocketMode:
    """One Socket Mode connection with a watchdog."""

    def __init__(self, app: AsyncApp, app_token: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token)
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to connect; `connected` tells when that has happened."""
        self._tasks = [asyncio.create_task(self._connect()), asyncio.create_task(self._watch())]

    async def _connect(self) -> None:
        await self._handler.client.connect()  # type: ignore[no-untyped-call]  # slack_sdk left it untyped

    async def connected(self) -> bool:
        return await self._handler.client.is_connected()

    async def _watch(self) -> None:
        away_since: float | None = None
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            if await self.connected():
                away_since = None
            elif away_since is None:
                away_since = self._clock()
            elif self._clock() - away_since > WEDGED_SECONDS:
                log.warning("Socket Mode is stuck; asking for a new address")
                self._handler.client.wss_uri = None
                away_since = None

    async def stop(self) -> None:
        """Take no more events. What was taken goes on."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._handler.client.close()  # type: ignore[no-untyped-call]  # as above

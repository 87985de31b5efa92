"""Connects by Socket Mode, stays connected where slack_sdk would get stuck, and disconnects."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.background.supervision import Supervisor
from bot.errors import BotError, NotSlack, SettingsError, SlackUnavailable
from bot.network.outgoing import DIRECT, Network, why
from bot.slack.addresses import Addresses
from bot.slack.not_slack import why_not_slack
from bot.slack.refusals import SOCKET_MODE_OFF
from bot.slack.wire import NO_ANSWER, stay

log = structlog.get_logger(__name__)

# slack_sdk notices a lost socket at its next ping: up to ten seconds late with Bolt's interval.
_PING_SECONDS = 5.0
_WATCH_SECONDS = 2.0
# slack_sdk retries a failed handshake on the same ticket for ever; without its ticket it fetches a new one.
_WEDGED_SECONDS = 10.0
# Seconds before an address is asked for, the more often it happened lately. Slack may answer each connection with
# "too_many_websockets", or refuse to give an address at all, and slack_sdk asks again at once or every few seconds;
# apps.connections.open is good for 50 calls a minute at least. The first two are free: a refresh, and one that failed.
_PAUSES = (0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
# So long without asking, in seconds, and it is as if it had not happened.
_CALM_SECONDS = 60.0
_REFUSALS = frozenset({"invalid_auth", "not_authed", "not_allowed_token_type", "token_revoked", "account_inactive"})


async def open_connection(web: AsyncWebClient, app_token: str) -> str:
    """The address of a connection, good for a short while. slack_sdk would log and loop over a refused token.

    Raises:
        SettingsError: Slack refuses the token, or Socket Mode is off.
        SlackUnavailable: Slack does not answer.
        NotSlack: what answers is not Slack.
    """
    try:
        address = (await web.apps_connections_open(app_token=app_token)).get("url")
    except SlackApiError as error:
        code = error.response.get("error") if hasattr(error.response, "get") else None
        if code in _REFUSALS:
            raise SettingsError(
                f"SLACK_APP_TOKEN: Slack refuses it ({code}); expected an app-level token with connections:write"
            ) from None
        if code == "missing_scope":
            raise SettingsError("SLACK_APP_TOKEN: it lacks the scope connections:write") from None
        if code in SOCKET_MODE_OFF:
            raise SettingsError(
                f"SLACK_APP_TOKEN: Slack refuses Socket Mode ({code}); switch it on in the app"
            ) from None
        if reason := why_not_slack(error):
            raise NotSlack(f"apps.connections.open: {reason}") from None
        raise SlackUnavailable(f"apps.connections.open: {code}") from None
    except NO_ANSWER as error:
        if reason := why_not_slack(error):
            raise NotSlack(f"apps.connections.open: {reason}") from None
        raise SlackUnavailable(f"apps.connections.open: {why(error)}") from None
    if not isinstance(address, str):
        raise SlackUnavailable("apps.connections.open: no address")
    if objection := Addresses(web.base_url).objection(address):
        raise SlackUnavailable(f"apps.connections.open: the address is not gone to: {objection}")
    return address


class SocketMode:
    """One Socket Mode connection with a watchdog. Times are in seconds.

    `watch` is how often the watchdog looks; it connects a lost socket anew. `wedged` is how long a connection may fail
    before it gets a new ticket, `ping` how often slack_sdk pings and how long it waits between two handshakes. `pauses`
    come before an address is asked for, the next one of them each time. `greeted` is called when Slack says hello on a
    connection.
    """

    def __init__(  # noqa: PLR0913  # most are times, each with its default
        self,
        app: AsyncApp,
        app_token: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        watch: float = _WATCH_SECONDS,
        wedged: float = _WEDGED_SECONDS,
        ping: float = _PING_SECONDS,
        pauses: Sequence[float] = _PAUSES,
        greeted: Callable[[], None] = lambda: None,
        supervisor: Supervisor | None = None,
    ) -> None:
        self._supervisor = supervisor or Supervisor(clock)
        self._client = AsyncSocketModeHandler(app, app_token, ping_interval=ping).client
        self._client.proxy = None  # the session decides

        async def on_message(_: object, message: dict[str, object], raw: str | None = None) -> None:
            if message.get("type") == "hello":
                greeted()

        self._client.message_listeners.append(on_message)
        # Wherever slack_sdk asks for an address, it is ours that are asked for: with pauses, and none but Slack's.
        self._client.issue_new_wss_url = self._new_address  # type: ignore[method-assign]
        self._app_token = app_token
        self._asked = 0
        self._asked_at = -math.inf
        self._stopped = asyncio.Event()
        self._clock = clock
        self._pauses = pauses
        self._watch_seconds = watch
        self._wedged_seconds = wedged
        self._watchdog: asyncio.Task[None] | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def start(self, address: str = "", network: Network = DIRECT) -> None:
        """Begin to connect, to an address that was just opened if there is one; `connected` tells when it has come.

        `network` is how all connections go out.
        """
        await self._client.aiohttp_client_session.close()
        self._client.aiohttp_client_session = network.session(middlewares=(stay,))
        self._connecting = asyncio.create_task(self._connected_first(address)) if address else None
        self._connect()
        self._watchdog = self._supervisor.start("watching the socket", self._watch)

    async def connected(self) -> bool:
        return await self._client.is_connected()

    def _connect(self) -> None:
        """Connect unless that is being done already: slack_sdk has a lock for it and looks again under it."""
        if self._connecting is None or self._connecting.done():
            if self._connecting is not None and not self._connecting.cancelled() and self._connecting.exception():
                log.warning("Socket Mode not connected; tried again", reason=repr(self._connecting.exception()))
            self._connecting = asyncio.create_task(self._connected_anew())

    async def _connected_first(self, address: str) -> None:
        self._client.wss_uri = address
        # Tries until it is connected; the watchdog takes an address away that does not work.
        await self._client.connect()  # type: ignore[no-untyped-call]  # slack_sdk left it untyped

    async def _connected_anew(self) -> None:
        await self._client.connect_to_new_endpoint()

    async def _new_address(self) -> str:
        """An address, as soon as Slack gives one; empty when we are stopped meanwhile. Raises nothing."""
        logged = ""
        while not self._stopped.is_set():
            if not await self._paused():
                break
            try:
                address = await open_connection(self._client.web_client, self._app_token)
            except BotError as error:
                if str(error) != logged:  # once, not every half minute
                    log.warning("Socket Mode address not received; tried again", reason=str(error))
                    logged = str(error)
                continue
            if logged:
                log.info("Socket Mode address received again")
            return address
        return ""

    async def _paused(self) -> bool:
        """Wait until the next address may be asked for; False when we are stopped."""
        if self._clock() - self._asked_at > _CALM_SECONDS:
            self._asked = 0
        pause = self._pauses[min(self._asked, len(self._pauses) - 1)]
        self._asked += 1
        if pause:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopped.wait()
        self._asked_at = self._clock()
        return not self._stopped.is_set()

    async def _watch(self) -> None:
        away_since: float | None = None
        while True:
            await asyncio.sleep(self._watch_seconds)
            self._let_no_pong_be_of_a_time_to_come()
            if await self.connected():
                away_since = None
            elif away_since is None:
                away_since = self._clock()
                self._connect()
            else:
                self._connect()
                if self._client.wss_uri is not None and self._clock() - away_since > self._wedged_seconds:
                    log.warning("Socket Mode connection stuck; new address requested")
                    self._client.wss_uri = None
                    away_since = None

    def _let_no_pong_be_of_a_time_to_come(self) -> None:
        """slack_sdk dates pongs by the wall clock: set back an hour, it would take a dead socket for alive as long."""
        answered_at = self._client.last_ping_pong_time
        if answered_at is not None:
            self._client.last_ping_pong_time = min(answered_at, time.time())

    async def stop(self) -> None:
        """Take no more events. What was taken goes on."""
        self._stopped.set()
        tasks = [task for task in (self._watchdog, self._connecting) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._client.close()  # type: ignore[no-untyped-call]  # slack_sdk left it untyped

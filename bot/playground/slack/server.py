"""Starts and stops the local Slack, and offers all that tests and demos do with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from types import TracebackType

import aiohttp
from aiohttp import web

from bot.playground.slack.clicks import Clicks
from bot.playground.slack.conditions import Conditions
from bot.playground.slack.core import SlackCore
from bot.playground.slack.delivery import Attempt, DeliveryTimeouts, Push
from bot.playground.slack.inspection import Inspection
from bot.playground.slack.manifest import AGENT_SUBSCRIPTIONS, SUBSCRIPTIONS
from bot.playground.slack.message import Message, Ping, Preview
from bot.playground.slack.methods import SCOPES
from bot.playground.slack.outbox import Outbox
from bot.playground.slack.people import People
from bot.playground.slack.tiers import BudgetLeft, Pace, RateLimits
from bot.playground.slack.workspace import LocalWorkspace

_HOST = "127.0.0.1"


class LocalSlack:
    """A workspace with one app, served on 127.0.0.1: the Web API, Events by HTTP and Socket Mode, slash commands.

    An async context manager. `port` 0 takes a free one. `latency` is how many seconds each call of the Web API takes;
    `scale` multiplies the documented rate limits; `clock` is steady, `wall` is seconds since the epoch and makes the
    `ts` of messages; `team_id` is the workspace's id. With `events_url` unset, events go to the Socket Mode
    connections.
    """

    def __init__(  # noqa: PLR0913  # each has its default
        self,
        *,
        port: int = 0,
        enforce_limits: bool = True,
        latency: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        scale: float = 1.0,
        patience: DeliveryTimeouts | None = None,
        scopes: Iterable[str] = SCOPES,
        team_id: str = LocalWorkspace.team_id,
    ) -> None:
        self._port, self._patience = port, patience or DeliveryTimeouts()
        limits = RateLimits(scale, "on" if enforce_limits else "off")
        self.core = SlackCore(clock, wall, self._patience, frozenset(scopes), limits, latency, team_id)
        self._workspace = self.core.workspace
        self._mounted: list[tuple[str, web.Application]] = []
        self._events_url: str | None = None
        self._twice = False
        self.bot_token, self.app_token = self.core.access.bot_token, self.core.access.app_token
        self.signing_secret, self.apps = self.core.signing_secret, self.core.apps
        self.url = ""
        """The address of the Web API, with a slash at its end; empty until it is started."""
        self.calls = self.core.calls
        """Every call of the Web API so far, in order of its end."""
        self.on_change, self.listen = self.core.on_change, self.core.listen
        self._offer_people(People(self.core))
        self._offer_clicks(Clicks(self.core))
        self._offer_inspection(Inspection(self.core))
        self._offer_conditions(Conditions(self.core))

    def _offer_people(self, people: People) -> None:
        self.user, self.channel, self.dm = people.user, people.channel, people.dm
        self.user_group = people.user_group
        self.archive, self.invite, self.remove_bot = people.archive, people.invite, people.remove_bot
        self.say, self.edit, self.delete, self.react = people.say, people.edit, people.delete, people.react
        self.new_file, self.delete_file, self.hold_file = people.new_file, people.delete_file, people.hold_file
        self.command = people.command

    def _offer_clicks(self, clicks: Clicks) -> None:
        self.press, self.act, self.submit = clicks.press, clicks.act, clicks.submit
        self.close_view, self.open_home = clicks.close_view, clicks.open_home
        self.stop_session = clicks.stop_session

    def _offer_inspection(self, inspection: Inspection) -> None:
        self.messages, self.thread, self.ephemerals = inspection.messages, inspection.thread, inspection.ephemerals
        self.session, self.prompts = inspection.session, inspection.prompts
        self.status, self.file = inspection.status, inspection.file
        self.until, self.settled = inspection.until, inspection.settled

    def _offer_conditions(self, conditions: Conditions) -> None:
        self.refuse, self.refuse_blocks, self.limit = conditions.refuse, conditions.refuse_blocks, conditions.limit
        self.drop_reply, self.break_before = conditions.drop_reply, conditions.break_before
        self.server_error, self.server_errors = conditions.server_error, conditions.server_errors
        self.no_faults, self.reached_at = conditions.no_faults, conditions.reached_at
        self.hold, self.hold_upload = conditions.hold, conditions.hold_upload
        self.revoke, self.take_tokens, self.uninstall = conditions.revoke, conditions.take_tokens, conditions.uninstall
        self.refresh_sockets, self.close_sockets = conditions.refresh_sockets, conditions.close_sockets
        self.deliver = conditions.deliver

    def mount(self, prefix: str, application: web.Application) -> None:
        """Serve another application too, under that path and on the same port; to be called before it is started."""
        self._mounted.append((prefix, application))

    async def __aenter__(self) -> LocalSlack:
        self._session = aiohttp.ClientSession()
        push = Push(self._session, self.signing_secret, self._workspace.wall, self._patience)
        outbox = Outbox(push, self.core.sockets, self._patience, self._workspace.clock, self.core.happened)
        outbox.events_url, outbox.twice = self._events_url, self._twice
        self.core.started_outbox = outbox
        application = self.core.web.application(self.core.sockets.ticket, self.core.sockets.connect)
        for prefix, mounted in self._mounted:
            application.add_subapp(prefix, mounted)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self._port)
        try:
            await site.start()
        except OSError:  # the port is taken
            await self.__aexit__(None, None, None)
            raise
        port = self._runner.addresses[0][1]
        self._workspace.origin = f"http://{_HOST}:{port}"
        self.url = f"{self.origin}/api/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.core.outbox.close()
        await self.core.sockets.close()
        await self._runner.cleanup()
        await self._session.close()

    # ── settings, which may change while it runs ──

    @property
    def events_url(self) -> str | None:
        """Where signed events and commands are POSTed; None: they go to the Socket Mode connections."""
        return self._events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._events_url = url
        if self.core.started_outbox is not None:
            self.core.started_outbox.events_url = url

    @property
    def twice(self) -> bool:
        """Whether every event is delivered twice, as when an acknowledgement was lost on its way."""
        return self._twice

    @twice.setter
    def twice(self, twice: bool) -> None:
        self._twice = twice
        if self.core.started_outbox is not None:
            self.core.started_outbox.twice = twice

    @property
    def subscriptions(self) -> Collection[str]:
        """The types of events that go out to the app; messages are subscribed to by kind of channel."""
        return self.core.subscriptions

    @subscriptions.setter
    def subscriptions(self, types: Collection[str]) -> None:
        self.core.subscriptions = types

    @property
    def is_agent(self) -> bool:
        """Whether the app is an agent: it has sessions and prompts, and is subscribed to their events."""
        return self._workspace.is_agent

    @is_agent.setter
    def is_agent(self, is_agent: bool) -> None:
        self._workspace.is_agent = is_agent
        self.core.subscriptions = AGENT_SUBSCRIPTIONS if is_agent else SUBSCRIPTIONS

    @property
    def latency(self) -> float:
        """Seconds that each call of the Web API takes."""
        return self.core.access.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.core.access.latency = seconds

    @property
    def limits(self) -> Pace:
        """Whether the rate limits hold: "on", "off", or "tight": a tenth of what Slack allows."""
        return self.core.access.limits.pace

    @limits.setter
    def limits(self, pace: Pace) -> None:
        self.core.access.limits.pace = pace

    @property
    def longest_page(self) -> int:
        """How many messages of a thread or channel are given at a time, whatever the app asks for: 15 is what Slack
        gives an app that is distributed outside of its marketplace (Slack docs, Rate limits)."""
        return self._workspace.longest_page

    @longest_page.setter
    def longest_page(self, messages: int) -> None:
        self._workspace.longest_page = messages

    @property
    def reported(self) -> set[str]:
        """The names of the BEHAVIOURS that are as somebody has reported them; the others are as documented."""
        return self._workspace.reported

    @property
    def stream_seconds(self) -> float:
        """How long a stream lasts, as documented: 300 s (slackapi/python-slack-sdk#1859)."""
        return self._workspace.stream_seconds

    @stream_seconds.setter
    def stream_seconds(self, seconds: float) -> None:
        self._workspace.stream_seconds = seconds

    # ── how it stands ──

    @property
    def origin(self) -> str:
        """The server's address without a path."""
        return self._workspace.origin

    @property
    def team_id(self) -> str:
        return self._workspace.team_id

    @property
    def bot_user_id(self) -> str:
        return self._workspace.bot_user_id

    @property
    def bot_id(self) -> str:
        return self._workspace.bot_id

    @property
    def pings(self) -> list[Ping]:
        """Everybody whom a message of the app has notified, at post and at update."""
        return self._workspace.pings

    @property
    def previews(self) -> list[Preview]:
        """Every address that Slack would have fetched because a post did not switch previews off."""
        return self._workspace.previews

    @property
    def violations(self) -> list[str]:
        """What the app did that Slack lets pass, but that a good app does not do."""
        return self._workspace.violations

    @property
    def attempts(self) -> list[Attempt]:
        """Every delivery to the app so far, in order of its end."""
        return self.core.attempts

    @property
    def sockets(self) -> int:
        """The number of Socket Mode connections that take payloads."""
        return self.core.sockets.count

    @property
    def streaming(self) -> list[tuple[str, str]]:
        """The (channel, ts) of every native stream that has not been stopped."""
        return self.core.methods.streams.open

    def is_streaming(self, message: Message) -> bool:
        """Whether a message is a native stream that can still grow."""
        return self.core.methods.streams.running(message)

    @property
    def server_errors_left(self) -> int:
        """How many more calls, whatever their method, get 500."""
        return self.core.faults.left_to_all("server_error")

    def budget(self) -> dict[str, BudgetLeft]:
        """What the app may still call in this minute, of each method; nothing where the limits are off."""
        return self.core.access.limits.budget(self.team_id, self._workspace.clock())

"""Knows the rooms of a local Slack: how they are put together, and who hears what happens in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias
from uuid import uuid4

from aiohttp import web

from bot.playground.slack import envelopes
from bot.playground.slack.changes import Connected, MessageChanged, News, StatusSet
from bot.playground.slack.channels import Channel
from bot.playground.slack.delivery import Attempt, DeliveryTimeouts
from bot.playground.slack.faults import Faults
from bot.playground.slack.manifest import SUBSCRIPTIONS
from bot.playground.slack.message import Message, Ping, Preview
from bot.playground.slack.methods import SCOPES, Methods
from bot.playground.slack.outbox import Outbox
from bot.playground.slack.responses import ResponseUrls
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.tiers import RateLimits
from bot.playground.slack.triggers import Triggers
from bot.playground.slack.uploads import Uploads
from bot.playground.slack.waiting import Watch
from bot.playground.slack.web import Access, ApiCall, WebFace
from bot.playground.slack.workspace import Workspace

Happening: TypeAlias = News | ApiCall | Attempt | Connected
"""All that a local Slack tells of itself: what happens in the workspace, each call, each delivery, each change
in the number of sockets."""


class SlackBase:
    """What every part of a LocalSlack works with. The arguments are told there."""

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
        team_id: str = Workspace.team_id,
    ) -> None:
        # Slack's app-level tokens name their app: xapp-1-A0123ABCD-<digits>-<hex digits>.
        self.bot_token, self.app_token = f"xoxb-local-{uuid4().hex}", f"xapp-1-{Workspace.app_id}-1-{uuid4().hex}"
        self.signing_secret = uuid4().hex
        self.url = ""
        self.calls: list[ApiCall] = []
        self.subscriptions: Collection[str] = SUBSCRIPTIONS
        """The types of events that go out to the app; messages are subscribed to by kind of channel."""
        self._port, self._patience, self._scopes = port, patience or DeliveryTimeouts(), frozenset(scopes)
        self._watch, self._faults = Watch(), Faults()
        self._workspace = Workspace(clock, wall, self._told, team_id)
        self._sockets = Sockets(self._workspace.app_id, clock, self._patience, self._socketed)
        self._triggers = Triggers(clock)
        self._responses, self._uploads = ResponseUrls(self._workspace), Uploads(self._workspace)
        self._methods = Methods(self._workspace, self._uploads, self._triggers, self._scopes)
        self._limits = RateLimits(scale, "on" if enforce_limits else "off")
        self._access = Access(self.bot_token, self.app_token, self._scopes, self._limits, latency)
        self._web = WebFace(
            self._workspace,
            self._methods,
            self._uploads,
            self._responses,
            self._access,
            self._faults,
            self._called,
        )
        self._events_url: str | None = None
        self._outbox: Outbox | None = None
        self._mounted: list[tuple[str, web.Application]] = []
        self._twice = False
        self._callbacks: list[Callable[[str, Message], object]] = []
        self._listeners: list[Callable[[Happening], object]] = []

    @property
    def _out(self) -> Outbox:
        if self._outbox is None:
            raise RuntimeError("the local Slack is not started: use it as an async context manager")
        return self._outbox

    def _channel(self, channel: str) -> Channel:
        if channel not in self._workspace.channels:
            raise LookupError(f"there is no channel {channel}")
        return self._workspace.channels[channel]

    def _message(self, channel: str, ts: str) -> Message:
        messages = self._channel(channel).messages
        if ts not in messages:
            raise LookupError(f"there is no message {ts} in {channel}")
        return messages[ts]

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
        return self._outbox.attempts if self._outbox is not None else []

    @property
    def streaming(self) -> list[tuple[str, str]]:
        """The (channel, ts) of every native stream that has not been stopped."""
        return self._methods.streams.open

    def is_streaming(self, message: Message) -> bool:
        """Whether a message is a native stream that can still grow."""
        return self._methods.streams.running(message)

    @property
    def sockets(self) -> int:
        """The number of Socket Mode connections that take payloads."""
        return self._sockets.count

    # ── who hears what happens ──

    def on_change(self, callback: Callable[[str, Message], object]) -> None:
        """Call back with ("posted" | "updated" | "deleted" | "ephemeral" | "status", message) on each change. A status
        comes as a message without `ts` whose text is the status."""
        self._callbacks.append(callback)

    def listen(self, listener: Callable[[Happening], object]) -> Callable[[], None]:
        """Tell `listener` all that happens, as it happens; call what is returned to tell it no more."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _told(self, news: News) -> None:
        if self._outbox is not None:
            for envelope in envelopes.events(self._workspace, news, self._scopes, self.subscriptions):
                self._outbox.event(envelope)
        for kind, message in self._for_callbacks(news):
            for callback in self._callbacks:
                callback(kind, message)
        self._happened(news)

    def _for_callbacks(self, news: News) -> list[tuple[str, Message]]:
        match news:
            case MessageChanged(kind="posted" | "updated" | "deleted" | "ephemeral"):
                return [(news.kind, news.message)]
            case StatusSet(channel, thread_ts, status, by_post=False):
                return [("status", self._workspace.shown_status(channel, thread_ts, status))]
        return []

    def _socketed(self) -> None:
        self._happened(Connected(self.sockets))

    def _called(self, call: ApiCall) -> None:
        self.calls.append(call)
        self._happened(call)

    def _happened(self, happening: Happening) -> None:
        for listener in list(self._listeners):
            listener(happening)
        self._watch.changed()

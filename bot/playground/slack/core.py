"""Puts the parts of a local Slack together, and tells listeners what happens in it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias
from uuid import uuid4

from bot.playground.slack import envelopes
from bot.playground.slack.app_manifests import AppManifests
from bot.playground.slack.changes import Connected, MessageChanged, StatusSet, WorkspaceChange
from bot.playground.slack.channels import Channel
from bot.playground.slack.delivery import Attempt, DeliveryTimeouts
from bot.playground.slack.faults import Faults
from bot.playground.slack.manifest import SUBSCRIPTIONS
from bot.playground.slack.message import Message
from bot.playground.slack.methods import Methods
from bot.playground.slack.outbox import Outbox
from bot.playground.slack.responses import ResponseUrls
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.tiers import RateLimits
from bot.playground.slack.triggers import Triggers
from bot.playground.slack.uploads import Uploads
from bot.playground.slack.waiting import Watch
from bot.playground.slack.web import Access, ApiCall, WebRoutes
from bot.playground.slack.workspace import LocalWorkspace

Happening: TypeAlias = WorkspaceChange | ApiCall | Attempt | Connected
"""All that a local Slack reports: each change in the workspace, each call, each delivery, and each change in the
number of sockets."""


class SlackCore:
    """The parts that people, faults and the page of a local Slack work with. `LocalSlack` documents the arguments."""

    def __init__(
        self,
        clock: Callable[[], float],
        wall: Callable[[], float],
        patience: DeliveryTimeouts,
        scopes: frozenset[str],
        limits: RateLimits,
        latency: float,
        team_id: str,
    ) -> None:
        # Slack's app-level tokens name their app: xapp-1-A0123ABCD-<digits>-<hex digits>.
        bot_token, app_token = f"xoxb-local-{uuid4().hex}", f"xapp-1-{LocalWorkspace.app_id}-1-{uuid4().hex}"
        self.signing_secret = uuid4().hex
        self.calls: list[ApiCall] = []
        self.subscriptions: Collection[str] = SUBSCRIPTIONS
        """The types of events that go out to the app; messages are subscribed to by kind of channel."""
        self.watch, self.faults = Watch(), Faults()
        self.workspace = LocalWorkspace(clock, wall, self._changed, team_id)
        self.sockets = Sockets(self.workspace.app_id, clock, patience, self._connected)
        self.sockets.is_silent = lambda: "socket_greets" in self.workspace.reported
        self.triggers = Triggers(clock)
        self.responses, self.uploads = ResponseUrls(self.workspace), Uploads(self.workspace)
        self.methods = Methods(self.workspace, self.uploads, self.triggers, scopes)
        self.access = Access(bot_token, app_token, scopes, limits, latency)
        self.apps = AppManifests(self.workspace.app_id, self.signing_secret)
        self.web = WebRoutes(
            self.workspace,
            self.methods,
            self.uploads,
            self.responses,
            self.access,
            self.faults,
            self._called,
            self.apps,
        )
        self.started_outbox: Outbox | None = None
        """None until the local Slack is started: until then no event goes out."""
        self._callbacks: list[Callable[[str, Message], object]] = []
        self._listeners: list[Callable[[Happening], object]] = []

    @property
    def outbox(self) -> Outbox:
        """The way to the app.

        Raises:
            RuntimeError: the local Slack is not started.
        """
        if self.started_outbox is None:
            raise RuntimeError("the local Slack is not started: use it as an async context manager")
        return self.started_outbox

    @property
    def attempts(self) -> list[Attempt]:
        """Every delivery to the app so far, in order of its end."""
        return self.started_outbox.attempts if self.started_outbox is not None else []

    # ── looking up, with a LookupError for what is not there ──

    def channel(self, channel: str) -> Channel:
        if channel not in self.workspace.channels:
            raise LookupError(f"there is no channel {channel}")
        return self.workspace.channels[channel]

    def message(self, channel: str, ts: str) -> Message:
        messages = self.channel(channel).messages
        if ts not in messages:
            raise LookupError(f"there is no message {ts} in {channel}")
        return messages[ts]

    def join(self, user: str, channel: str) -> None:
        """Make the person a member of the channel if they are none; a direct message takes nobody new."""
        if user not in self.workspace.people:
            raise LookupError(f"there is no person {user}")
        place = self.channel(channel)
        if place.kind in {"im", "mpim"} and user not in place.members:
            raise LookupError(f"{user} is not in the direct message {channel}")
        self.workspace.join(place, user)

    # ── telling what happens ──

    def on_change(self, callback: Callable[[str, Message], object]) -> None:
        """Call back with ("posted" | "updated" | "deleted" | "ephemeral" | "status", message) on each change. A status
        comes as a message without `ts` whose text is the status."""
        self._callbacks.append(callback)

    def listen(self, listener: Callable[[Happening], object]) -> Callable[[], None]:
        """Call `listener` with everything that happens, as it happens; call what is returned to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def happened(self, happening: Happening) -> None:
        """Pass it to the listeners, and wake whoever waits for a change."""
        for listener in list(self._listeners):
            listener(happening)
        self.watch.changed()

    def _changed(self, change: WorkspaceChange) -> None:
        if self.started_outbox is not None:
            for envelope in envelopes.events(self.workspace, change, self.access.scopes, self.subscriptions):
                self.started_outbox.event(envelope)
        for kind, message in self._for_callbacks(change):
            for callback in self._callbacks:
                callback(kind, message)
        self.happened(change)

    def _for_callbacks(self, change: WorkspaceChange) -> list[tuple[str, Message]]:
        match change:
            case MessageChanged(kind="posted" | "updated" | "deleted" | "ephemeral"):
                return [(change.kind, change.message)]
            case StatusSet(channel, thread_ts, status, by_post=False):
                return [("status", self.workspace.shown_status(channel, thread_ts, status))]
        return []

    def _connected(self) -> None:
        self.happened(Connected(self.sockets.count))

    def _called(self, call: ApiCall) -> None:
        self.calls.append(call)
        self.happened(call)

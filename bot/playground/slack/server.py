"""Knows the local Slack as a whole: it starts and stops it, and is the person who types and reads in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import TracebackType
from uuid import uuid4

import aiohttp
from aiohttp import web

from bot.playground.slack import envelopes
from bot.playground.slack.delivery import Attempt, Delivered, Patience, Push, Retry
from bot.playground.slack.faults import Fault, Faults
from bot.playground.slack.message import File, Message, Ping, Preview
from bot.playground.slack.methods import SCOPES, Methods
from bot.playground.slack.outbox import Outbox
from bot.playground.slack.pings import typed_blocks
from bot.playground.slack.responses import ResponseUrls
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.tiers import Limits
from bot.playground.slack.uploads import Uploads
from bot.playground.slack.watch import Watch, picture
from bot.playground.slack.web import Access, ApiCall, WebFace
from bot.playground.slack.workspace import Channel, Workspace

_HOST = "127.0.0.1"


class LocalSlack:
    """A workspace with one app, served on 127.0.0.1: the Web API, Events by HTTP and Socket Mode, slash commands.

    An async context manager. `port` 0 takes a free one. `latency` is how many seconds each call of the Web API takes;
    `scale` multiplies the documented rate limits; `clock` is steady, `wall` is seconds since the epoch and makes the
    `ts` of messages. With `events_url` unset, events go to the Socket Mode connections.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        enforce_limits: bool = True,
        latency: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        scale: float = 1.0,
        patience: Patience | None = None,
        scopes: Iterable[str] = SCOPES,
    ) -> None:
        # Slack's app-level tokens name their app: xapp-1-A0123ABCD-<digits>-<hex digits>.
        self.bot_token, self.app_token = f"xoxb-local-{uuid4().hex}", f"xapp-1-{Workspace.app_id}-1-{uuid4().hex}"
        self.signing_secret = uuid4().hex
        self.url = ""
        self.calls: list[ApiCall] = []
        self._port, self._patience, self._scopes = port, patience or Patience(), frozenset(scopes)
        self._watch = Watch()
        self._workspace = Workspace(clock, wall, self._told)
        self._sockets = Sockets(self._workspace.app_id, clock, self._patience, self._watch.changed)
        self._responses, self._faults = ResponseUrls(self._workspace), Faults()
        self._uploads = Uploads(self._workspace)
        self._methods = Methods(self._workspace, self._uploads, self._scopes)
        limits = Limits(scale) if enforce_limits else None
        self._web = WebFace(
            self._workspace,
            self._methods,
            self._uploads,
            self._responses,
            Access(self.bot_token, self.app_token, self._scopes, limits, latency),
            self._faults,
            self._called,
        )
        self._events_url: str | None = None
        self._outbox: Outbox | None = None
        self._callbacks: list[Callable[[str, Message], object]] = []

    async def __aenter__(self) -> LocalSlack:
        self._session = aiohttp.ClientSession()
        push = Push(self._session, self.signing_secret, self._workspace.wall, self._patience)
        self._outbox = Outbox(push, self._sockets, self._patience, self._workspace.clock)
        self._outbox.events_url = self._events_url
        application = self._web.application(self._sockets.ticket, self._sockets.connect)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self._workspace.origin = f"http://{_HOST}:{port}"
        self.url = f"{self.origin}/api/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._out.close()
        await self._sockets.close()
        await self._runner.cleanup()
        await self._session.close()

    @property
    def origin(self) -> str:
        """The server's address without a path."""
        return self._workspace.origin

    @property
    def events_url(self) -> str | None:
        """Where signed events and commands are POSTed; None: they go to the Socket Mode connections."""
        return self._events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._events_url = url
        if self._outbox is not None:
            self._outbox.events_url = url

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
        return self._out.attempts

    @property
    def streaming(self) -> list[tuple[str, str]]:
        """The (channel, ts) of every native stream that has not been stopped."""
        return self._methods.streams.open

    @property
    def sockets(self) -> int:
        """The number of Socket Mode connections that take payloads."""
        return self._sockets.count

    @property
    def _out(self) -> Outbox:
        if self._outbox is None:
            raise RuntimeError("the local Slack is not started: use it as an async context manager")
        return self._outbox

    # ── people and channels ──

    def user(self, name: str, *, team: str | None = None) -> str:
        """The id of the person of that name, made if need be. `team`: the id of another organisation's workspace."""
        return self._workspace.person(name, team).id

    def channel(
        self,
        name: str,
        *,
        members: Iterable[str] = (),
        bot_is_member: bool = True,
        shared: bool = False,
        private: bool = False,
    ) -> str:
        """The id of the channel of that name, made if need be. `shared`: with another organisation."""
        everybody = {*members, self.bot_user_id} if bot_is_member else set(members)
        kind = "group" if private else "channel"
        return self._workspace.open_channel(name, everybody, kind, shared=shared).id

    def archive(self, channel: str) -> None:
        self._channel(channel).archived = True

    def dm(self, user: str) -> str:
        """The direct message between a person and the bot."""
        return self._workspace.direct(user).id

    def _channel(self, channel: str) -> Channel:
        if channel not in self._workspace.channels:
            raise LookupError(f"there is no channel {channel}")
        return self._workspace.channels[channel]

    # ── what a person does ──

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Iterable[str | tuple[str, bytes]] = (),
    ) -> str:
        """A person writes; returns the `ts`. `text` is as on the wire (`&amp;`, `<@U…>`); `files` are names, with
        their bytes if they matter. Who writes in a channel joins it. Delivery to the app goes on in the background.

        Raises:
            LookupError: no such person, channel or thread.
        """
        self._join(user, channel)
        if thread_ts is not None and thread_ts not in self._channel(channel).messages:
            raise LookupError(f"there is no message {thread_ts} in {channel}")
        message = Message(
            channel,
            self._workspace.new_ts(),
            user,
            text,
            self._workspace.clock(),
            thread_ts,
            blocks=typed_blocks(text),
            files=tuple(self._attached(file) for file in files),
            client_msg_id=str(uuid4()),
        )
        return self._workspace.post(message).ts

    def _attached(self, given: str | tuple[str, bytes]) -> File:
        name, content = (given, b"") if isinstance(given, str) else given
        file = File(self._workspace.new_id("F"), name, content)
        self._workspace.files[file.id] = file
        return file

    def _join(self, user: str, channel: str) -> None:
        if user not in self._workspace.people:
            raise LookupError(f"there is no person {user}")
        place = self._channel(channel)
        if place.kind in {"im", "mpim"} and user not in place.members:
            raise LookupError(f"{user} is not in the direct message {channel}")
        place.members.add(user)

    async def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """A person edits a message of theirs: message_changed, and a fresh app_mention where it mentions the bot."""
        old = self._channel(channel).messages[ts]
        if old.user != user:
            raise LookupError(f"{user} has not written {ts}")
        mark = {"user": user, "ts": self._workspace.new_ts()}
        self._workspace.change(old, replace(old, text=text, blocks=typed_blocks(text), edited=mark))

    async def command(self, user: str, channel: str, command: str, text: str) -> Delivered:
        """A person runs a slash command. Returns what the app replied within its three seconds, which the person sees;
        where it did not, `acked` is False and the person would see Slack's own `operation_timeout`.

        Raises:
            LookupError: no such person or channel, or a person of another organisation, who has no commands of ours.
        """
        self._join(user, channel)
        if self._workspace.people[user].team != self.team_id:
            raise LookupError(f"{user} is of another organisation and cannot use the app's commands")
        payload = envelopes.command(
            self._workspace, self._channel(channel), user, command, text, self._responses.new(channel, user)
        )
        done = await self._out.once("slash_commands", payload)
        if done.payload and (done.payload.get("text") or done.payload.get("blocks")):
            self._responses.answer(channel, user, done.payload)
        return done

    async def press(self, user: str, channel: str, ts: str, label: str) -> Delivered:
        """A person presses the button of that label in a message. Slack does not send it twice.

        Raises:
            LookupError: no such person, channel or message, or no such button in it.
        """
        self._join(user, channel)
        if ts not in self._channel(channel).messages:
            raise LookupError(f"there is no message {ts} in {channel}")
        payload = envelopes.press(self._workspace, self._channel(channel).messages[ts], user, label)
        return await self._out.once("interactive", payload)

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

    def delete(self, channel: str, ts: str) -> None:
        """Somebody who may (an admin) deletes a message, the app's own ones too."""
        self._workspace.delete(self._channel(channel).messages[ts])

    def remove_bot(self, channel: str) -> None:
        """Somebody takes the app out of a channel."""
        self._channel(channel).members.discard(self.bot_user_id)

    def uninstall(self) -> None:
        """Somebody uninstalls the app: its tokens are revoked, and it is told so."""
        self.revoke("account_inactive")
        self.revoke("account_inactive", app_token=True)
        for event in envelopes.farewells(self._workspace):
            self._out.event(event)

    # ── what a person sees ──

    def messages(self, channel: str) -> list[Message]:
        """All messages of a channel, replies included, oldest first."""
        return list(self._channel(channel).messages.values())

    def thread(self, channel: str, thread_ts: str) -> list[Message]:
        """A thread's first message and its replies, oldest first."""
        self._channel(channel)
        return self._workspace.thread(channel, thread_ts)

    def ephemerals(self, channel: str, user: str) -> list[Message]:
        """What only this person sees in the channel."""
        return [message for message in self._workspace.hidden if (message.channel, message.to) == (channel, user)]

    def status(self, channel: str, thread_ts: str) -> str:
        """The status line under a thread; empty where there is none."""
        return self._workspace.status(channel, thread_ts)

    def on_change(self, callback: Callable[[str, Message], object]) -> None:
        """Call back with ("posted" | "updated" | "deleted" | "ephemeral" | "status", message) on each change. A status
        comes as a message without `ts` whose text is the status."""
        self._callbacks.append(callback)

    async def until(self, predicate: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait until the predicate holds; it is asked again after every change and every call, and now and then for
        what is outside of Slack.

        Raises:
            TimeoutError: it never did. The text tells what the threads look like.
        """
        try:
            await self._watch.until(predicate, timeout)
        except TimeoutError:
            last = [(call.method, call.answer) for call in self.calls[-5:]]
            state = f"{self.sockets} sockets, {len(self.calls)} calls; the last: {last}\n{picture(self._workspace)}"
            raise TimeoutError(f"not within {timeout:g} s; {state}") from None

    async def settled(self, timeout: float = 10.0) -> None:
        """Wait until the app has acknowledged every event so far, or Slack has given up. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._out.settled()

    # ── faults ──

    def refuse(self, method: str, error: str, *, times: int = 1, channel: str | None = None) -> None:
        """Answer the next calls with an error word, and do nothing."""
        self._faults.add(Fault("refuse", method, times, word=error, channel=channel))

    def limit(self, method: str, retry_after: float, times: int = 1) -> None:
        """Answer the next calls with 429."""
        self._faults.add(Fault("limit", method, times, retry_after=retry_after))

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

    # ── what the rooms tell ──

    def _told(self, kind: str, message: Message, previous: Message | None) -> None:
        if self._outbox is not None:
            for envelope in envelopes.events(self._workspace, kind, message, previous, self._scopes):
                self._outbox.event(envelope)
        for callback in self._callbacks:
            callback(kind, message)
        self._watch.changed()

    def _called(self, call: ApiCall) -> None:
        self.calls.append(call)
        self._watch.changed()

"""Implements `bot.ports.slack.Slack` on Slack's Web API."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import NotSlack, SlackRefused, SlackUnavailable
from bot.records.thread import Thread
from bot.slack.calls import (
    AppendStream,
    Call,
    DeleteMessage,
    FindStream,
    PostEphemeral,
    PostMessage,
    Respond,
    Result,
    SendFile,
    SetSession,
    SetStatus,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
    method_of,
)
from bot.slack.exactly_once import Once
from bot.slack.fields import part, string
from bot.slack.identity import Identity
from bot.slack.messages import EarlierMessage, Marked, StandingMessage
from bot.slack.names import Names
from bot.slack.payload import IncomingMessage
from bot.slack.people import Person
from bot.slack.permissions import named_in
from bot.slack.reading import Reading
from bot.slack.shared_files import SharedFile, shared_file
from bot.slack.streamed import streamed
from bot.slack.text.escaping import shorten
from bot.slack.text.steps_blocks import inert
from bot.slack.token_state import TokenState
from bot.slack.wire import Wire, without_none

# Prompts in an agent's pane (Slack docs, App manifest reference), and the characters of a title: those of a button.
_MOST_PROMPTS = 4
_TITLE = 75


class SlackClient:
    """`bot.ports.slack.Slack` on one workspace's bot token."""

    def __init__(
        self, web: AsyncWebClient, session: aiohttp.ClientSession, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wire = Wire(web, session)
        self._once = Once(self._wire)
        self._names = Names(self._wire, clock)
        self._reading = Reading(self._wire, self._names)
        self._bot_user = ""

    @property
    def bot_user(self) -> str:
        """The bot's own user id; empty until `identity` was asked."""
        return self._bot_user

    @property
    def admission(self) -> TokenState:
        """Whether Slack accepts the bot token."""
        return self._wire.admission

    async def come_back(self, pause: Callable[[], Awaitable[None]]) -> None:
        """While the token is refused, check after each `pause` whether it is accepted again. Never returns."""
        while True:
            await pause()
            if self.admission.refusal:
                with suppress(SlackRefused, SlackUnavailable):
                    await self.identity()

    async def identity(self) -> Identity:
        """Who the token belongs to.

        Raises:
            SlackRefused: Slack refuses the token.
            SlackUnavailable: Slack does not answer.
            NotSlack: what answers is not Slack.
        """
        answer = await self._wire.ask("auth.test", {})
        if not string(answer, "user_id"):
            raise NotSlack("auth.test: an answer that names no user")
        identity = Identity(
            team=string(answer, "team_id"),
            enterprise=string(answer, "enterprise_id"),
            bot_id=string(answer, "bot_id"),
            bot_user=string(answer, "user_id"),
            name=string(answer, "user"),
            team_name=string(answer, "team"),
            scopes=None if self._wire.scopes is None else named_in(self._wire.scopes),
            is_org_wide=answer.get("is_enterprise_install") is True,
        )
        self._bot_user = identity.bot_user
        return identity

    async def call(self, call: Call) -> Result:  # noqa: PLR0911  # one way a call
        match call:
            case PostMessage():
                return await self._once.post(call)
            case StartStream():
                return await self._once.start(call, self._bot_user)
            case FindStream():
                return await self._once.find_stream(call, self._bot_user)
            case SendFile(name=name, content=content):
                return await self._wire.send_file(name, content or b"")
            case ShareFile():
                return await self._once.share(call)
            case SetSession():
                return await self._wire.make(method_of(call), _session(call))
            case Respond():
                return await self._wire.respond(call)
            case _:
                return await self._wire.make(method_of(call), _body(call))

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        us = self._bot_user
        return await self._reading.replies(thread, us, before=before, limit=limit, after=after, asker=asker)

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        return await self._reading.marked(thread, reference, since=since)

    async def file(self, file_id: str) -> SharedFile:
        answer = await self._wire.ask("files.info", {"file": file_id})
        return shared_file(part(answer, "file"))

    async def content(self, file: SharedFile) -> bytearray:
        return await self._wire.files.content(file)

    async def name(self, user: str) -> str:
        person = await self._names.person(user)
        return person.name if person is not None else ""

    async def names(self, text: str, *, asker: str) -> Mapping[str, str]:
        """See `bot.slack.names.Names.of`."""
        return await self._names.of(text, asker=asker, but_not=self._bot_user)

    async def person(self, user: str) -> Person | None:
        """See `bot.workspace.authors.Authorship`."""
        return await self._names.person(user)

    async def channel_name(self, channel: str) -> str:
        """See `bot.slack.names.Names.channel`."""
        return await self._names.channel(channel)

    async def written(self, thread: Thread, ts: str) -> IncomingMessage | None:
        """See `bot.slack.reading.Reading.written`."""
        return await self._reading.written(thread, ts)

    async def members(self, group: str) -> frozenset[str] | None:
        """See `bot.slack.names.Names.members`."""
        return await self._names.members(group)

    async def wrote(self, thread: Thread, user: str) -> bool:
        """See `bot.slack.reading.Reading.wrote`."""
        return await self._reading.wrote(thread, user)

    async def standing(self, thread: Thread, ts: str) -> StandingMessage | None:
        """See `bot.slack.reading.Reading.standing`."""
        return await self._reading.standing(thread, ts)

    async def suggest(self, channel: str, prompts: Sequence[str]) -> Result:
        """Show prompts to begin with in the pane of an agent, of which one is asked when it is pressed."""
        shown = [{"title": shorten(inert(each), _TITLE), "message": each} for each in prompts[:_MOST_PROMPTS]]
        return await self._wire.make("assistant.threads.setSuggestedPrompts", {"channel_id": channel, "prompts": shown})

    async def open_view(self, trigger_id: str, view: Mapping[str, object]) -> Result:
        """Open a modal for whoever has pressed a button; the trigger lives three seconds."""
        return await self._wire.make("views.open", {"trigger_id": trigger_id, "view": view})

    async def publish_home(self, user: str, view: Mapping[str, object]) -> Result:
        """Show a person a Home, in place of the one before."""
        return await self._wire.make("views.publish", {"user_id": user, "view": view})

    async def bot_wrote(self, thread: Thread, *, app: str, bot: str) -> bool:
        """See `bot.workspace.authors.Authorship`."""
        return await self._reading.bot_wrote(thread, app=app, bot=bot)


def _session(call: SetSession) -> dict[str, object]:
    state = "processing" if call.status else "active"
    return without_none(channel_id=call.channel, status=state, thread_ts=call.thread_ts, title=call.title or None)


def _body(
    call: UpdateMessage | DeleteMessage | AppendStream | StopStream | SetStatus | PostEphemeral,
) -> dict[str, object]:
    match call:
        case UpdateMessage(channel=channel, ts=ts, text=text, blocks=blocks):
            return without_none(channel=channel, ts=ts, text=text, blocks=list(blocks))
        case DeleteMessage(channel=channel, ts=ts):
            return without_none(channel=channel, ts=ts)
        case AppendStream(channel=channel, ts=ts, markdown=markdown, tasks=tasks):
            return without_none(channel=channel, ts=ts, **streamed(markdown, tasks))
        case StopStream(channel=channel, ts=ts, markdown=markdown, blocks=blocks, tasks=tasks, plan=plan):
            added = streamed(markdown, tasks, plan)
            return without_none(channel=channel, ts=ts, **added, blocks=list(blocks) or None)
        case SetStatus(channel=channel, thread_ts=thread_ts, status=status):
            return without_none(channel_id=channel, thread_ts=thread_ts, status=status)
        case PostEphemeral(channel=channel, user=user, text=text, blocks=blocks, thread_ts=thread_ts):
            return without_none(channel=channel, user=user, text=text, blocks=list(blocks), thread_ts=thread_ts)

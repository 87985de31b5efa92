"""Serves an agent's surface: the starter prompts in its pane, and the Stop of Slack's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.errors import StoreUnavailable
from bot.reply.contract import Place
from bot.slack.calls import Refused, SetSession
from bot.slack.fields import string
from bot.slack.payload import SessionStop, session_stop
from bot.workspace.workspace import Workspace
from handlers import stop
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Listen to what Slack tells agents. What people look at and how they name a thread is not needed, so not kept."""

    async def shows_messages(event: Mapping[str, object]) -> bool:
        return event.get("tab") == "messages"

    async def stop_first(
        workspace: Workspace, event: Mapping[str, object], next_: Callable[[], Awaitable[None]]
    ) -> BoltResponse | None:
        if (asked := session_stop(event)) is not None:
            try:
                await _stop(workspace, behaviour, asked)
            except StoreUnavailable as error:  # Slack delivers it again
                log.warning("stop not noted", reason=str(error))
                return BoltResponse(status=503, body="")
        await next_()
        return None

    @app.event("app_home_opened", matchers=[shows_messages])
    async def on_messages_opened(workspace: Workspace, event: Mapping[str, object]) -> None:
        await _offer_prompts(workspace, string(event, "channel"))

    @app.event("agent_session_stopped", middleware=[stop_first])
    async def on_stopped() -> None:
        """It is noted already."""

    @app.event("agent_session_title_changed")
    async def on_titled() -> None:
        """A name that a person has given is never changed."""

    @app.event("app_context_changed")
    async def on_context() -> None:
        """What a person looks at goes to no flow."""


async def _stop(workspace: Workspace, behaviour: Behaviour, asked: SessionStop) -> None:
    """Stop the answer of a thread as its own button does. Raises StoreUnavailable."""
    thread = workspace.thread(asked.channel, asked.thread_ts)
    told = await stop.in_thread(workspace, behaviour, thread, asked.user)
    place = Place(asked.channel, asked.thread_ts, asked.user)
    if told is None:
        # No answer is left that would reset it, and Slack would believe it for an hour.
        reset = SetSession(asked.channel, asked.thread_ts, "")
        workspace.tasks.start(workspace.sentences.reset(reset), name="reset a session", later=True)
    elif told:
        workspace.tasks.start(workspace.sentences.whisper(place, told, applies=_always), name="stop", later=True)


async def _offer_prompts(workspace: Workspace, channel: str) -> None:
    """Show the flow's starter prompts in the pane, where it has any."""
    try:
        flow = await workspace.in_time(workspace.conversations.flow_at(workspace.thread(channel, "")))
    except StoreUnavailable as error:
        log.info("starter prompts not shown", reason=str(error))
        return
    prompts = await flow.offers.starters() if flow is not None else ()
    if not (channel and prompts):
        return
    result = await workspace.slack.suggest(channel, prompts)
    if isinstance(result, Refused):
        log.warning("starter prompts refused", error=result.error)


async def _always() -> bool:
    return True

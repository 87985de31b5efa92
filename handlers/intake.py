"""Stores what an event asks for, with its claim, before Slack gets an acknowledgement; or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from slack_bolt.async_app import AsyncBoltContext, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.errors import StoreUnavailable
from bot.mailbox.lease import Lease
from bot.records.thread import Item, Thread
from bot.reply.contract import Place
from bot.slack.payload import app_of
from bot.workspace.apologies import Untaken
from bot.workspace.workspace import Workspace

log = structlog.get_logger(__name__)

# Slack delivers a message at most so many times again (Slack docs, The Events API).
_LAST_TRY = 3
_LEASE = "lease"

Middleware = Callable[
    [Workspace, Mapping[str, object], AsyncBoltContext, AsyncBoltRequest, Callable[[], Awaitable[None]]],
    Awaitable[BoltResponse | None],
]


@dataclass(frozen=True, slots=True)
class Intake:
    """What an event holds for us: the item to be stored, and where its answer goes.

    `opens` is the thread that the bot takes part in from now on; `addressed`: the person expects an answer
    that everybody sees. `is_twin`: Slack tells of the same message by another event, for which we apologise.
    """

    item: Item
    place: Place
    opens: Thread | None = None
    addressed: bool = True
    is_twin: bool = False


def stored_first(read: Callable[[Workspace, Mapping[str, object]], Awaitable[Intake | None]]) -> Middleware:
    """The listener middleware that stores what `read` finds in an event; Bolt acknowledges only after it.

    Where the store fails it answers 503, and a socket gets no acknowledgement: Slack delivers the event again.
    """

    async def store_first(
        workspace: Workspace,
        event: Mapping[str, object],
        context: AsyncBoltContext,
        request: AsyncBoltRequest,
        next_: Callable[[], Awaitable[None]],
    ) -> BoltResponse | None:
        if workspace.is_leaving:  # another process takes it
            return BoltResponse(status=503, body="")
        own_app = request.body.get("api_app_id")
        if own_app and app_of(event) == own_app:
            return BoltResponse(status=200, body="")  # posted by ourselves, in whosever name
        tries = _tries(request)
        intake: Intake | None = None
        try:
            intake = await read(workspace, event)
            lease = await workspace.mailbox.accept(intake.item, opens=intake.opens) if intake else None
        except StoreUnavailable as error:
            reference = intake.item.reference if intake is not None else None
            log.warning("question not stored", ref=reference, tries=tries, reason=str(error))
            if intake is not None and intake.addressed:
                _apologise(workspace, intake, tries)
            return BoltResponse(status=503, body="")
        if lease is None:
            return BoltResponse(status=200, body="")  # nothing for us, or taken in before
        lease.look = lease.look or tries > 0
        context[_LEASE] = lease
        await next_()
        return None

    return store_first


def lease_of(context: AsyncBoltContext) -> Lease:
    """What the middleware has taken in."""
    lease = context[_LEASE]
    assert isinstance(lease, Lease)  # noqa: S101  # set by the middleware of the same listener
    return lease


def _apologise(workspace: Workspace, intake: Intake, tries: int) -> None:
    """Say once that it is not taken yet, and in the end that it never was."""
    untaken = Untaken(intake.item, intake.place, intake.opens)
    if tries == 0 and not intake.is_twin:
        workspace.apologies.not_yet(untaken)
    elif tries >= _LAST_TRY:
        workspace.apologies.never(untaken)


def _tries(request: AsyncBoltRequest) -> int:
    """How often Slack has delivered this before."""
    given = request.headers.get("x-slack-retry-num", ["0"])
    return int(given[0]) if given and given[0].isascii() and given[0].isdigit() else 0

"""Keeps those from asking who may not, before anything of what they ask is stored, and tells them alone why."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.config.access import Refusal
from bot.records.figures import Counted
from bot.reply.contract import Place
from bot.workspace.workspace import Workspace

log = structlog.get_logger(__name__)


async def refusal(workspace: Workspace, user: str, channel: str, teams: Sequence[str] = ()) -> Refusal | None:
    """Why somebody is not answered; None: they are.

    Raises StoreUnavailable: Slack does not tell in time. What it tells later is known when they try again.
    """
    found = await workspace.in_time(workspace.access.refusal(user, channel, teams))
    if found is not None:
        log.info("asker refused", reason=found.value, channel=channel)
        workspace.count(Counted.REFUSED)
    return found


def tell(workspace: Workspace, place: Place, found: Refusal) -> None:
    """Tell somebody alone why they are not answered, behind the acknowledgement."""
    workspace.tasks.start(_told(workspace, place, found), name="whisper")


async def _told(workspace: Workspace, place: Place, found: Refusal) -> None:
    if sentence := await workspace.access.told_now(place.user, found):
        await workspace.sentences.whisper(place, sentence, applies=_always)


async def _always() -> bool:
    return True

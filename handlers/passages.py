"""Shows the passages that an answer has used, to whoever presses its button. Nothing is claimed or stored for that."""

from __future__ import annotations

import structlog

from bot.errors import FlowiseError, StoreUnavailable
from bot.records.thread import question_of
from bot.reply.contract import Place
from bot.reply.passages import grouped
from bot.slack import wording
from bot.slack.calls import Accepted
from bot.slack.payload import Press
from bot.slack.text.passages_blocks import passages_blocks
from bot.slack.views import reading_view
from bot.workspace.workspace import Workspace
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)


async def pressed(workspace: Workspace, _: Behaviour, press: Press) -> str:
    """Show the passages as soon as they are read: Slack is not kept waiting for that."""
    workspace.tasks.start(_shown(workspace, press), name="passages")
    return ""


async def is_unseen(_workspace: Workspace, _press: Press) -> bool:
    """Whether they may be asked for again: at any time."""
    return True


async def _shown(workspace: Workspace, press: Press) -> None:
    if told := await _opened(workspace, press):
        private = Place(press.channel, press.thread_ts or None, press.user)
        await workspace.sentences.whisper(private, told, applies=_always)


async def _opened(workspace: Workspace, press: Press) -> str:
    """Open the modal; returns what the person alone is told instead, empty for nothing."""
    line, reference = question_of(press.value)
    # The value has been in Slack: it must be of this workspace, and of the place where it was pressed.
    is_here = workspace.has(line) and line.split(":")[1] == press.channel
    try:
        found = await workspace.conversations.passages_of(line, reference) if is_here else None
    except (StoreUnavailable, FlowiseError) as error:
        log.warning("passages not read", ref=reference, reason=str(error))
        return wording.PASSAGES_LATER
    documents = grouped(found.sources, cited=found.cited) if found is not None else ()
    if found is None or not documents:
        return wording.PASSAGES_GONE
    blocks = passages_blocks(documents, workspace.link_hosts, found.more)
    result = await workspace.slack.open_view(press.trigger, reading_view(wording.PASSAGES, blocks))
    if isinstance(result, Accepted):
        return ""
    log.warning("passages not shown", ref=reference, result=str(result))
    return wording.PASSAGES_LATER


async def _always() -> bool:
    return True

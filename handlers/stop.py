"""Stops an answer: by its button, by the word `stop`, or because its question was deleted."""

from __future__ import annotations

import structlog

from bot.mailbox.lease import Lease
from bot.records.thread import Item, StopRequest, StopResult, Thread, question_of
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.payload import DeletedMessage, Instruction, Press, instruction
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers.askers import asker_of, message_of, text_of
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)


async def pressed(workspace: Workspace, behaviour: Behaviour, press: Press) -> str:
    """Stop the answer that a button stands under; returns what the person is told, empty for nothing.

    Raises StoreUnavailable: it is not known whether that was noted.
    """
    line, reference = question_of(press.value)
    item = next((one for one in await workspace.items(line) if one.reference == reference), None)
    if item is None:
        return wording.ENDED_ALREADY
    if not _may_stop(behaviour, press.user, item):
        return wording.ONLY_THE_ASKER_STOPS
    found = await _stop(workspace, item, press.user)
    return wording.ENDED_ALREADY if found is StopResult.GONE else ""


async def is_unstopped(workspace: Workspace, press: Press) -> bool:
    """Whether the answer has still not ended, as far as the store tells. Raises StoreUnavailable."""
    line, reference = question_of(press.value)
    progress = await workspace.mailbox.progress(line, reference)
    return progress is not None and not progress.settled


async def said(workspace: Workspace, behaviour: Behaviour, user: str, private: Place, lease: Lease) -> None:
    """Stop the answer that is under way where a person has said so. It may be done again. Raises StoreUnavailable."""
    told = await in_line(workspace, behaviour, lease.item.line, user, but_not=lease.item.reference)
    if told:
        await workspace.sentences.whisper(private, told, applies=lease.may_write)


async def in_line(workspace: Workspace, behaviour: Behaviour, line: str, user: str, *, but_not: str = "") -> str:
    """Stop the first answer in a line that a person has asked for, or else may stop; returns what they are told.

    Raises StoreUnavailable.
    """
    told = await _first_in_line(workspace, behaviour, line, user, but_not=but_not)
    if told is not None:
        return told
    thread = Thread.of_line(line)
    in_dm = thread is not None and thread.channel.startswith("D")
    return wording.NOTHING_TO_STOP_IN_DM if in_dm else wording.NOTHING_TO_STOP


async def in_thread(workspace: Workspace, behaviour: Behaviour, thread: Thread, user: str) -> str | None:
    """As `in_line`; None where nothing is left to stop. Raises StoreUnavailable."""
    return await _first_in_line(workspace, behaviour, thread.line, user)


async def _first_in_line(
    workspace: Workspace, behaviour: Behaviour, line: str, user: str, *, but_not: str = ""
) -> str | None:
    found = [
        item for item in await workspace.items(line) if item.reference != but_not and _is_question(workspace, item)
    ]
    own = [item for item in found if asker_of(item) == user]
    for item in own or [item for item in found if _may_stop(behaviour, user, item)]:
        if await _stop(workspace, item, user) is not StopResult.GONE:
            return ""
    return wording.ONLY_THE_ASKER_STOPS if found and not own else None


async def deleted(workspace: Workspace, message: DeletedMessage) -> None:
    """Stop the answer to a question that was deleted, if there is one, also where it is asked once more.

    Raises StoreUnavailable.
    """
    root = message.thread_ts or message.ts
    thread = workspace.thread(message.channel, root)
    first = reference_of(workspace.identity.team, message.channel, message.ts)
    again = [item.reference for item in await workspace.items(thread.line) if message_of(item) == message.ts]
    request = StopRequest(message.user, workspace.wall(), deleted=True)
    for reference in dict.fromkeys((first, *again)):
        if await workspace.mailbox.stop(thread.line, reference, request) is StopResult.NOTED:
            log.info("stop noted", ref=reference, by="deletion")


async def _stop(workspace: Workspace, item: Item, user: str) -> StopResult:
    found = await workspace.mailbox.stop(item.line, item.reference, StopRequest(user, workspace.wall()))
    log.info("stop noted", ref=item.reference, result=found.value)
    return found


def _may_stop(behaviour: Behaviour, user: str, item: Item) -> bool:
    return behaviour.everyone_stops or asker_of(item) == user


def _is_question(workspace: Workspace, item: Item) -> bool:
    """Whether an item is a question, and not one of the words that tell the bot what to do."""
    return instruction(workspace.without_mention(text_of(item))) in {Instruction.ANSWER, Instruction.HELP}

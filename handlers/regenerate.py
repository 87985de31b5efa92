"""Asks the question of the newest answer of a thread anew, by the button under it. Both answers stand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.conversation.question import Question
from bot.errors import Unreadable
from bot.mailbox.lease import Lease
from bot.records.codec import decoded, encoded
from bot.records.thread import Item, NewestAnswer, Thread, question_of
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.payload import Press
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers import command, questions, suggestion
from handlers.askers import asker_of
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)

SURFACE = "regenerate"

ASKED_ANEW: Final[Mapping[str, Callable[[Workspace, Lease, str], Awaitable[Question | None]]]] = {
    questions.SURFACE: questions.asked_anew,
    command.SURFACE: command.asked_anew,
    suggestion.SURFACE: suggestion.asked_anew,
}
"""What makes a question of what was heard of it, as it stands now, by the surface that it came through; None: it stands
no longer."""


@dataclass(frozen=True, slots=True)
class Regeneration:
    """What is stored of a question that is asked anew: how it was asked first, and the `context_since` of its thread
    then. `answer` is the reference of the answer whose button was pressed, in the thread `thread_ts` of `channel`."""

    surface: str
    heard: str
    since: str
    answer: str
    channel: str
    thread_ts: str
    user: str


async def pressed(workspace: Workspace, _: Behaviour, press: Press) -> str:
    """Store the question anew, once for each answer; returns what the person is told, empty for nothing.

    Raises StoreUnavailable: it is not known whether it was stored.
    """
    (line, reference), thread = question_of(press.value), _thread(workspace, press)
    # The value has been in Slack: what it names must be of this workspace, and of this place.
    newest = await _newest(workspace, thread, reference) if workspace.has(line) and line == thread.line else None
    if newest is None:
        return wording.NOT_THE_NEWEST
    if press.user != asker_of(newest.item):
        return wording.ONLY_THE_ASKER_REGENERATES
    item = _item(workspace, thread, newest, press)
    # A direct message is one line: a question in another thread of it is no newer one.
    under_way = () if thread.is_flat_direct else await workspace.items(line)
    if any(other.reference not in {reference, item.reference} for other in under_way):
        return wording.NOT_THE_NEWEST
    lease = await workspace.mailbox.accept(item)
    if lease is not None:
        log.info("answer regenerated", ref=item.reference, answer=reference)
        workspace.begin(lease)
        return ""
    progress = await workspace.mailbox.progress(line, item.reference)
    return wording.REGENERATED_ALREADY if progress is not None and progress.settled else ""


async def is_untaken(workspace: Workspace, press: Press) -> bool:
    """Whether still nobody has taken the question in, as far as the store tells. Raises StoreUnavailable."""
    line, reference = question_of(press.value)
    return await workspace.mailbox.progress(line, _anew(reference)) is None


async def take(workspace: Workspace, lease: Lease) -> None:
    """Ask the question as it stands now, once its turn has come and if no newer one was answered before.

    Raises StoreUnavailable: to be done again, from the beginning; and Unreadable.
    """
    kept = decoded(Regeneration, lease.item.heard)
    asked_anew = ASKED_ANEW.get(kept.surface)
    if asked_anew is None:
        raise Unreadable(f"a question of a surface that cannot be asked anew: {kept.surface!r}")
    if not lease.was_asked:
        if not await workspace.answering.turn_came(lease):
            return  # another process goes on with it
        newest = await workspace.store.newest(workspace.thread(kept.channel, kept.thread_ts))
        if newest is None or newest.item.reference != kept.answer:
            await _whisper(workspace, kept, lease, wording.NOT_THE_NEWEST)
            return
    question = await asked_anew(workspace, lease, kept.heard)
    if question is None:
        await _whisper(workspace, kept, lease, wording.QUESTION_GONE)
        return
    await workspace.answering.answer(replace(question, since=kept.since), lease)


async def _whisper(workspace: Workspace, kept: Regeneration, lease: Lease, sentence: str) -> None:
    log.info("answer not regenerated", ref=lease.item.reference, told=sentence)
    private = Place(kept.channel, kept.thread_ts or None, kept.user)
    await workspace.sentences.whisper(private, sentence, applies=lease.may_write)


async def _newest(workspace: Workspace, thread: Thread, reference: str) -> NewestAnswer | None:
    """The newest answer of a thread, if it is that one. Its button is seen a moment before it is kept."""
    newest = await workspace.store.newest(thread)
    if newest is None or newest.item.reference != reference:
        await workspace.mailbox.until_settled(thread.line, reference)
        newest = await workspace.store.newest(thread)
    return newest if newest is not None and newest.item.reference == reference else None


def _thread(workspace: Workspace, press: Press) -> Thread:
    """The thread of the answer whose button was pressed. In a direct message, somebody may have opened one under it."""
    return workspace.thread(press.channel, "" if press.thread_ts == press.message_ts else press.thread_ts)


def _item(workspace: Workspace, thread: Thread, newest: NewestAnswer, press: Press) -> Item:
    asked, since = newest.item, newest.since
    surface, heard = asked.surface, asked.heard
    if surface == SURFACE:  # it was asked anew before
        first = decoded(Regeneration, heard)
        surface, heard, since = first.surface, first.heard, first.since
    stored = Regeneration(surface, heard, since, asked.reference, thread.channel, thread.thread_ts, press.user)
    reference = _anew(asked.reference)
    return Item(workspace.identity.team, thread.line, reference, press.ts, SURFACE, encoded(stored))


def _anew(reference: str) -> str:
    """The reference of a question that is asked anew."""
    return reference_of(reference, SURFACE)

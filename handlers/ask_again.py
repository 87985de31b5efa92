"""Asks the question of an answer that failed once more, by the button under it."""

from __future__ import annotations

from dataclasses import replace

from bot.records.thread import OpenAnswer, question_of
from bot.slack import wording
from bot.slack.payload import Press
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers.askers import asker_of
from handlers.behaviour import Behaviour


async def pressed(workspace: Workspace, _: Behaviour, press: Press) -> str:
    """Store the question anew, once; returns what the person is told, empty for nothing.

    Raises StoreUnavailable: it is not known whether it was stored.
    """
    line, reference = question_of(press.value)
    # The value has been in Slack: what it names must be of this workspace.
    asked = await workspace.mailbox.asked(line, reference) if workspace.has(line) else None
    if asked is None:
        return wording.NOT_KEPT
    if press.user != asker_of(asked.item):
        return wording.NOT_YOURS
    item = replace(asked.item, reference=_again(reference), ts=press.ts)
    lease = await workspace.mailbox.accept(item, opened=OpenAnswer(messages=asked.messages, again=True))
    if lease is not None:
        workspace.begin(lease)
    return ""


async def is_untaken(workspace: Workspace, press: Press) -> bool:
    """Whether still nobody has taken the question in, as far as the store tells. Raises StoreUnavailable."""
    line, reference = question_of(press.value)
    return await workspace.mailbox.progress(line, _again(reference)) is None


def _again(reference: str) -> str:
    """The reference of a question that is asked once more."""
    return reference_of(reference, "again")

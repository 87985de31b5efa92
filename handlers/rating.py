"""Takes ratings of answers: by two buttons, and with a comment where an answer was no good.

Flowise has one rating an answer: that of whoever asked. What others think is counted in our own metrics. A rating is
stored like a question, in a line of its answer's own, so that the last press counts.
"""

from __future__ import annotations

import json

import structlog

from bot.conversation.ratings import RatingOutcome
from bot.errors import SlackRefused, SlackUnavailable
from bot.mailbox.lease import Lease
from bot.records.answer_note import GivenRating, KeptAnswer
from bot.records.codec import decoded, encoded
from bot.records.thread import GOOD, Item, question_of, said_of
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.calls import UpdateMessage
from bot.slack.payload import Press
from bot.slack.text.answer_blocks import without_rating
from bot.slack.views import Submission, comment_view
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)

SURFACE = "rating"
COMMENT = "rating_comment"
"""The name of the modal."""

_TOLD = {
    RatingOutcome.NOT_KEPT: wording.RATING_TOO_LATE,
    RatingOutcome.UNKNOWN: wording.RATING_UNKNOWN,
    RatingOutcome.GIVEN_UP: wording.RATING_NOT_WRITTEN,
}
"""What the person reads where their rating was not written."""


async def pressed(workspace: Workspace, _: Behaviour, press: Press) -> str:
    """Store a rating, and ask for a comment where the answer was no good; returns what the person alone is told, empty
    for nothing. Raises StoreUnavailable: it is not known whether it was stored."""
    line, reference = question_of(press.value)
    kept = await _kept(workspace, line, reference, press.channel)
    if kept is None:
        return wording.RATING_TOO_LATE
    good, by_asker = said_of(press.value) == GOOD, press.user == kept.note.asker
    if not by_asker:
        workspace.count_rating(by_asker=False, good=good)
        return wording.RATING_OF_ANOTHER
    where = (press.channel, press.thread_ts, press.message_ts)
    given = GivenRating(line, reference, press.user, good, *where, flow=kept.note.flow)
    await _store(workspace, given, press.ts)
    workspace.count_rating(by_asker=True, good=good)
    if not good:  # the trigger lives three seconds: where it is too late, the rating counts all the same
        opened_for = json.dumps([line, reference, *where])
        view = comment_view(COMMENT, opened_for, title=wording.RATING_TITLE, above=wording.RATING_ABOVE)
        result = await workspace.slack.open_view(press.trigger, view)
        log.debug("comment asked for", ref=reference, result=type(result).__name__)
    return ""


async def submitted(workspace: Workspace, _: Behaviour, sent: Submission) -> str:
    """Store the comment on a bad answer; returns why not, empty where it was. Raises StoreUnavailable."""
    line, reference, channel, thread_ts, message = _opened_for(sent.private)
    kept = await _kept(workspace, line, reference, channel)
    if kept is None:
        return wording.RATING_TOO_LATE
    if sent.comment and sent.user == kept.note.asker:
        where = (channel, thread_ts, message)
        given = GivenRating(line, reference, sent.user, False, *where, comment=sent.comment, flow=kept.note.flow)
        await _store(workspace, given, f"{workspace.wall():.6f}")
    return ""


async def is_unrated(workspace: Workspace, press: Press) -> bool:
    """Whether a press was not stored, as far as the store tells. Raises StoreUnavailable."""
    line, reference = question_of(press.value)
    item = _item(workspace, line, reference, press.ts, "")
    return await workspace.mailbox.progress(item.line, item.reference) is None


async def _kept(workspace: Workspace, line: str, reference: str, channel: str) -> KeptAnswer | None:
    """What is kept of an answer that can be rated. The names have been in Slack: they must be of this workspace and
    place."""
    is_here = workspace.has(line) and line.split(":")[1] == channel
    kept = await workspace.store.answers.kept(line, reference) if is_here else None
    return kept if kept is not None and kept.note.message_id else None


async def _store(workspace: Workspace, given: GivenRating, ts: str) -> None:
    lease = await workspace.mailbox.accept(_item(workspace, given.line, given.reference, ts, encoded(given)))
    if lease is not None:
        log.info("rating taken", ref=given.reference, good=given.good, comment=given.comment is not None)
        workspace.begin(lease)


def _item(workspace: Workspace, line: str, reference: str, ts: str, heard: str) -> Item:
    """A rating waits for the earlier ones of its answer, and for nothing else."""
    team, channel = (*line.split(":"), "")[:2]
    own_line = f"{team}:{channel}:{SURFACE}-{reference}"
    return Item(workspace.identity.team, own_line, reference_of(reference, SURFACE, ts), ts, SURFACE, heard)


def _opened_for(private: str) -> tuple[str, str, str, str, str]:
    """What a modal was opened for: the line and reference of an answer, its channel, thread and message."""
    try:
        match json.loads(private):
            case [str(line), str(reference), str(channel), str(thread_ts), str(message)]:
                return line, reference, channel, thread_ts, message
    except ValueError:
        pass
    return "", "", "", "", ""


# What is done for a rating that is stored -----------------------------------------------------------------------------


async def take(workspace: Workspace, lease: Lease) -> None:
    """Pass a rating on, once the earlier ones of its answer are; tell the person where that has failed.

    Raises StoreUnavailable: to be done again, from the beginning; and Unreadable.
    """
    given = decoded(GivenRating, lease.item.heard)
    if not await workspace.answering.turn_came(lease):
        return  # another process goes on with it
    flow = await workspace.conversations.flow_of(given.flow, workspace.thread(given.channel, given.thread_ts))
    outcome = await flow.ratings.passed_on(given, lease) if flow is not None else RatingOutcome.UNKNOWN
    log.info("rating passed on", ref=given.reference, outcome=outcome.value)
    if outcome is RatingOutcome.LEFT:
        lease.handed_over = lease.ours
        return
    if outcome in _TOLD:
        private = Place(given.channel, given.thread_ts or None, given.user)
        await workspace.sentences.whisper(private, _TOLD[outcome], applies=lease.may_write)
    if outcome is RatingOutcome.UNKNOWN:
        await _switch_off(workspace, given, lease)


async def _switch_off(workspace: Workspace, given: GivenRating, lease: Lease) -> None:
    """Take the buttons of a rating away that Flowise has no use for. May be done again."""
    thread = workspace.thread(given.channel, given.thread_ts)
    try:
        standing = await workspace.slack.standing(thread, given.message)
    except (SlackRefused, SlackUnavailable) as error:
        log.info("buttons not removed", ref=given.reference, reason=str(error))
        return
    blocks = without_rating(standing.blocks) if standing is not None else None
    if standing is None or not blocks:
        return
    call = UpdateMessage(given.channel, given.message, standing.text, blocks)
    await workspace.sentences.post(call, applies=lease.may_write)

"""Takes the decisions that flows wait for: by their two buttons, with a comment where the flow wants one.

What was decided is noted first, once over all replicas, and then waits in the thread's mailbox like a question. A
process that dies in between leaves the note: whoever presses next has the decision of the first one stored.
"""

from __future__ import annotations

import json
from dataclasses import replace

import structlog

from bot.conversation.question import Decided, Question
from bot.errors import FlowiseError, SlackRefused, SlackUnavailable
from bot.mailbox.lease import Lease
from bot.records.codec import decoded, encoded
from bot.records.decision import MadeDecision, PendingDecision
from bot.records.thread import Item, question_of
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.calls import Accepted, UpdateMessage
from bot.slack.deciders import Deciders
from bot.slack.payload import Press, is_external
from bot.slack.text.blocks import fallback
from bot.slack.text.decision_blocks import APPROVE, button_text, decided
from bot.slack.text.limits import MESSAGE_TEXT
from bot.slack.views import Submission, comment_view
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)

SURFACE = "decision"
COMMENT = "decision_comment"
"""The name of the modal."""


async def pressed(workspace: Workspace, behaviour: Behaviour, press: Press) -> str:
    """Decide, or ask for the comment that goes along, which stores nothing yet; returns what the person alone is told,
    empty for nothing. Raises StoreUnavailable: it is not known whether it was stored."""
    line, reference = question_of(press.value)
    kept = await workspace.store.decisions.kept(line, reference) if workspace.has(line) else None
    if kept is None or kept.asked.thread.channel != press.channel:
        return wording.DECISION_CLOSED
    asked, approves = kept.asked, press.action == APPROVE
    if objection := await _objection(workspace, behaviour.deciders, asked, press.user):
        return objection
    made = MadeDecision(reference, press.user, approves, press.message_ts, press.ts, teams=press.teams)
    if kept.made is None and asked.asks_feedback:
        if not await workspace.store.decisions.is_newest(asked):
            return wording.DECISION_CLOSED
        return await _ask_for_comment(workspace, press.trigger, asked, made)
    return await _decide(workspace, asked, made)


async def submitted(workspace: Workspace, behaviour: Behaviour, sent: Submission) -> str:
    """Decide with a comment; returns what the person alone is told, empty for nothing.

    Raises StoreUnavailable: it is not known whether it was stored; Unreadable.
    """
    line, made = _opened_for(sent.private)
    kept = await workspace.store.decisions.kept(line, made.reference) if workspace.has(line) else None
    if kept is None:
        return wording.DECISION_CLOSED
    if objection := await _objection(workspace, behaviour.deciders, kept.asked, sent.user):
        return objection
    ts = f"{workspace.wall():.6f}"
    with_comment = replace(made, user=sent.user, teams=sent.teams, feedback=sent.comment, ts=ts)
    return await _decide(workspace, kept.asked, with_comment)


async def is_undecided(workspace: Workspace, press: Press) -> bool:
    """Whether a decision was still not stored to be gone on with, as far as the store tells; its note alone does
    nothing. Raises StoreUnavailable."""
    line, reference = question_of(press.value)
    if await workspace.store.decisions.kept(line, reference) is None:
        return False
    return await workspace.mailbox.progress(line, reference_of(reference, "decided")) is None


async def _decide(workspace: Workspace, asked: PendingDecision, made: MadeDecision) -> str:
    first = await workspace.store.decisions.decide(asked, made)
    if first is None:
        return wording.DECISION_CLOSED
    item = Item(
        team=workspace.identity.team,
        line=asked.thread.line,
        reference=reference_of(asked.reference, "decided"),
        ts=first.ts,
        surface=SURFACE,
        heard=encoded(first),
    )
    lease = await workspace.mailbox.accept(item)
    if lease is not None:
        log.info("decision taken", ref=item.reference, approves=first.approves)
        workspace.begin(lease)
    if (first.user, first.approves) == (made.user, made.approves):
        return ""
    return wording.decision_made(await _name(workspace, first.user), _label(asked, first), privately=True)


async def _ask_for_comment(workspace: Workspace, trigger: str, asked: PendingDecision, made: MadeDecision) -> str:
    private = json.dumps([asked.thread.line, made.reference, made.approves, made.message])
    above = wording.decision_chosen(_label(asked, made))
    view = comment_view(COMMENT, private, title=wording.DECISION_TITLE, above=above)
    result = await workspace.slack.open_view(trigger, view)
    log.debug("comment asked for", ref=made.reference, result=type(result).__name__)
    return "" if isinstance(result, Accepted) else wording.NOT_TAKEN


async def _objection(workspace: Workspace, rule: Deciders, asked: PendingDecision, user: str) -> str:
    """Why somebody may not decide; empty where they may."""
    if rule.is_list:
        return "" if await _is_listed(workspace, rule, user) else wording.DECISION_NOT_LISTED
    if user == asked.asker:
        return ""
    if not rule.thread or not asked.thread.thread_ts:
        return wording.DECISION_NOT_YOURS
    try:
        return "" if await workspace.slack.wrote(asked.thread, user) else wording.DECISION_NOT_IN_THREAD
    except (SlackRefused, SlackUnavailable) as error:
        log.warning("thread not read", ref=asked.reference, reason=str(error))
        return wording.DECISION_UNSURE


async def _is_listed(workspace: Workspace, rule: Deciders, user: str) -> bool:
    if user in rule.people:
        return True
    return any([user in (await workspace.slack.members(group) or ()) for group in sorted(rule.groups)])


# What is done for a decision that is stored --------------------------------------------------------------------------


async def take(workspace: Workspace, lease: Lease) -> None:
    """Go on with a decision, once its turn has come and it is proved to be open; and show who chose what.

    Raises StoreUnavailable: to be done again, from the beginning; and Unreadable.
    """
    if not await lease.may_write():
        return
    made = decoded(MadeDecision, lease.item.heard)
    kept = await workspace.store.decisions.kept(lease.item.line, made.reference)
    if kept is None:
        log.warning("decision no longer kept", ref=lease.item.reference)
        return
    asked = kept.asked
    if not lease.was_asked:
        if not await workspace.answering.turn_came(lease):
            return  # another process goes on with it
        if not await _is_open(workspace, asked):
            private = Place(asked.thread.channel, asked.thread.thread_ts or None, made.user)
            await workspace.sentences.whisper(private, wording.DECISION_CLOSED, applies=lease.may_write)
            return
    workspace.tasks.start(_show_choice(workspace, asked, made), name="show decision")
    question = Question(
        thread=asked.thread,
        place=_place(workspace, asked, made),
        ts=made.ts,
        text="",
        reference=lease.item.reference,
        decided=Decided(asked, made),
        asker_is_external=asked.asker_is_external,
    )
    await workspace.answering.answer(question, lease)


async def _is_open(workspace: Workspace, asked: PendingDecision) -> bool:
    flow = await workspace.conversations.flow_of(asked.flow, asked.thread)
    if flow is None:
        return False
    try:
        return await flow.decisions.is_open(asked)
    except FlowiseError as error:  # the answer meets it too, and says so
        log.info("decision not proved to be open yet", ref=asked.reference, reason=str(error))
        return True


def _place(workspace: Workspace, asked: PendingDecision, made: MadeDecision) -> Place:
    is_ours = not is_external(made.teams, workspace.identity.organisations)
    team = workspace.identity.team if is_ours else ""
    return Place(asked.thread.channel, asked.thread.thread_ts or None, made.user, team=team, since=made.message)


async def _show_choice(workspace: Workspace, asked: PendingDecision, made: MadeDecision) -> None:
    """Put who chose what in place of the buttons. May be done again."""
    said = wording.decision_made(await _name(workspace, made.user), _label(asked, made))
    try:
        standing = await workspace.slack.standing(asked.thread, made.message)
    except (SlackRefused, SlackUnavailable) as error:
        log.info("buttons not replaced", ref=asked.reference, reason=str(error))
        return
    blocks = decided(standing.blocks, said) if standing is not None else None
    if standing is None or blocks is None:
        return
    text = standing.text if len(standing.text) <= MESSAGE_TEXT else fallback(said)
    call = UpdateMessage(asked.thread.channel, made.message, text, blocks)
    result = await workspace.sentences.post(call, applies=_always)
    log.debug("buttons replaced", ref=asked.reference, result=type(result).__name__)


async def _name(workspace: Workspace, user: str) -> str:
    return await workspace.slack.name(user) or wording.SOMEBODY


def _label(asked: PendingDecision, made: MadeDecision) -> str:
    return button_text(asked.label(approves=made.approves))


def _opened_for(private: str) -> tuple[str, MadeDecision]:
    """The line of a decision, and what is about to be decided, as the modal was opened for."""
    try:
        match json.loads(private):
            case [str(line), str(reference), bool(approves), str(message)]:
                return line, MadeDecision(reference, "", approves, message, "")
    except ValueError:
        pass
    return "", MadeDecision("", "", approves=False, message="", ts="")


async def _always() -> bool:
    return True

"""Has the form filled in that a flow begins with: by the button that stands in place of an answer, in a modal.

Opening it stores nothing. What is sent is the question that was asked, with the form in place of its words; it is
stored like a question, and its answer stands where the button stood.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace

import structlog

from bot.conversation.workspace_flow import WorkspaceFlow
from bot.errors import FlowiseError
from bot.records.codec import parsed
from bot.records.form import Form, FormEntry
from bot.records.thread import Item, OpenAnswer, UnansweredQuestion, question_of
from bot.slack import wording, wording_of_forms
from bot.slack.calls import Accepted
from bot.slack.form_view import filled, form_view
from bot.slack.payload import Press
from bot.slack.views import Submission
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers.askers import asker_of, text_of, thread_of
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)

FORM = "form"
"""The name of the modal."""


async def pressed(workspace: Workspace, _: Behaviour, press: Press) -> str:
    """Open the form, for the asker; returns what the person alone is told, empty for nothing. Raises
    StoreUnavailable."""
    line, reference = question_of(press.value)
    asked = await _asked(workspace, line, reference)
    if objection := await _objection(workspace, asked, press.user):
        return objection
    form = await _form_of(workspace, asked)
    if asked is None or form is None:
        return wording_of_forms.FORM_GONE
    typed = await workspace.plain(text_of(asked.item), press.user)
    is_open = await opened(workspace, press.trigger, form_view(FORM, json.dumps([line, reference]), form, typed))
    return "" if is_open else wording.NOT_TAKEN


async def opened(workspace: Workspace, trigger: str, view: Mapping[str, object]) -> bool:
    """Open a form for whoever has pressed or typed; whether it is open. The trigger lives three seconds."""
    result = await workspace.slack.open_view(trigger, view)
    log.debug("form opened", result=type(result).__name__)
    return isinstance(result, Accepted)


async def submitted(workspace: Workspace, _: Behaviour, sent: Submission) -> str | Mapping[str, str]:
    """Store the question with its form, once; returns why not, or what is wrong with which field.

    Raises StoreUnavailable: it is not known whether it was stored; Unreadable.
    """
    line, reference = question_of(sent.private)
    asked = await _asked(workspace, line, reference)
    if objection := await _objection(workspace, asked, sent.user):
        return objection
    form = await _form_of(workspace, asked)
    if asked is None or form is None:
        return wording_of_forms.FORM_GONE
    entries = filled(form, sent)
    if isinstance(entries, dict):
        return entries
    item = replace(_with_form(asked.item, entries), reference=_filled(reference), ts=f"{workspace.wall():.6f}")
    lease = await workspace.mailbox.accept(item, opened=OpenAnswer(messages=asked.messages, again=True))
    if lease is None:
        return wording_of_forms.FORM_SENT
    log.info("form taken", ref=item.reference)
    workspace.begin(lease)
    return ""


async def is_untaken(workspace: Workspace, press: Press) -> bool:
    """Whether the form was still not sent, as far as the store tells. Raises StoreUnavailable."""
    line, reference = question_of(press.value)
    return await workspace.mailbox.progress(line, _filled(reference)) is None


async def _asked(workspace: Workspace, line: str, reference: str) -> UnansweredQuestion | None:
    """The question that a form is to be filled in for. The value has been in Slack: it must be of this workspace."""
    return await workspace.mailbox.asked(line, reference) if workspace.has(line) else None


async def _objection(workspace: Workspace, asked: UnansweredQuestion | None, user: str) -> str:
    """Why somebody may not fill the form in; empty where they may."""
    if asked is None:
        return wording.NOT_KEPT
    if user != asker_of(asked.item):
        return wording_of_forms.FORM_NOT_YOURS
    done = await workspace.mailbox.progress(asked.item.line, _filled(asked.item.reference))
    return wording_of_forms.FORM_SENT if done is not None else ""


async def _form_of(workspace: Workspace, asked: UnansweredQuestion | None) -> Form | None:
    """The form for a question. Raises StoreUnavailable."""
    thread = thread_of(asked.item) if asked is not None else None
    if asked is None or thread is None:
        return None
    return await current(await workspace.conversations.flow_at(thread, user=asker_of(asked.item)))


async def current(flow: WorkspaceFlow | None) -> Form | None:
    """The form that a flow begins with, as far as it can be read now."""
    try:
        return await flow.forms.form() if flow is not None else None
    except FlowiseError:  # the flow has changed
        return None


def _with_form(item: Item, entries: tuple[FormEntry, ...]) -> Item:
    """The same question, with what was filled in."""
    heard = parsed(item.heard)
    assert isinstance(heard, dict)  # noqa: S101  # as every surface stores it
    return replace(item, heard=json.dumps({**heard, "form": [asdict(entry) for entry in entries]}))


def _filled(reference: str) -> str:
    """The reference of the question once its form is filled in."""
    return reference_of(reference, "form")

"""Serves buttons: "Try again" under an answer that failed; acknowledges every other interaction."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import StoreUnavailable
from bot.mailbox.lease import Lease
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.payload import Press, press
from bot.slack.text.blocks import ASK_AGAIN
from bot.slack.text.decision_blocks import APPROVE, REJECT
from bot.thread import Item, OpenAnswer
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers import command, decision
from handlers.questions import Behaviour, is_refused

log = structlog.get_logger(__name__)


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Acknowledge also what a link button or a left-over of another version sends; Slack would show an error."""

    @app.action(ASK_AGAIN)
    async def on_ask_again(workspace: Workspace, ack: AsyncAck, body: Mapping[str, object]) -> None:
        pressed = press(body)
        try:
            lease = await _stored_anew(workspace, behaviour, pressed)
        except StoreUnavailable as error:
            log.warning("question not asked again", ref=_meant(pressed.value)[1], reason=str(error))
            still = partial(_is_untaken, workspace, pressed)
            _whisper(workspace, pressed, wording.NOT_TAKEN, support=wording.stuck(workspace.asks), applies=still)
        else:
            if lease is not None:
                workspace.begin(lease)
        await ack()

    @app.action(re.compile(f"{APPROVE}|{REJECT}"))
    async def on_decision(workspace: Workspace, ack: AsyncAck, body: Mapping[str, object]) -> None:
        await _decide(workspace, behaviour, press(body))
        await ack()

    async def on_any(ack: AsyncAck) -> None:
        await ack()
        log.info("interaction ignored")

    anything = re.compile(".*")
    app.action(anything)(on_any)
    app.shortcut(anything)(on_any)
    app.view(anything)(on_any)
    app.options(anything)(on_any)


async def _decide(workspace: Workspace, behaviour: Behaviour, pressed: Press) -> None:
    if await is_refused(workspace, behaviour, pressed.user, pressed.teams):
        _whisper(workspace, pressed, wording.EXTERNAL)
        return
    try:
        told = await decision.pressed(workspace, behaviour, pressed)
    except StoreUnavailable as error:
        log.warning("press not stored", ref=_meant(pressed.value)[1], reason=str(error))
        _whisper(workspace, pressed, wording.NOT_TAKEN, support=wording.stuck(workspace.asks))
    else:
        if told:
            _whisper(workspace, pressed, told)


async def _stored_anew(workspace: Workspace, behaviour: Behaviour, pressed: Press) -> Lease | None:
    """The question, stored anew; None when it was asked again before, is not kept any more, or is somebody else's."""
    if await is_refused(workspace, behaviour, pressed.user, pressed.teams):
        _whisper(workspace, pressed, wording.EXTERNAL)
        return None
    line, reference = _meant(pressed.value)
    # The value has been in Slack: what it names must be of this workspace.
    asked = await workspace.mailbox.asked(line, reference) if line.startswith(f"{workspace.identity.team}:") else None
    if asked is None:
        _whisper(workspace, pressed, wording.NOT_KEPT)
        return None
    if pressed.user != _asker(asked.item):
        _whisper(workspace, pressed, wording.NOT_YOURS)
        return None
    item = replace(asked.item, reference=_again(reference), ts=pressed.ts)
    return await workspace.mailbox.accept(item, opened=OpenAnswer(messages=asked.messages, again=True))


def _asker(item: Item) -> str:
    """Who has asked a question: in the words of either surface, the user of what was heard."""
    heard = json.loads(item.heard)
    return str(heard["command" if item.surface == command.SURFACE else "message"]["user"])


def _again(reference: str) -> str:
    """The reference of a question that is asked once more."""
    return reference_of(reference, "again")


async def _is_untaken(workspace: Workspace, pressed: Press) -> bool:
    """Whether still nobody has taken the question in, as far as the store tells."""
    line, reference = _meant(pressed.value)
    with suppress(StoreUnavailable):
        return await workspace.mailbox.progress(line, _again(reference)) is None
    return True


async def _always() -> bool:
    return True


def _whisper(
    workspace: Workspace,
    pressed: Press,
    sentence: str,
    *,
    support: str = "",
    applies: Callable[[], Awaitable[bool]] = _always,
) -> None:
    """Tell the one who has pressed, and nobody else."""
    private_place = Place(channel=pressed.channel, thread_ts=pressed.thread_ts or None, user=pressed.user)
    workspace.tasks.start(
        workspace.sentences.whisper(private_place, sentence, support=support, applies=applies), name="whisper"
    )


def _meant(value: str) -> tuple[str, str]:
    """The line and the reference of a question, as the button's value tells; empty where it does not."""
    try:
        match json.loads(value):
            case [str(line), str(reference)]:
                return line, reference
    except ValueError:
        pass
    return "", ""

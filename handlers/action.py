"""Knows what to do with buttons: "Ask again" under an answer that was interrupted; whatever else comes is answered."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.desk import Desk, reference_of
from bot.errors import StoreUnavailable
from bot.lease import Lease
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.blocks import ASK_AGAIN
from bot.slack.payload import Press, press
from bot.thread import OpenAnswer

log = structlog.get_logger(__name__)


def register(app: AsyncApp, desk: Desk) -> None:
    """Acknowledge also what a link button or a left-over of another version sends; Slack would show an error."""

    @app.action(ASK_AGAIN)
    async def on_ask_again(ack: AsyncAck, body: Mapping[str, object]) -> None:
        pressed = press(body)
        try:
            lease = await _taken_in(desk, pressed)
        except StoreUnavailable as error:
            log.warning("not asked again: the store is away", reason=str(error))

            async def untaken() -> bool:
                return await _is_untaken(desk, pressed)

            desk.tasks.start(
                desk.answering.whisper(_ear(pressed), wording.NOT_TAKEN, applies=untaken), name="not taken"
            )
        else:
            if lease is not None:
                desk.begin(lease)
        await ack()

    async def on_any(ack: AsyncAck) -> None:
        await ack()
        log.info("an interaction that nothing handles")

    anything = re.compile(".*")
    app.action(anything)(on_any)
    app.shortcut(anything)(on_any)
    app.view(anything)(on_any)
    app.options(anything)(on_any)


async def _taken_in(desk: Desk, pressed: Press) -> Lease | None:
    """The question, stored anew; None when it was asked again before, or is not kept any more."""
    line, reference = _meant(pressed.value)
    # The value has been in Slack: what it names must be of this workspace.
    asked = await desk.mailbox.asked(line, reference) if line.startswith(f"{desk.identity.team}:") else None
    if asked is None:
        desk.tasks.start(desk.answering.whisper(_ear(pressed), wording.NOT_KEPT, applies=_always), name="not kept")
        return None
    item = replace(asked.item, reference=_again(reference), ts=f"{desk.wall():.6f}")
    return await desk.mailbox.accept(item, opened=OpenAnswer(messages=asked.messages))


def _again(reference: str) -> str:
    """The reference of a question that is asked once more."""
    return reference_of(reference, "again")


async def _is_untaken(desk: Desk, pressed: Press) -> bool:
    """Whether still nobody has taken the question in, as far as the store tells."""
    line, reference = _meant(pressed.value)
    with suppress(StoreUnavailable):
        return await desk.mailbox.progress(line, _again(reference)) is None
    return True


async def _always() -> bool:
    return True


def _meant(value: str) -> tuple[str, str]:
    """The line and the reference of a question, as the button's value tells; empty where it does not."""
    try:
        match json.loads(value):
            case [str(line), str(reference)]:
                return line, reference
    except ValueError:
        pass
    return "", ""


def _ear(pressed: Press) -> Place:
    return Place(channel=pressed.channel, thread_ts=pressed.thread_ts or None, user=pressed.user)

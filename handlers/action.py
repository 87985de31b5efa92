"""Serves buttons: each does what its row of `BUTTONS` says; acknowledges every other interaction."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.errors import StoreUnavailable
from bot.records.thread import question_of
from bot.reply.contract import Place
from bot.slack import wording, wording_of_failures, wording_of_home
from bot.slack.payload import Press, press
from bot.slack.text.answer_blocks import FORM, RATING, REGENERATE, SUGGESTIONS
from bot.slack.text.blocks import ASK_AGAIN, PASSAGES, STOP
from bot.slack.text.decision_blocks import APPROVE, REJECT
from bot.workspace.workspace import Workspace
from handlers import ask_again, decision, form, passages, rating, refusals, regenerate, stop, suggestion
from handlers.behaviour import Behaviour

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Button:
    """What a press does. It comes once or, when a person presses again, several times; it counts once.

    `pressed` stores it and returns what the person alone is told, empty for nothing; it raises StoreUnavailable. Then
    the person is told to press again, while `is_untaken` says that nobody has done what was asked.
    """

    pressed: Callable[[Workspace, Behaviour, Press], Awaitable[str]]
    is_untaken: Callable[[Workspace, Press], Awaitable[bool]]


BUTTONS: Final[Mapping[str, Button]] = {
    ASK_AGAIN: Button(ask_again.pressed, ask_again.is_untaken),
    APPROVE: Button(decision.pressed, decision.is_undecided),
    REJECT: Button(decision.pressed, decision.is_undecided),
    RATING: Button(rating.pressed, rating.is_unrated),
    FORM: Button(form.pressed, form.is_untaken),
    PASSAGES: Button(passages.pressed, passages.is_unseen),
    REGENERATE: Button(regenerate.pressed, regenerate.is_untaken),
    STOP: Button(stop.pressed, stop.is_unstopped),
    **dict.fromkeys(SUGGESTIONS, Button(suggestion.pressed, suggestion.is_untaken)),
}
"""The buttons by the names of their actions."""


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Acknowledge also what a link button or a left-over of another version sends; Slack would show an error."""

    def listen(action: str, button: Button) -> None:
        @app.action(action)
        async def on_press(workspace: Workspace, ack: AsyncAck, body: Mapping[str, object]) -> None:
            await _take(workspace, behaviour, button, press(body))
            await ack()

    async def on_any(ack: AsyncAck) -> None:
        await ack()
        log.info("interaction ignored")

    for action, button in BUTTONS.items():
        listen(action, button)
    anything = re.compile(".*")
    app.action(anything)(on_any)
    app.shortcut(anything)(on_any)
    app.view(anything)(on_any)
    app.options(anything)(on_any)


async def _take(workspace: Workspace, behaviour: Behaviour, button: Button, pressed: Press) -> None:
    """Store what a press asks for, before it is acknowledged, or tell the person why not."""
    try:
        found = await refusals.refusal(workspace, pressed.user, pressed.channel, pressed.teams)
        if found is not None:
            if pressed.in_home:
                _whisper(workspace, pressed, "")  # the Home says why
            else:
                refusals.tell(workspace, _private_place(pressed), found)
            return
        told = await workspace.in_time(button.pressed(workspace, behaviour, pressed))
    except StoreUnavailable as error:
        log.warning("press not stored", ref=question_of(pressed.value)[1], reason=str(error))
        support = wording_of_failures.stuck(workspace.asks)
        _whisper(
            workspace,
            pressed,
            wording.NOT_TAKEN,
            support=support,
            applies=partial(_applies, workspace, button, pressed),
        )
    else:
        if told or pressed.in_home:
            _whisper(workspace, pressed, told or wording_of_home.ASKED)


async def _applies(workspace: Workspace, button: Button, pressed: Press) -> bool:
    with suppress(StoreUnavailable):
        return await button.is_untaken(workspace, pressed)
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
    """Tell the one who has pressed, and nobody else: in their Home, where they have pressed there."""
    if pressed.in_home and workspace.homes is not None:
        drawn = workspace.homes.opened(pressed.user, pressed.channel, sentence)
        workspace.tasks.start(drawn, name="home", later=True)
        return
    whisper = workspace.sentences.whisper(_private_place(pressed), sentence, support=support, applies=applies)
    workspace.tasks.start(whisper, name="whisper")


def _private_place(pressed: Press) -> Place:
    return Place(channel=pressed.channel, thread_ts=pressed.thread_ts or None, user=pressed.user)

"""Serves the Home tab: draws it for whoever opens it, and takes what they choose in it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack import wording_of_home as words
from bot.slack.home_admin import CHANNELS, DEFAULT, NOBODY, flow_of
from bot.slack.home_payload import HomeChoice, home_choice, home_opened
from bot.slack.home_view import ANY, OWN_FLOW
from bot.slack.payload import SlashCommand
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import fallback, sentence_blocks
from bot.workspace.homes import Homes
from bot.workspace.workspace import Workspace

_FLOW = re.compile(r"flow\s+(.{1,60})")
_ADMINS_FLOW = "default"


async def _own_flow(homes: Homes, choice: HomeChoice) -> str:
    [flow] = choice.values or (ANY,)
    return await homes.choose_flow(choice.user, choice.channel, "" if flow == ANY else flow)


async def _channels(homes: Homes, choice: HomeChoice) -> str:
    return await homes.choose_channels(choice.user, flow_of(choice.block), choice.values)


async def _default(homes: Homes, choice: HomeChoice) -> str:
    [flow] = choice.values or (NOBODY,)
    return await homes.choose_default(choice.user, "" if flow == NOBODY else flow)


CHOICES: Final[Mapping[str, Callable[[Homes, HomeChoice], Awaitable[str]]]] = {
    OWN_FLOW: _own_flow,
    CHANNELS: _channels,
    DEFAULT: _default,
}
"""What is done for a choice, by the name of its action; it returns what the person is told."""


def register(app: AsyncApp) -> None:
    """Listen to the opening of the tab, and to its menus."""

    @app.event("app_home_opened")
    async def on_opened(workspace: Workspace, event: Mapping[str, object]) -> None:
        opened = home_opened(event)
        if opened is not None and workspace.homes is not None:
            workspace.tasks.start(workspace.homes.opened(opened.user, opened.channel), name="home", later=True)

    def listen(action: str, choose: Callable[[Homes, HomeChoice], Awaitable[str]]) -> None:
        @app.action(action)
        async def on_choice(workspace: Workspace, ack: AsyncAck, body: Mapping[str, object]) -> None:
            await ack()
            if workspace.homes is not None:
                workspace.tasks.start(_chosen(workspace.homes, home_choice(body), choose), name="home")

    for action, choose in CHOICES.items():
        listen(action, choose)


async def _chosen(homes: Homes, choice: HomeChoice, choose: Callable[[Homes, HomeChoice], Awaitable[str]]) -> None:
    told = await choose(homes, choice)
    await homes.opened(choice.user, choice.channel, told)


async def reply(workspace: Workspace, typed: SlashCommand, word: str) -> dict[str, Any] | None:
    """What a command is answered at once that is about settings and figures; None for anything else. A word counts only
    if it is the whole text: whatever is said beside it is a question."""
    homes = workspace.homes
    if homes is None or not homes.has_file:
        return None
    if word == "usage":
        return _message(*await homes.figures_told(typed.user))
    if word == "settings":
        return _message(*homes.settings_told(typed.user))
    named = _FLOW.fullmatch(word)
    flow = homes.flow_typed(named[1]) if named is not None else None
    if flow is None and (named is None or named[1] != _ADMINS_FLOW):
        return None
    if not typed.channel.startswith("D"):
        return _message(words.ONLY_IN_DM)
    return _message(await homes.choose_flow(typed.user, typed.channel, flow or ""))


def _message(text: str, blocks: Blocks = ()) -> dict[str, Any]:
    return {"text": fallback(text), "blocks": [*blocks] if blocks else [*sentence_blocks(text)]}

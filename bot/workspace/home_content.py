"""Gathers what one person sees in their Home tab, all at once: Slack shows an empty tab until it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from bot.config.effective import Effective, EffectiveRoute, Origin, Value
from bot.config.home_changes import channels_of
from bot.config.live import LiveConfiguration
from bot.config.report import written
from bot.config.routing import Asked, choosable
from bot.errors import StoreUnavailable
from bot.ports.figures import FigureCounts
from bot.ports.home import HomeNotes
from bot.records.figures import Figures
from bot.records.thread import Thread, value_of
from bot.reply.contract import AnswerButtons
from bot.slack import wording
from bot.slack import wording_of_home as words
from bot.slack.home_admin import AdminHome, ChannelPicker, DefaultFlow
from bot.slack.home_view import AskableFlow, HomeContent
from bot.slack.text.escaping import escape

log = structlog.get_logger(__name__)

# What tells where a flow is, or where its secrets are: no value of these stands in Slack.
_KEPT_BACK = frozenset({"url", "chatflow_id", "api_key_env", "api_key_file", "headers_env"})


class HomeSource(Protocol):
    """Says how the parts of the process are, each by its name in a word without secrets."""

    async def __call__(self) -> tuple[tuple[str, str], ...]: ...


@dataclass(frozen=True, slots=True)
class HomeParts:
    """What the Home of any workspace is made of. `command` is the bot's slash command."""

    live: LiveConfiguration
    health: HomeSource
    command: str


class Prompts(Protocol):
    """Notes the starter prompts of a flow, so that they can be pressed in a thread; None where there are none."""

    async def __call__(self, flow: str, thread: Thread, user: str) -> AnswerButtons | None: ...


class Refused(Protocol):
    """Says why a person is not answered in their direct message, in a sentence; empty where they are."""

    async def __call__(self, user: str, channel: str) -> str: ...


class HomeContents:
    """The contents of one team's Homes. `wall` returns epoch seconds."""

    def __init__(
        self,
        parts: HomeParts,
        team: str,
        bot: str,
        home: HomeNotes,
        figures: FigureCounts,
        prompts: Prompts,
        refused: Refused,
        wall: Callable[[], float],
    ) -> None:
        self._parts = parts
        self._team = team
        self._bot = bot
        self._home = home
        self._figures = figures
        self._prompts = prompts
        self._refused = refused
        self._wall = wall

    async def of(self, user: str, channel: str, told: str = "") -> HomeContent:
        """What a person sees now; `told` as in `HomeContent`. Raises nothing: what cannot be had is left out."""
        refused = await self._refused(user, channel)
        names = () if refused else choosable_by(self._parts.live, channel)
        flows, chosen, admin = await asyncio.gather(
            asyncio.gather(*(self._flow(name, user, channel) for name in names)),
            self._chosen(user) if len(names) > 1 else _nothing(),
            self._admin() if self.is_admin(user) else _nobody(),
        )
        return HomeContent(
            channel,
            wording.usage(self._bot, self._parts.command),
            tuple(flows),
            shows_flows=self._parts.live.has_file and not refused,
            chosen=chosen if chosen in names else "",
            told=told or refused,
            admin=admin,
        )

    def is_admin(self, user: str) -> bool:
        """Whether a person may see figures and change settings."""
        return user in self._parts.live.effective.admins

    async def figures(self) -> tuple[Figures, ...] | None:
        """The figures of the last day, week and month; None where they cannot be read."""
        try:
            return await self._figures.periods(self._team, at=self._wall())
        except StoreUnavailable as error:
            log.info("figures not read", reason=str(error))
            return None

    def settings(self) -> tuple[tuple[str, str, str], ...]:
        """What is set, with its origin, without secrets."""
        values = self._parts.live.effective.values
        return tuple(
            (value.key, _shown(value), value.origin.value) for value in values if value.origin is not Origin.DEFAULT
        )

    async def _flow(self, name: str, user: str, channel: str) -> AskableFlow:
        buttons = await self._prompts(name, Thread(self._team, channel, ""), user)
        flow = self._parts.live.effective.flows[name]
        if buttons is None:
            return AskableFlow(name, flow.shown, flow.description)
        value = value_of(buttons.line, buttons.reference)
        return AskableFlow(name, flow.shown, flow.description, buttons.suggestions, value)

    async def _chosen(self, user: str) -> str:
        try:
            return await self._home.flow(self._team, user)
        except StoreUnavailable as error:
            log.info("choice not read", reason=str(error))
            return ""

    async def _admin(self) -> AdminHome:
        live = self._parts.live
        effective = live.effective
        figures, health = await asyncio.gather(self.figures(), self._parts.health())
        titles = tuple((name, flow.shown) for name, flow in effective.flows.items())
        return AdminHome(
            figures,
            health,
            tuple(_in_words(effective, route) for route in effective.routes if route.origin is Origin.FILE),
            tuple(ChannelPicker(name, title, channels_of(live.home, name)) for name, title in titles),
            DefaultFlow(effective.default or "", titles, live.fixes_default) if live.has_file else None,
            self.settings(),
            is_rejected=bool(live.problem),
        )


def choosable_by(live: LiveConfiguration, channel: str) -> tuple[str, ...]:
    """The flows that somebody may ask in their direct message."""
    return choosable(live.effective, Asked(channel, "", is_direct=True))


def _shown(value: Value) -> str:
    if value.key.rpartition(".")[2] in _KEPT_BACK:
        return words.VALUE_SET if value.value else words.VALUE_NOT_SET
    return written(value.value)


def _in_words(effective: Effective, route: EffectiveRoute) -> str:
    """A route of the file as a line of Slack's markup, in which the channels are shown by their names."""
    channels = [f"<#{channel}>" for channel in sorted(route.channels or ())]
    others = [*sorted(route.commands or ()), *sorted(route.keywords or ())]
    where = words.route_is_direct(is_direct=route.direct_messages)
    return words.route_in_file(escape(effective.flows[route.flow].shown), channels, escape(", ".join(others)), where)


async def _nothing() -> str:
    return ""


async def _nobody() -> AdminHome | None:
    return None

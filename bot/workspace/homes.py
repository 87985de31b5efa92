"""Draws the Home tabs of one team: when they are opened or used, and anew when the configuration has changed.

Slack does not tell when a Home is closed. So those that were opened of late are drawn anew, each by the process that
drew it last: the note of which one that is, is in the store, so that no two processes draw the same one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bot.config.home_changes import UnusableSettingError, as_json, home_settings, with_channels, with_default
from bot.config.model import HomeSettings
from bot.errors import StoreUnavailable
from bot.ports.home import HomeNotes
from bot.ports.slack import HomeTabs
from bot.slack import wording_of_home as words
from bot.slack.home_admin import figures_table, settings_blocks
from bot.slack.home_view import home_view
from bot.slack.text.block import Blocks
from bot.workspace.home_content import HomeContents, HomeParts, choosable_by
from bot.workspace.open_homes import OpenHomes

log = structlog.get_logger(__name__)

# Admins who change something at the same time: each starts from what the other has set.
_TRIES = 5


class Homes:
    """The Homes of one team. `name` is the process's, `now` monotonic; `apart` as in `OpenHomes`."""

    def __init__(
        self,
        parts: HomeParts,
        team: str,
        name: str,
        contents: HomeContents,
        home: HomeNotes,
        slack: HomeTabs,
        now: Callable[[], float],
        apart: float,
    ) -> None:
        self._live = parts.live
        self._team = team
        self._name = name
        self.contents = contents
        self._home = home
        self._slack = slack
        self._now = now
        self._open = OpenHomes(apart)
        self._changed = asyncio.Event()
        parts.live.when_changed(self._has_changed)

    # Drawing ----------------------------------------------------------------------------------------------------------

    async def opened(self, user: str, channel: str, told: str = "") -> None:
        """Draw the Home of a person who has opened it, or used it; `told` is a sentence about what they have done."""
        self._open.opened(user, channel, self._now())
        await asyncio.gather(self._draw(user, channel, told), self._note(user))

    async def follow(self) -> None:
        """Draw anew what has changed, as long as it is likely to be seen. Never returns."""
        while True:
            wake_at = self._open.wake_at(self._now())
            try:
                async with asyncio.timeout(None if wake_at is None else max(0.0, wake_at - self._now())):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            for user, channel in self._open.take_due(self._now()):
                await self._draw_anew(user, channel)

    def _has_changed(self) -> None:
        self._open.changed()
        self._changed.set()

    async def _draw_anew(self, user: str, channel: str) -> None:
        try:
            is_ours = await self._home.opened_by(self._team, user) == self._name
        except StoreUnavailable as error:
            log.info("Home not drawn anew", reason=str(error))
            return
        if is_ours:
            await self._draw(user, channel, "")
        else:
            self._open.forget(user)

    async def _draw(self, user: str, channel: str, told: str) -> None:
        result = await self._slack.publish_home(user, home_view(await self.contents.of(user, channel, told)))
        log.debug("Home drawn", result=type(result).__name__)

    async def _note(self, user: str) -> None:
        try:
            await self._home.opened(self._team, user, self._name)
        except StoreUnavailable as error:  # then it is not drawn anew
            log.info("opened Home not noted", reason=str(error))

    # What people set --------------------------------------------------------------------------------------------------

    async def choose_flow(self, user: str, channel: str, flow: str) -> str:
        """Set who answers a person's direct messages, empty for whom the admins have set; returns what they read."""
        names = choosable_by(self._live, channel)
        titles = {name: found.shown for name, found in self._live.effective.flows.items()}
        if flow and flow not in names:
            return words.not_a_flow([titles[name] for name in names])
        try:
            await self._home.choose_flow(self._team, user, flow)
        except StoreUnavailable as error:
            log.warning("choice not stored", reason=str(error))
            return words.NOT_SAVED
        return words.own_flow(titles[flow] if flow else "")

    async def choose_channels(self, user: str, flow: str, channels: tuple[str, ...]) -> str:
        """Set the channels in which a flow answers; returns what the person is told, empty where it is done."""
        return await self._set(user, flow, lambda home: with_channels(home, flow, channels))

    async def choose_default(self, user: str, flow: str) -> str:
        """Set the flow where no route fits, empty for none; returns what the person is told, empty where it is done."""
        if self._live.fixes_default:
            return words.IN_FILE if self.contents.is_admin(user) else words.NOT_ADMIN
        return await self._set(user, flow, lambda home: with_default(home, flow))

    async def _set(self, user: str, flow: str, change: Callable[[HomeSettings], HomeSettings]) -> str:
        """Change what admins have set, in one step or not at all. Who may is decided here, whatever the view shows."""
        if not self.contents.is_admin(user):
            log.warning("setting refused", reason="not an admin")
            return words.NOT_ADMIN
        if not self._live.has_file or (flow and flow not in self._live.effective.flows):
            return words.FLOW_GONE
        try:
            after = await self._stored(change)
        except StoreUnavailable as error:
            log.warning("setting not stored", reason=str(error))
            return words.NOT_SAVED
        except UnusableSettingError as error:
            log.info("setting refused", reason=str(error))
            return words.NO_CHANNEL
        if after is None:
            return words.NOT_SAVED
        log.info("setting of App Home stored", flow=flow)
        self._live.take_home(after)
        return ""

    async def _stored(self, change: Callable[[HomeSettings], HomeSettings]) -> str | None:
        for _ in range(_TRIES):
            before = await self._home.settings(self._team)
            after = as_json(change(home_settings(before)))
            if await self._home.replace_settings(self._team, before, after):
                return after
        return None

    # Commands ---------------------------------------------------------------------------------------------------------

    def flow_typed(self, text: str) -> str | None:
        """The flow that a text names, by its name or its title; None where it names none, or where there is no file."""
        if not self._live.has_file:
            return None
        wanted = text.casefold()
        flows = self._live.effective.flows
        titles = {flow.shown.casefold(): name for name, flow in flows.items()}
        return wanted if wanted in flows else titles.get(wanted)

    async def figures_told(self, user: str) -> tuple[str, Blocks]:
        """The figures as a reply to a command: its text and blocks, empty for none."""
        if not self.contents.is_admin(user):
            return words.NOT_ADMIN, ()
        figures = await self.contents.figures()
        return (words.FIGURES_AWAY, ()) if figures is None else (words.FIGURES, (figures_table(figures),))

    def settings_told(self, user: str) -> tuple[str, Blocks]:
        """The settings in force as a reply to a command, as `figures_told`."""
        if not self.contents.is_admin(user):
            return words.NOT_ADMIN, ()
        return words.SETTINGS, settings_blocks(self.contents.settings())

    @property
    def has_file(self) -> bool:
        """Whether there is a configuration file, in which flows have names."""
        return self._live.has_file

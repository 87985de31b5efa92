"""Declares what the store keeps for the Home tab, as a protocol."""

from __future__ import annotations

from typing import Protocol


class HomeNotes(Protocol):
    """What people have set in Slack. Every method may raise StoreUnavailable."""

    async def settings(self, team: str) -> str:
        """What admins have set, as JSON; empty where nothing was set."""
        ...

    async def replace_settings(self, team: str, before: str, after: str) -> bool:
        """Set `after` in place of `before`; False, with nothing changed, where something else was set meanwhile."""
        ...

    async def flow(self, team: str, user: str) -> str:
        """The flow that a person has chosen for their direct messages; empty where none is."""
        ...

    async def choose_flow(self, team: str, user: str, flow: str) -> None:
        """Keep the flow that a person has chosen; empty: none any more."""
        ...

    async def opened(self, team: str, user: str, by: str) -> None:
        """Note that a person's Home was drawn by the process `by` as they opened it, in place of any other."""
        ...

    async def opened_by(self, team: str, user: str) -> str:
        """The process that drew a person's Home when they opened it; empty where that was more than ten minutes ago."""
        ...

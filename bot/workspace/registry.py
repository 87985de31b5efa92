"""Finds the workspace that a payload of Slack's is for, among those that this process serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import structlog

from bot.slack.identity import Identity
from bot.slack.installation import Installation
from bot.workspace.process import Process
from bot.workspace.workspace import SlackConnection, Step, Workspace

log = structlog.get_logger(__name__)


class Registry:
    """The workspaces of one process, each open; `steps` as in `Workspace`."""

    def __init__(self, process: Process, steps: Mapping[str, Step]) -> None:
        self.process = process
        self._steps = steps
        self._workspaces: dict[str, Workspace] = {}
        self._watching: asyncio.Task[None] | None = None

    def __iter__(self) -> Iterator[Workspace]:
        return iter(list(self._workspaces.values()))

    @asynccontextmanager
    async def opened(self, slack: SlackConnection, identity: Identity, *, app: str = "") -> AsyncIterator[Workspace]:
        """Serve a team until the end of the block. `slack` is Slack with that team's bot token."""
        workspace = Workspace(self.process, slack, identity, self._steps, app=app)
        await workspace.certificate.begin()
        self._workspaces[identity.team] = workspace
        workspace.open()
        try:
            yield workspace
        finally:
            del self._workspaces[identity.team]
            await workspace.close()

    def find(self, named: Installation) -> Workspace | None:
        """The workspace of an installation; None where it is not served here. A team of its own goes before its
        organisation."""
        team = self._workspaces.get(named.team)
        candidates = self._workspaces.values() if team is None else [team, *self._workspaces.values()]
        return next((workspace for workspace in candidates if workspace.installation.covers(named)), None)

    @property
    def is_ready(self) -> bool:
        """Whether Slack takes the token of one workspace at least."""
        return any(workspace.is_ready for workspace in self._workspaces.values())

    # What other processes have left -----------------------------------------------------------------------------------

    def watch(self) -> None:
        """From now on go on with what other processes have left, until `stop`."""
        longest = self.process.mailbox.durations.lease
        self._watching = self.process.supervisor.start("taking over", self._watch, longest=longest)

    async def _watch(self) -> None:
        async for lease in self.process.mailbox.abandoned():
            workspace = self._workspaces.get(lease.item.team)
            if workspace is None:  # it was closed just now
                await self.process.mailbox.handed_over(lease)
                continue
            workspace.begin(lease)
            self.process.delivery.answers.took_over()

    async def stop(self, grace: float) -> None:
        """Wait `grace` seconds for the answers under way, give each its last word, end what is left.

        What was not asked yet is handed over at once where there is another process.
        """
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        await self.process.mailbox.withdraw()
        await self.process.tasks.stop(grace)

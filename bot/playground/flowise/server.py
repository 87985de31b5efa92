"""Starts and stops the local Flowise, sets what it answers, and records what it was asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.playground.flowise import recordings
from bot.playground.flowise.api import application
from bot.playground.flowise.dispatch import Dispatcher
from bot.playground.flowise.files import ReceivedFile
from bot.playground.flowise.flows import STAND_IN, Flow, flow_id
from bot.playground.flowise.model import Turn
from bot.playground.flowise.offered import Ratings, configuration
from bot.playground.flowise.runs import LiveRuns, Received
from bot.playground.flowise.scripts import Script
from bot.playground.flowise.wire import END, frame, prediction_error

# Node closes an idle connection after 5 s.
_KEEP_ALIVE = 5.0


class LocalFlowise:
    """A Flowise on 127.0.0.1 (`port` 0: a free one), as an async context manager.

    With `api_key` every flow is protected by it; without, flows are open and no key is valid elsewhere. `heartbeat` is
    in seconds, 0 is none; `tokens_per_second` math.inf is as fast as it goes. `overrideConfig` has no effect here.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        api_key: str | None = None,
        tokens_per_second: float = 50.0,
        heartbeat: float = 30.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.url = ""
        self.chatflow_id = flow_id(STAND_IN)
        self._port = port
        self._stage = LiveRuns(heartbeat=heartbeat, wall=wall)
        self._desk = Dispatcher(api_key=api_key, pace=1 / tokens_per_second, wall=wall)
        self._runner: web.AppRunner | None = None

    @property
    def api_key(self) -> str | None:
        """The key that protects every flow."""
        return self._desk.api_key

    @property
    def predictions(self) -> list[Received]:
        """Every POST to /prediction, oldest first."""
        return self._desk.predictions

    @property
    def files(self) -> list[ReceivedFile]:
        """Every file that has come, by whichever way, oldest first."""
        return self._desk.files.received

    def hold_file(self, name: str, wait: Callable[[], Awaitable[object]], *, taken: bool) -> None:
        """Have requests that bring a file whose name begins so wait: before the file is taken, or after it was and
        before the answer. What travels with a prediction does not wait."""
        self._desk.files.waits[name, taken] = wait

    @property
    def made(self) -> dict[tuple[str, str, str], bytes]:
        """The files that its flows have made, by flow, chat and name."""
        return self._desk.files.made

    @property
    def asked_for(self) -> list[tuple[str, str, str]]:
        """The flow, chat and name of every request for such a file, oldest first."""
        return self._desk.files.asked_for

    @property
    def aborts(self) -> list[str]:
        """The chats that somebody has asked to abort, oldest first."""
        return self._desk.aborts

    @property
    def row_requests(self) -> list[Mapping[str, str]]:
        """The query of every GET of /chatmessage with the right key, oldest first."""
        return self._desk.row_requests

    def hold_rows(self, until: asyncio.Event) -> None:
        """Answer no request for stored rows until the event is set."""
        self._desk.rows_wait_for = until

    @property
    def collisions(self) -> int:
        """How many predictions came while another one was running on the same chatId; a good client makes none."""
        return self._stage.collisions

    def flow(self, name: str) -> str:
        """The id of a flow by its name.

        Raises:
            KeyError: there is no such flow.
        """
        return self._desk.known(name).id

    def serve(self, flow: Flow) -> str:
        """Add a flow; returns its id."""
        self._desk.flows[flow.id] = flow
        return flow.id

    def replay(self, recording: Path, *, speed: float = 0) -> str:
        """Make a flow that answers every request with a recording (.jsonl), byte for byte; returns its id.

        `speed` 0 plays without waits, 1 as recorded, 2 twice as fast. Nothing of it is remembered.
        """
        loaded = recordings.load(recording, speed=speed)
        name = f"replay {len(self._desk.flows)}: {recording.stem}"
        flow = Flow(name, lambda _: loaded.plan, streamable=loaded.streamable, exact=True)
        return self.serve(flow)

    def script(self, flow: str, *scripts: Script) -> None:
        """Queue answers for the next predictions of a flow (its name or id), one each."""
        self._desk.scripts[self._desk.known(flow).id].extend(scripts)

    @property
    def ratings(self) -> Ratings:
        """The ratings of answers."""
        return self._desk.ratings

    def configure(self, flow: str, **offers: Any) -> None:
        """Set what a flow (its name or id) offers: see `bot.playground.flowise.offered.configuration`."""
        self._desk.configs[self._desk.known(flow).id] = configuration(**offers)

    def fail(self, flow: str, chat_id: str, reason: str) -> bool:
        """Have what a flow (its name or id) runs on a chat fail where it is, as when its model does; whether there is
        anything. The turn is not remembered."""
        last = frame("error", prediction_error(reason)) + END
        return self._stage.fail(self._desk.known(flow).id, chat_id, last)

    def turns(self, chat_id: str, flow: str | None = None) -> list[Turn]:
        """What is remembered of a chat, as (role, text), oldest first: of one flow (name or id), or of all."""
        memory = self._desk.memory
        return memory.all_turns(chat_id) if flow is None else memory.turns(self._desk.known(flow).id, chat_id)

    async def __aenter__(self) -> Self:
        app = application(self._desk, self._stage)
        # With handler_cancellation a client that leaves ends its handler at once; the run is a task of its own.
        self._runner = web.AppRunner(
            app, handler_cancellation=True, keepalive_timeout=_KEEP_ALIVE, access_log=None, shutdown_timeout=1.0
        )
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, "127.0.0.1", self._port)
            await site.start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.url = site.name if self._port else f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._stage.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._stage.stop()
        finally:
            if self._runner:
                await self._runner.cleanup()

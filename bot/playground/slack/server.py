"""Knows the local Slack as a whole: it starts and stops it."""

from __future__ import annotations

from types import TracebackType

import aiohttp
from aiohttp import web

from bot.playground.slack.clicks import Clicks
from bot.playground.slack.conditions import Conditions
from bot.playground.slack.delivery import Push
from bot.playground.slack.inspection import Inspection
from bot.playground.slack.outbox import Outbox

_HOST = "127.0.0.1"


class LocalSlack(Clicks, Inspection, Conditions):
    """A workspace with one app, served on 127.0.0.1: the Web API, Events by HTTP and Socket Mode, slash commands.

    An async context manager. `port` 0 takes a free one. `latency` is how many seconds each call of the Web API takes;
    `scale` multiplies the documented rate limits; `clock` is steady, `wall` is seconds since the epoch and makes the
    `ts` of messages; `team_id` is the workspace's id. With `events_url` unset, events go to the Socket Mode
    connections.
    """

    def mount(self, prefix: str, application: web.Application) -> None:
        """Serve another application too, under that path and on the same port; to be called before it is started."""
        self._mounted.append((prefix, application))

    async def __aenter__(self) -> LocalSlack:
        self._session = aiohttp.ClientSession()
        push = Push(self._session, self.signing_secret, self._workspace.wall, self._patience)
        self._outbox = Outbox(push, self._sockets, self._patience, self._workspace.clock, self._happened)
        self._outbox.events_url, self._outbox.twice = self._events_url, self._twice
        application = self._web.application(self._sockets.ticket, self._sockets.connect)
        for prefix, mounted in self._mounted:
            application.add_subapp(prefix, mounted)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self._port)
        try:
            await site.start()
        except OSError:  # the port is taken
            await self.__aexit__(None, None, None)
            raise
        port = self._runner.addresses[0][1]
        self._workspace.origin = f"http://{_HOST}:{port}"
        self.url = f"{self.origin}/api/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._out.close()
        await self._sockets.close()
        await self._runner.cleanup()
        await self._session.close()

    @property
    def events_url(self) -> str | None:
        """Where signed events and commands are POSTed; None: they go to the Socket Mode connections."""
        return self._events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self._events_url = url
        if self._outbox is not None:
            self._outbox.events_url = url

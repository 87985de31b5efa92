"""Serves the page: its address, its files, and both directions between it and the local servers."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path

from aiohttp import web

from bot.playground.page.access import guarded, headed
from bot.playground.page.actions import PageActions
from bot.playground.page.bot_watch import BotWatch
from bot.playground.page.bundle import bundle
from bot.playground.page.controls import Controls
from bot.playground.page.live import Live
from bot.playground.slack import LocalSlack
from bot.playground.slack.client_state import ClientState
from bot.playground.tap import Tap

_STATIC = Path(__file__).parent / "static"


class PageServer:
    """The page of a local Slack, served by it; to be made before that is started. `watching` watches the bot.

    `redis_url` is where the bot keeps what it remembers. Whoever has `url` may do all that the page can: its path
    holds a token that is new for each page.
    """

    def __init__(self, slack: LocalSlack, tap: Tap, redis_url: str) -> None:
        self._slack = slack
        self._token = secrets.token_urlsafe(24)
        watch = BotWatch(self._tell_controls)
        client_state, controls = ClientState(slack), Controls(slack, tap, redis_url, watch)

        def hello() -> dict[str, object]:
            return {"kind": "hello", **client_state.snapshot(), **tap.snapshot(), "controls": controls.shown()}

        self.watching = watch.watching
        self._live = Live(hello)
        self._actions = PageActions(slack, client_state, controls, redis_url, self._live.tell)
        self._listening = ExitStack()
        for listen in (client_state.listen, tap.listen):
            self._listening.callback(listen(self._live.tell))
        self._listening.callback(slack.listen(self._actions.happened))
        slack.mount(f"/client/{self._token}", self._application())

    @property
    def url(self) -> str:
        """Where the page is, once the local Slack is started."""
        return f"{self._slack.origin}/client/{self._token}/"

    def _tell_controls(self) -> None:
        self._actions.tell_controls()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[guarded])
        app.on_response_prepare.append(headed)
        app.router.add_get("/", _index)
        app.router.add_get("/page.js", _script)
        app.router.add_static("/static", _STATIC)
        app.router.add_get("/live", self._live.serve)
        self._actions.add_to(app.router)
        app.on_shutdown.append(self._closed)
        return app

    async def _closed(self, _: web.Application) -> None:
        self._listening.close()
        await self._live.close()


async def _index(_: web.Request) -> web.FileResponse:
    return web.FileResponse(_STATIC / "index.html")


async def _script(_: web.Request) -> web.Response:
    # Read anew for each page, so that whoever changes a module sees it after a reload.
    return web.Response(text=bundle(_STATIC, "app/main.js"), content_type="text/javascript")

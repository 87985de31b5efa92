"""Puts the tap before Flowise: where it leads, what it records, and the faults it makes, while the bot runs.

The bot is configured with the tap's address and a chatflow id of the tap's own; which Flowise and which of its flows
that means may be changed at any time. What comes from there is passed on as it comes, byte for byte.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.playground.flowise import OFFERED, LocalFlowise, Offer
from bot.playground.tap.faults import FAULTS, REASON, Fault, Switch
from bot.playground.tap.forward import Forwarding, Target, can_stream, new_session
from bot.playground.tap.listener import ReopenableListener
from bot.playground.tap.proxy import HOST
from bot.playground.tap.record import Listener, Record
from bot.playground.tap.upstream import Upstream, yours


class Tap:
    """A proxy on 127.0.0.1 before a local Flowise or a real one, as an async context manager.

    `chatflow_id` is known to nobody but the bot, and a key goes only into requests that name it: another program on
    this machine gets nothing from somebody's Flowise here. `wall` is seconds since the epoch.
    """

    def __init__(self, local: LocalFlowise, *, wall: Callable[[], float] = time.time) -> None:
        self.url = ""
        self.chatflow_id = str(uuid4())
        self._local = local
        self._offer = OFFERED[0]
        self._switch = Switch()
        self._record = Record(wall)
        self._target = Target(self._local_upstream())
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(new_session())
            self._forwarding = Forwarding(
                session, self._switch, self._record, self._target, self.chatflow_id, self._have_it_fail
            )
            app = self._forwarding.application()
            app.middlewares.append(self._for_the_bot_alone)
            runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            if runner.server is None:
                raise RuntimeError("the runner is not set up")
            self._door = await stack.enter_async_context(ReopenableListener(runner.server))
            self.url = f"http://{HOST}:{self._door.port}"
            if self._target.upstream.kind == "local":
                self.use_local()  # it has its address by now
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # ── where it leads ──

    def choose(self, flow: str) -> None:
        """Forward to the local Flowise's flow of that name, one of OFFERED. Raises ValueError with a sentence."""
        found = next((offer for offer in OFFERED if offer.name == flow), None)
        if found is None:
            raise ValueError(f"There is no flow called {flow!r} here.")
        self._offer = found
        self.use_local()

    def use_local(self) -> None:
        """Forward to the local Flowise, to the flow that was chosen last."""
        self._target.upstream = self._local_upstream()

    def use(self, url: str, chatflow_id: str, api_key: str | None = None) -> None:
        """Forward to somebody's own Flowise. The key goes into its requests and nowhere else.

        Raises:
            ValueError: a sentence for whoever has typed it; nothing has changed.
        """
        self._target.upstream = self._theirs(url, chatflow_id, api_key)

    async def move(self, url: str, chatflow_id: str, api_key: str | None = None) -> None:
        """Forward to a Flowise as `use` does, once it has answered and has taken the key. No question is asked.

        Raises:
            ValueError: a sentence for whoever has typed it; nothing has changed.
        """
        upstream = self._theirs(url, chatflow_id, api_key)
        if trouble := await self._trouble(upstream):
            raise ValueError(trouble)
        self._target.upstream = upstream

    def _theirs(self, url: str, chatflow_id: str, api_key: str | None) -> Upstream:
        upstream = yours(url, chatflow_id, api_key)
        own, theirs = urlsplit(self.url).port, urlsplit(upstream.url)
        if own is not None and theirs.port == own and theirs.hostname in {HOST, "localhost"}:
            raise ValueError("This is the playground's own address; please give that of your Flowise.")
        return upstream

    async def _trouble(self, upstream: Upstream) -> str:
        """Why a flow would not answer, as a sentence for people; empty where it would."""
        try:
            status, body = await self._forwarding.look(upstream)
            if status == 200 and can_stream(status, body) is not None:
                return "" if await self._forwarding.is_let_in(upstream) else _without_entry(upstream)
        except aiohttp.ClientConnectorCertificateError:
            return f"The certificate at {upstream.url} is not trusted."
        except (aiohttp.ClientError, TimeoutError):
            return f"Nothing answers at {upstream.url}. Is Flowise running there?"
        if b"not found" in body and status == 500:
            return f"The Flowise at {upstream.url} has no chatflow with the id {upstream.chatflow_id}."
        if 300 <= status < 400:
            return f"{upstream.url} leads elsewhere (HTTP {status}). Please give the address that Flowise itself has."
        return f"What answers at {upstream.url} is not Flowise (HTTP {status})."

    # ── faults ──

    @property
    def fault(self) -> Fault:
        """What is wrong with Flowise now; it holds for answers under way, too. May be set to one of FAULTS."""
        return self._switch.fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        if fault not in FAULTS:
            raise ValueError(f"There is no fault called {fault!r}.")
        self._switch.set(fault)
        if fault == "down":
            self._door.close()
        else:
            self._door.open()

    # ── what is told ──

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have each new prediction and frame told, as the page is told it; what is returned ends that."""
        return self._record.listen(listener)

    def snapshot(self) -> dict[str, list[dict[str, object]]]:
        """The last predictions and frames, oldest first."""
        return self._record.snapshot()

    def controls(self) -> dict[str, object]:
        """The current settings, as the page is sent them, without the key."""
        upstream = self._target.upstream
        return {
            "fault": self.fault,
            "flow": self._offer.name,
            "flows": [{"name": offer.name, "title": offer.title, "about": offer.about} for offer in OFFERED],
            "upstream": upstream.kind,
            "url": upstream.url,
            "chatflow_id": upstream.chatflow_id,
            "has_key": upstream.kind == "yours" and upstream.api_key is not None,
        }

    def _local_upstream(self) -> Upstream:
        offer: Offer = self._offer
        return Upstream("local", self._local.url, self._local.flow(offer.name), offer.title, self._local.api_key)

    def _have_it_fail(self, upstream: Upstream, chat_id: str) -> bool:
        return upstream.kind == "local" and self._local.fail(upstream.chatflow_id, chat_id, REASON)

    @web.middleware
    async def _for_the_bot_alone(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """No web page may ask here: not by its own script (Origin), nor under a name that leads here (Host)."""
        if request.host != self.url.removeprefix("http://"):
            return web.Response(status=421, text="This is not the server's name.")
        if "Origin" in request.headers:
            return web.Response(status=403, text="This is not for web pages.")
        answer: Awaitable[web.StreamResponse] = handler(request)
        return await answer


def _without_entry(upstream: Upstream) -> str:
    if upstream.api_key is None:
        return "This chatflow is protected. Please give its API key, the one that is chosen for it in Flowise."
    return "This chatflow does not take this API key. Please give the one that is chosen for it in Flowise."

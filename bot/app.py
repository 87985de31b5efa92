"""Puts the bot together and runs it: the only place where concrete parts meet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar
from uuid import uuid4

import structlog
from slack_bolt.async_app import AsyncApp

import bot.flowise.client as flowise
from bot import __version__
from bot.background.supervision import Supervisor
from bot.background.tasks import Tasks, background, owned
from bot.conversation.admission import Admission
from bot.conversation.file_room import FileRoom
from bot.conversation.flows import Flows
from bot.errors import SlackUnavailable
from bot.mailbox.durations import DURATIONS, Durations
from bot.mailbox.mailbox import Mailbox
from bot.metrics.exposition import Metrics
from bot.metrics.figures import AnswerFigures
from bot.metrics.slack import MeteredSlack
from bot.reply.observed import Answers, Observers
from bot.serving import config_watch
from bot.serving.bolt import behaviour_of, introduced, slack_app
from bot.serving.connections import ConnectionLimits
from bot.serving.descriptors import can_open, most_connections
from bot.serving.flows import ConnectedFlows
from bot.serving.http import Health, metrics_app, web_app
from bot.serving.part_health import PartHealth
from bot.serving.part_settings import conversations_of, delivery_of
from bot.serving.server import served
from bot.serving.signatures import RequestGuard
from bot.serving.socket_mode import SocketMode
from bot.serving.startup import network_of, opened_store, traced, warn_of_redis, warn_of_scopes
from bot.settings.environment import configuration_of, tells_email
from bot.settings.settings import Settings
from bot.slack.identity import Identity
from bot.slack.installation import app_of
from bot.slack.wire import new_session, web_client
from bot.store.redis import RedisStore
from bot.workspace.figures import counting
from bot.workspace.home_content import HomeParts
from bot.workspace.process import WAITS, Process, Waits, nothing_counted
from bot.workspace.registry import Registry
from handlers import steps

log = structlog.get_logger(__name__)
T = TypeVar("T")

_LONGEST_WAIT_FOR_SLACK = 30.0


class Bot:
    """The whole bot. `run` serves until `stop` is called. `durations` are the same in all processes of a store.

    At most `connections` may be open to its HTTP server, or what this process can spare where that is None.
    `hide` is called with the secrets of the flows before they are used, and with each that changes.

    Raises SettingsError: the configuration file cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        durations: Durations = DURATIONS,
        waits: Waits = WAITS,
        connections: int | None = None,
        hide: Callable[[Iterable[str]], None] = lambda _: None,
    ) -> None:
        self._durations = durations
        self._waits = waits
        self._connections = connections or most_connections(settings.bot_most_predictions)
        self._settings = settings
        self._live = configuration_of(settings)
        hide(self._live.hidden())
        self._live.when_changed(lambda: hide(self._live.hidden()))
        self._network = network_of(settings)
        self._stop = asyncio.Event()
        self._supervisor = Supervisor(time.monotonic)
        self._store: RedisStore | None = None
        self._flows: ConnectedFlows | None = None
        self._registry: Registry | None = None
        self._app: AsyncApp | None = None
        self._socket: SocketMode | None = None
        self._health = PartHealth(self._supervisor, self._live, self._hears_slack)
        self._metrics = Metrics(by_flow=self._live.has_file)
        self.port = 0

    def stop(self) -> None:
        """Begin to stop: no more questions are taken, answers under way get the grace period and a last word.

        A second time, end at once: what is under way is left to other processes, or to the next start.
        """
        if self._stop.is_set() and self._registry is not None:
            self._registry.process.tasks.hurry()
        self._stop.set()

    def probe_soon(self) -> None:
        """Look for Flowise again at the next question, also while it rests, and at what its flow offers."""
        log.info("Flowise probe requested")
        if self._flows is not None:
            self._flows.probe_soon()

    @property
    def under_way(self) -> int:
        """How many messages and answers are being worked on."""
        return self._registry.process.tasks.under_way if self._registry else 0

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve. `ready` is called when Slack is connected.

        Raises:
            SettingsError: a setting is refused by the service it is for.
            StoreUnavailable: the embedded store cannot be started.
        """
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._supervisor.stop)
            await stack.enter_async_context(self._listening())
            traces = await stack.enter_async_context(traced(self._settings, self._network))
            slack_session = await stack.enter_async_context(new_session(self._network))
            flowise_session = await stack.enter_async_context(flowise.new_session(self._network))
            token = self._settings.slack_bot_token.get_secret_value()
            web_api = web_client(token, self._settings.slack_api_url, slack_session)
            slack = MeteredSlack(web_api, slack_session, self._metrics.slack)
            # Slack, Flowise and the store are asked side by side: the start takes as long as the slowest.
            asking = owned(stack, self._connected(lambda: introduced(slack, web_api, self._app_token)))
            flows = self._flows = self._health.flows = ConnectedFlows(
                self._live, flowise_session, self._metrics.flowise, self._supervisor
            )
            stack.push_async_callback(flows.stop)
            self._supervisor.start("watching the event loop", self._metrics.loop.watch)
            store = await self._unless_stopped(
                stack.enter_async_context(opened_store(self._settings, self._metrics.redis))
            )
            if store is None:
                return
            self._store = self._health.store = store
            background(stack, self._supervisor.start("looking at Redis", lambda: warn_of_redis(store)))
            who = await asking
            if who is None:
                return
            identity, address = who
            if self._live.has_file:  # without one nothing of it can change
                looking = self._supervisor.start("looking at the configuration", lambda: self._watch(store, identity))
                background(stack, looking)
            email, agent = tells_email(self._settings, self._live.effective), self._settings.bot_agent_view
            warn_of_scopes(identity, email=email, agent=agent)
            registry = self._registry = self._new_registry(flows, store, traces)
            self._metrics.watch_budgets(lambda: (workspace.governor for workspace in registry))
            await stack.enter_async_context(registry.opened(slack, identity, app=app_of(self._app_token)))
            self._app = slack_app(self._settings, web_api, registry)
            registry.watch()
            await self._serve(registry, identity, address, ready)

    async def _watch(self, store: RedisStore, who: Identity) -> None:
        """Take over what changes in the configuration."""
        await config_watch.watch(self._live, lambda: store.home.settings(who.team), self._waits.configuration)

    @property
    def _app_token(self) -> str:
        """Empty where Slack comes by HTTP."""
        token = self._settings.slack_app_token
        return token.get_secret_value() if token else ""

    def _new_registry(self, flows: Flows, store: RedisStore, traces: tuple[Observers, ...]) -> Registry:
        settings, name = self._settings, uuid4().hex[:12]
        tasks = Tasks()
        # Whom figures are shown to stands in the file.
        count = counting(store.figures, tasks, wall=time.time) if self._live.has_file else nothing_counted
        process = Process(
            name,
            flows,
            store,
            Mailbox(store.mailboxes, name, now=time.monotonic, supervisor=self._supervisor, durations=self._durations),
            Admission(settings.bot_most_predictions),
            FileRoom(),
            delivery_of(settings, Answers((self._metrics.answers, AnswerFigures(count), *traces))),
            conversations_of(settings),
            now=time.monotonic,
            wall=time.time,
            supervisor=self._supervisor,
            waits=self._waits,
            tasks=tasks,
            count_rating=self._metrics.ratings.count,
            count=count,
            home=HomeParts(self._live, self._health.told, settings.slack_command),
        )
        return Registry(process, steps(behaviour_of(settings)))

    async def _serve(self, registry: Registry, who: Identity, address: str, ready: Callable[[], None]) -> None:
        if self._app_token:
            assert self._app is not None  # noqa: S101  # set by run just before
            greeted = self._metrics.watch_socket(self._hears_slack)
            self._socket = SocketMode(self._app, self._app_token, greeted=greeted, supervisor=self._supervisor)
            await self._socket.start(address, self._network)
            await self._until(self._socket.connected)
        if not self._stop.is_set():
            how = "Socket Mode" if self._socket else f"HTTP on port {self.port}"
            loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
            about = {"bot": who.name, "workspace": who.team_name, "team": who.team, "by": how, "loop": loop}
            log.info("ready", version=__version__, **about)
            ready()
        await self._stop.wait()
        log.info("stopping")
        registry.process.tasks.leaving.set()
        if self._socket is not None:
            await asyncio.sleep(0.1)  # what was taken in is acknowledged; what comes now, Slack gives to somebody else
            await self._socket.stop()
        await registry.stop(self._settings.bot_stop_grace)
        log.info("stopped")

    async def _until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        # slack_sdk has no event for being connected, only the question.
        while not self._stop.is_set() and not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _connected(self, ask: Callable[[], Coroutine[None, None, T]]) -> T | None:
        """Ask Slack until it answers; None when we are stopped meanwhile."""
        wait = 1.0
        while not self._stop.is_set():
            try:
                return await self._unless_stopped(ask())
            except SlackUnavailable as error:
                log.warning("Slack not reached", seconds=wait, reason=str(error))
                try:
                    async with asyncio.timeout(wait):
                        await self._stop.wait()
                except TimeoutError:
                    wait = min(wait * 2, _LONGEST_WAIT_FOR_SLACK)
        return None

    async def _unless_stopped(self, work: Coroutine[None, None, T]) -> T | None:
        """The result; None when we are stopped before, and then the work is given up at once."""
        doing, stopping = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return await doing if doing.done() else None
        finally:
            for task in (doing, stopping):
                task.cancel()
            await asyncio.gather(doing, stopping, return_exceptions=True)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        settings, text = self._settings, self._metrics.text
        by_http = settings.slack_app_token is None
        secret = settings.slack_signing_secret if by_http else None
        own_port = settings.metrics_port if settings.metrics_port != settings.port else None
        # PORT may be open to the world where Slack comes by HTTP, and how much is asked is nobody's business there.
        beside = own_port is None and (settings.metrics_port is not None or not by_http)
        health = Health(
            self._unready,
            self._stop.is_set,
            lambda: self.under_way,
            self._health.details(),
            is_private=not by_http,
        )
        door = RequestGuard(secret.get_secret_value()) if secret else None
        application = web_app(lambda: self._app, health, door=door, metrics=text if beside else None)
        async with AsyncExitStack() as stack:
            serving = served(application, settings.host, settings.port, "PORT", ConnectionLimits(self._connections))
            self.port = await stack.enter_async_context(serving)
            if own_port is not None:
                # Prometheus and whoever looks by hand: they are few.
                few = ConnectionLimits(min(32, self._connections // 4))
                own = served(metrics_app(text, health), settings.host, own_port, "METRICS_PORT", few)
                await stack.enter_async_context(own)
            yield

    async def _unready(self) -> tuple[str, ...]:
        missing = () if await self._hears_slack() else ("slack",)
        return missing if can_open() else (*missing, "file descriptors")

    async def _hears_slack(self) -> bool:
        if self._registry is not None and not self._registry.is_ready:
            return False
        if not self._app_token:
            return self._app is not None
        return self._socket is not None and await self._socket.connected()

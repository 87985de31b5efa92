"""Knows how the house is put together: the only place where concrete things meet."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import structlog
from aiohttp import ClientSession
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

import bot.flowise.client as flowise
from bot import __version__
from bot.conversation import Conversations
from bot.desk import Desk, Writing
from bot.door import Door
from bot.errors import BotError, FlowiseError, SettingsError, SlackRefused, SlackUnavailable, StoreUnavailable
from bot.farewell import Farewell
from bot.flowise.guarded import Guarded
from bot.governor import Governor
from bot.metrics.exposition import Metrics
from bot.metrics.flowise import FlowiseMetrics, MeteredFlowise
from bot.metrics.slack import MeteredSlack
from bot.ports import Flowise, Identity
from bot.question import Habits
from bot.reply.observed import Answers, Observers
from bot.reply.streams import Mode
from bot.settings import Settings
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client
from bot.socket_mode import SocketMode, open_connection
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import Observer, RedisStore
from bot.web import metrics_app, served, web_app
from handlers import lifecycle, register
from handlers.hearing import Manners

log = structlog.get_logger(__name__)
T = TypeVar("T")

_LONGEST_WAIT_FOR_SLACK = 30.0
# How often a token that Slack has refused is tried again.
_TOKEN_SECONDS = 30.0


class Bot:
    """The whole bot. `run` serves until `stop` is called."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = asyncio.Event()
        self._store: RedisStore | None = None
        self._flowise: Guarded | None = None
        self._desk: Desk | None = None
        self._app: AsyncApp | None = None
        self._socket: SocketMode | None = None
        self._metrics = Metrics()
        self._slack: SlackClient | None = None
        self.port = 0

    def stop(self) -> None:
        """Begin to stop: no more questions are taken, answers under way get the grace period and a last word.

        A second time, end at once: what is under way is left to other processes, or to the next start.
        """
        if self._stop.is_set() and self._desk is not None:
            self._desk.tasks.hurry()
        self._stop.set()

    @property
    def under_way(self) -> int:
        """How many messages and answers are being worked on."""
        return self._desk.tasks.under_way if self._desk else 0

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve. `ready` is called when Slack is connected.

        Raises:
            SettingsError: a setting is refused by the service it is for.
            StoreUnavailable: the embedded store cannot be started.
        """
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._listening())
            traces = await stack.enter_async_context(_traced(self._settings))
            slack_session = await stack.enter_async_context(new_session())
            flowise_session = await stack.enter_async_context(flowise.new_session())
            chatflow = _chatflow(self._settings, flowise_session, self._metrics.flowise)
            token = self._settings.slack_bot_token.get_secret_value()
            web_api = web_client(token, self._settings.slack_api_url, slack_session)
            slack = MeteredSlack(web_api, slack_session, self._metrics.slack)
            # Slack, Flowise and the store are asked side by side: the start takes as long as the slowest.
            asking = _owned(stack, self._connected(lambda: _introduced(slack, web_api, self._app_token)))
            _owned(stack, _warn_of_flowise(chatflow))
            _owned(stack, self._metrics.loop.watch())
            store = self._store = await stack.enter_async_context(_opened_store(self._settings, self._metrics.redis))
            _owned(stack, _warn_of_redis(store))
            introduced = await asking
            if introduced is None:
                return
            identity, address = introduced
            guarded = self._flowise = Guarded(chatflow, chatflow.check, time.monotonic)
            desk = self._desk = self._new_desk(guarded, slack, store, identity, traces)
            self._slack = slack
            farewell = Farewell(identity.team, store, slack.admission)
            _owned(stack, farewell.run())
            _owned(stack, slack.come_back(lambda: asyncio.sleep(_TOKEN_SECONDS)))
            self._app = _slack_app(self._settings, web_api, identity, desk)
            lifecycle.register(self._app, farewell, identity.bot_user)
            desk.watch()
            await self._serve(desk, address, ready)

    @property
    def _app_token(self) -> str:
        """Empty where Slack comes by HTTP."""
        token = self._settings.slack_app_token
        return token.get_secret_value() if token else ""

    def _new_desk(
        self,
        chatflow: Flowise,
        slack: SlackClient,
        store: RedisStore,
        identity: Identity,
        traces: tuple[Observers, ...],
    ) -> Desk:
        settings = self._settings
        habits = Habits(
            context_messages=settings.bot_context_messages,
            left_run_wait=settings.flowise_left_run_wait,
            most_predictions=settings.bot_most_predictions,
            reads_answers=settings.flowise_api_key is not None,
        )
        conversations = Conversations(chatflow, slack, store, habits, wall=time.time)
        gate = Governor(store, identity.team, scale=settings.slack_rate_scale, now=time.monotonic)
        self._metrics.watch_budget(gate)
        mode, answers = Mode(settings.slack_delivery), Answers((self._metrics.answers, *traces))
        return Desk(
            conversations,
            slack,
            store,
            identity,
            gate=gate,
            writing=Writing(settings.slack_edit_interval, settings.bot_most_messages, mode, answers),
            now=time.monotonic,
            wall=time.time,
        )

    async def _serve(self, desk: Desk, address: str, ready: Callable[[], None]) -> None:
        if self._app_token:
            assert self._app is not None  # noqa: S101  # set by run just before
            greeted = self._metrics.watch_socket(self._hears_slack)
            self._socket = SocketMode(self._app, self._app_token, greeted=greeted)
            await self._socket.start(address)
            await self._until(self._socket.connected)
        if not self._stop.is_set():
            how = "Socket Mode" if self._socket else f"HTTP on port {self.port}"
            who, loop = desk.identity, type(asyncio.get_running_loop()).__module__.partition(".")[0]
            log.info("ready", version=__version__, bot=who.name, team=who.team, by=how, loop=loop)
            ready()
        await self._stop.wait()
        log.info("stopping")
        desk.tasks.leaving.set()
        if self._socket is not None:
            await asyncio.sleep(0.1)  # what was taken in is acknowledged; what comes now, Slack gives to somebody else
            await self._socket.stop()
        await desk.stop(self._settings.bot_stop_grace)
        log.info("stopped")

    async def _until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        # slack_sdk has no event for being connected, only the question.
        while not self._stop.is_set() and not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _connected(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """Ask Slack until it answers; None when we are stopped meanwhile."""
        wait = 1.0
        while not self._stop.is_set():
            try:
                return await ask()
            except SlackUnavailable as error:
                log.warning("Slack does not answer; trying again", seconds=wait, reason=str(error))
                try:
                    async with asyncio.timeout(wait):
                        await self._stop.wait()
                except TimeoutError:
                    wait = min(wait * 2, _LONGEST_WAIT_FOR_SLACK)
        return None

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        settings, text = self._settings, self._metrics.text
        by_http = settings.slack_app_token is None
        secret = settings.slack_signing_secret if by_http else None
        own_port = settings.metrics_port if settings.metrics_port != settings.port else None
        # PORT may be open to the world where Slack comes by HTTP, and how much is asked is nobody's business there.
        beside = own_port is None and (settings.metrics_port is not None or not by_http)
        application = web_app(
            lambda: self._app,
            self._unready,
            self._stop.is_set,
            lambda: self.under_way,
            {"redis": self._how_redis_is, "flowise": self._how_flowise_is},
            door=Door(secret.get_secret_value()) if secret else None,
            metrics=text if beside else None,
        )
        async with AsyncExitStack() as stack:
            self.port = await stack.enter_async_context(served(application, settings.host, settings.port, "PORT"))
            if own_port is not None:
                await stack.enter_async_context(served(metrics_app(text), settings.host, own_port, "METRICS_PORT"))
            yield

    async def _unready(self) -> tuple[str, ...]:
        return () if await self._hears_slack() else ("slack",)

    async def _how_flowise_is(self) -> str:
        return self._flowise.state() if self._flowise is not None else "not asked yet"

    async def _how_redis_is(self) -> str:
        try:
            if self._store is None:
                raise StoreUnavailable("it has not been asked yet")
            await self._store.ping()
        except StoreUnavailable as error:
            return f"away: {error}"
        return "ok"

    async def _hears_slack(self) -> bool:
        if self._slack is not None and self._slack.admission.refusal:
            return False
        if not self._app_token:
            return self._app is not None
        return self._socket is not None and await self._socket.connected()


def _owned(stack: AsyncExitStack, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
    """A task that ends with the stack at the latest."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, BotError):  # those are told where the task is waited for
            raise error

    stack.push_async_callback(end)
    return task


@asynccontextmanager
async def _traced(settings: Settings) -> AsyncIterator[tuple[Observers, ...]]:
    """Who traces the answers, if anybody is to."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        yield ()
        return
    try:
        from bot.tracing import exported  # noqa: PLC0415  # it may not be installed
    except ImportError:
        log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but the extra is missing: pip install '.[tracing]'")
        yield ()
        return
    async with exported(endpoint) as traces:
        yield (traces,)


@asynccontextmanager
async def _opened_store(settings: Settings, observer: Observer) -> AsyncIterator[RedisStore]:
    embedded: EmbeddedValkey | None = None
    url = settings.redis_url
    if url is None:
        embedded = EmbeddedValkey(settings.data_dir)
        url = await embedded.start()
        log.warning(
            "REDIS_URL is not set: keeping everything in a private store; run one replica only",
            folder=str(settings.data_dir),
        )
    store = RedisStore.at(url, conversation_days=settings.bot_conversation_days, observer=observer)
    try:
        yield store
    finally:
        await store.aclose()
        if embedded is not None:
            await embedded.stop()


def _chatflow(settings: Settings, session: ClientSession, metrics: FlowiseMetrics) -> flowise.Client:
    limits = flowise.Limits(
        connect=settings.flowise_connect_timeout,
        headers=settings.flowise_headers_timeout,
        json=settings.flowise_json_timeout,
        silence=settings.flowise_silence_timeout,
        events=settings.flowise_event_timeout,
        total=settings.flowise_total_timeout,
        frame_bytes=settings.flowise_frame_limit,
    )
    key = settings.flowise_api_key.get_secret_value() if settings.flowise_api_key else None
    return MeteredFlowise(session, settings.flowise_url, settings.flowise_chatflow_id, key, limits, metrics)


def _slack_app(settings: Settings, web_api: AsyncWebClient, identity: Identity, desk: Desk) -> AsyncApp:
    # Bolt turns to OAuth by itself where it finds these two, and would then ignore the bot token.
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        os.environ.pop(name, None)
    who = AuthorizeResult(
        enterprise_id=identity.enterprise or None,
        team_id=identity.team,
        bot_token=web_api.token,
        bot_id=identity.bot_id,
        bot_user_id=identity.bot_user,
    )

    async def authorize() -> AuthorizeResult:
        # Known since the start. Bolt's own way asks auth.test, and acknowledges and drops the event when that fails.
        return who

    secret = settings.slack_signing_secret
    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.ERROR)  # while it is made, Bolt warns that a token stands beside `authorize`: as we want it
    app = AsyncApp(
        client=web_api,
        logger=logger,
        signing_secret=secret.get_secret_value() if secret else "unused in Socket Mode",
        authorize=authorize,
        attaching_conversation_kwargs_enabled=False,
    )
    logger.setLevel(logging.WARNING)
    manners = Manners(
        command=settings.slack_command,
        follow_ups_without_mention=settings.bot_follow_ups == "all",
        answers_external_people=settings.bot_external_people == "answer",
    )
    register(app, desk, manners)
    return app


async def _identity(slack: SlackClient) -> Identity:
    try:
        return await slack.identity()
    except SlackRefused as error:
        raise SettingsError(
            f"SLACK_BOT_TOKEN: Slack refuses it ({error.code}); expected the bot token of an installed app"
        ) from None


async def _introduced(slack: SlackClient, web_api: AsyncWebClient, app_token: str) -> tuple[Identity, str]:
    """Who we are, and the address of a Socket Mode connection, empty for HTTP: one Slack call's time for both."""
    address = open_connection(web_api, app_token) if app_token else asyncio.sleep(0, "")
    answers = await asyncio.gather(_identity(slack), address, return_exceptions=True)
    match answers:
        case Identity() as identity, str() as opened:
            return identity, opened
    raise next(answer for answer in answers if isinstance(answer, BaseException))


async def _warn_of_flowise(chatflow: flowise.Client) -> None:
    """A Flowise that is down or wrong at the start may be right when the first question comes: a warning, no exit."""
    try:
        await chatflow.check()
    except FlowiseError as error:
        hint = " ".join((type(error).__doc__ or "").split())
        log.warning("Flowise could not answer a question now", error=type(error).__name__, reason=str(error), hint=hint)


async def _warn_of_redis(store: RedisStore) -> None:
    """What it cannot keep, it may keep when the first question comes, or need not: a warning, no exit."""
    try:
        health = await store.health()
    except StoreUnavailable as error:
        log.warning("Redis could not take a question now", reason=str(error))
        return
    for warning in health.warnings:
        log.warning("Redis cannot keep what it is given", reason=warning, version=health.version)

"""Opens and closes the bot's dependencies, and warns of what is wrong with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from bot.errors import StoreUnavailable, advice
from bot.network.outgoing import Network
from bot.network.proxies import Proxies
from bot.reply.observed import Observers
from bot.settings.settings import Settings
from bot.slack.identity import Identity
from bot.slack.permissions import ADD_A_SCOPE, missing
from bot.store.embedded import EmbeddedValkey
from bot.store.redis import Observer, RedisStore

log = structlog.get_logger(__name__)


def network_of(settings: Settings) -> Network:
    """How all connections go out."""
    proxies = Proxies(settings.https_proxy or "", settings.http_proxy or "", settings.no_proxy)
    return Network(proxies, settings.ssl_cert_file)


@asynccontextmanager
async def traced(settings: Settings, network: Network) -> AsyncIterator[tuple[Observers, ...]]:
    """Who traces the answers, if anybody is to."""
    endpoint = settings.otel_exporter_otlp_endpoint
    if endpoint is None:
        yield ()
        return
    try:
        from bot.metrics.tracing import exported  # noqa: PLC0415  # it may not be installed
    except ImportError:
        log.warning("OTEL_EXPORTER_OTLP_ENDPOINT is set, but the extra is missing: pip install '.[tracing]'")
        yield ()
        return
    async with exported(endpoint, network) as traces:
        yield (traces,)


@asynccontextmanager
async def opened_store(settings: Settings, observer: Observer) -> AsyncIterator[RedisStore]:
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


async def warn_of_redis(store: RedisStore) -> None:
    """What it cannot keep, it may keep when the first question comes, or need not: a warning, no exit."""
    try:
        health = await store.health()
    except StoreUnavailable as error:
        log.warning("Redis not ready", reason=str(error), do=advice(type(error)))
        return
    for warning in health.warnings:
        log.warning("Redis warning received", reason=warning, version=health.version)


def warn_of_scopes(identity: Identity, *, email: bool = False, agent: bool = False) -> None:
    """Without some of them, people's messages do not arrive, and nothing else says so. `email` and `agent` are those of
    `missing`."""
    lacking = () if identity.scopes is None else missing(identity.scopes, email=email, agent=agent)
    if lacking:
        without = "; ".join(scope.without for scope in lacking)
        log.warning("scopes missing", scopes=[scope.name for scope in lacking], reason=without, do=ADD_A_SCOPE)

"""Exports a trace of each answer: one span from the question to the end of its answer, with ids and times, never text.

A span from aiohttp's instrumentation would end with the headers of Flowise's stream, before any text arrives. This one
covers what a person waits for. It needs the extra `tracing`; nothing else imports OpenTelemetry.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from requests.adapters import HTTPAdapter
from yarl import URL

from bot import __version__
from bot.errors import BotError
from bot.network.outgoing import DIRECT, Network
from bot.reply.observed import AnswerContext, Outcome, Repair, Waiting

_EXPORT_SECONDS: Final = 3.0
"""Seconds for which a collector that does not answer may delay the end of the process. It delays nothing else."""


class Traces:
    """Starts a span for each answer. Implements `bot.reply.observed.Observers`."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def answer(self, asked: AnswerContext) -> AnswerSpan:
        ids = {
            "flowise_slack.reference": asked.reference,
            "slack.team": asked.thread.team,
            "slack.channel": asked.thread.channel,
            "slack.thread_ts": asked.thread.thread_ts,
        }
        begin = time.time_ns() - round(asked.age * 1e9)
        return AnswerSpan(self._tracer.start_span("answer", kind=SpanKind.CONSUMER, attributes=ids, start_time=begin))

    def took_over(self) -> None:
        """The replica that left the answer unfinished has its span."""


class AnswerSpan:
    """The span of one answer. Implements `bot.reply.observed.Observer`."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._writes = 0
        self._oldest = 0.0
        span.add_event("taken")

    def waiting(self, why: Waiting) -> None:
        self._span.add_event("waiting", {"why": why.value})

    def waited(self, why: Waiting, seconds: float) -> None:
        self._span.add_event("waited", {"why": why.value, "seconds": seconds})

    def first_token(self) -> None:
        self._span.add_event("first token")

    def first_shown(self, seconds: float) -> None:
        self._span.add_event("first shown", {"seconds": seconds})

    def shown(self, arrived: Sequence[float], now: float) -> None:
        self._writes += 1
        self._oldest = max(self._oldest, now - arrived[0])

    def repaired(self, how: Repair) -> None:
        self._span.add_event("repaired", {"how": how.value})

    def ended(self, outcome: Outcome, error: BotError | None) -> None:
        self._span.add_event("end")
        self._span.set_attributes(
            {
                "flowise_slack.outcome": outcome.value,
                "flowise_slack.writes": self._writes,
                "flowise_slack.oldest_text_seconds": self._oldest,
            }
        )
        if error is not None:
            # Not the error's text, which may quote Flowise.
            self._span.set_attribute("error.type", type(error).__name__)
        if outcome in {Outcome.FAILED, Outcome.INTERRUPTED, Outcome.NOT_DELIVERED}:
            self._span.set_status(Status(StatusCode.ERROR, type(error).__name__ if error else outcome.value))
        self._span.end()


class _Adapter(HTTPAdapter):
    """Connects for `requests` with the bot's certificates, besides those that requests brings along."""

    def __init__(self, trusted: ssl.SSLContext | None) -> None:
        self._trusted: dict[str, Any] = {"ssl_context": trusted} if trusted is not None else {}
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kw: Any) -> None:
        super().init_poolmanager(connections, maxsize, block, **kw, **self._trusted)

    def proxy_manager_for(self, proxy: str, **kw: Any) -> Any:
        return super().proxy_manager_for(proxy, **kw, **self._trusted)


def _session(network: Network, endpoint: str) -> requests.Session:
    """A session that follows the bot's rules for proxies and certificates in place of those of requests."""
    session, proxy = requests.Session(), network.proxies.of(URL(endpoint))
    session.trust_env = False
    session.proxies = {"http": str(proxy), "https": str(proxy)} if proxy is not None else {}
    session.mount("https://", _Adapter(network.trusted))
    return session


@asynccontextmanager
async def exported(endpoint: str, network: Network = DIRECT) -> AsyncIterator[Traces]:
    """Traces that are sent over HTTP to the OTLP collector at the base URL `endpoint`; the last of them on exit.

    OpenTelemetry's own variables apply: OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_EXPORTER_OTLP_HEADERS.
    """
    resource = Resource.create({SERVICE_VERSION: __version__})
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "flowise-slack"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=_EXPORT_SECONDS, session=_session(network, endpoint))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    try:
        yield Traces(provider.get_tracer("flowise-slack", __version__))
    finally:
        await asyncio.to_thread(provider.shutdown)

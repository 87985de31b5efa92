"""Tests traces: one span for each answer, with ids and times and no text, sent to a real collector or not at all."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from structlog.testing import capture_logs

from bot.errors import BotError, FlowiseFailed, Interrupted
from bot.flowise.events import Token
from bot.metrics.tracing import Traces
from bot.playground.sandbox import Sandbox
from bot.records.thread import Thread
from bot.reply.contract import Failed, Finished, Place, Queued, ReplyEvent, Thinking
from bot.reply.edited import EditedReply
from bot.reply.observed import AnswerContext, Answers
from bot.slack.calls import Accepted, Posted, PostMessage

ASKED = AnswerContext(Thread("T1", "C1", "1.0"), "abc123", age=2.0)


def span_of(*events: tuple[ReplyEvent, float]) -> ReadableSpan:
    """The only span of an answer to which these events came at these times. A call takes 0.25 s, and tokens wait for
    what comes after them."""
    provider, exporter = TracerProvider(shutdown_on_exit=False), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    inner = EditedReply(Place("C1", "1.0", "U1"), reference="abc123", interval=1.2, has_status=False)
    reply = Answers([Traces(provider.get_tracer("test"))]).observed(inner, ASKED)
    for event, now in events:
        reply.receive(event, now)
        while not isinstance(event, Token) and (call := reply.next_call(now)) is not None:
            reply.answered(call, Posted("5.0") if isinstance(call, PostMessage) else Accepted(), now + 0.25)
    reply.close()
    [span] = exporter.get_finished_spans()
    return span


def happened(span: ReadableSpan) -> list[tuple[str, dict[str, object]]]:
    return [(event.name, dict(event.attributes or {})) for event in span.events]


def test_a_span_tells_when_what_happened() -> None:
    span = span_of(
        (Queued(), 10.0), (Thinking(), 13.0), (Token("secret"), 14.0), (Token(" words"), 15.0), (Finished(), 20.0)
    )
    assert happened(span) == [
        ("taken", {}),
        ("waiting", {"why": "turn"}),
        ("waited", {"why": "turn", "seconds": 3.0}),
        ("first token", {}),
        ("first shown", {"seconds": 2.0 + 10.25}),
        ("end", {}),
    ]
    told = dict(span.attributes or {})
    assert told.pop("flowise_slack.oldest_text_seconds") == 6.25
    assert told == {
        "flowise_slack.reference": "abc123",
        "slack.team": "T1",
        "slack.channel": "C1",
        "slack.thread_ts": "1.0",
        "flowise_slack.outcome": "finished",
        "flowise_slack.writes": 1,
    }
    assert span.status.status_code is StatusCode.UNSET


def test_a_span_begins_when_the_question_was_asked() -> None:
    before = time.time_ns()
    span = span_of((Finished(), 0.0))
    assert span.start_time is not None
    assert span.end_time is not None
    assert before - 2_000_000_000 <= span.start_time <= time.time_ns() - 2_000_000_000
    assert span.end_time - span.start_time >= 2_000_000_000


@pytest.mark.parametrize(
    ("error", "outcome", "kind"),
    [
        (FlowiseFailed("Error: secret words of a prompt"), "failed", "FlowiseFailed"),
        (Interrupted("the bot was stopped"), "interrupted", None),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error_by_its_name_alone(
    error: BotError, outcome: str, kind: str | None
) -> None:
    span = span_of((Token("secret"), 0.0), (Failed(error, "abc123"), 1.0))
    told = dict(span.attributes or {})
    assert told["flowise_slack.outcome"] == outcome
    assert told.get("error.type") == kind
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, kind or outcome)
    assert "secret" not in span.to_json()


@asynccontextmanager
async def collector(exports: list[ExportTraceServiceRequest]) -> AsyncIterator[str]:
    """A server that takes spans as an OpenTelemetry collector does; gives its base address."""

    async def traces(request: web.Request) -> web.Response:
        exports.append(ExportTraceServiceRequest.FromString(await request.read()))
        return web.Response(content_type="application/x-protobuf")

    application = web.Application()
    application.router.add_post("/v1/traces", traces)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_the_bot_sends_a_span_for_each_answer_to_the_last(home: Sandbox) -> None:
    exports: list[ExportTraceServiceRequest] = []
    async with collector(exports) as endpoint, home.bot(otel_exporter_otlp_endpoint=endpoint):
        root = await home.ask(f"{home.mention} a secret question")
        [answer] = await home.answered(root)
    [resource] = [resource for export in exports for resource in export.resource_spans]
    about = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
    assert about["service.name"] == "flowise-slack"
    [span] = [span for scope in resource.scope_spans for span in scope.spans]
    ids = {pair.key: pair.value.string_value for pair in span.attributes}
    assert (ids["slack.channel"], ids["slack.thread_ts"]) == (home.channel, root)
    assert [event.name for event in span.events] == ["taken", "first token", "first shown", "end"]
    assert "secret" not in str(exports)
    assert answer.split()[0] not in str(span.events)


async def test_without_the_extra_the_bot_serves_and_says_what_is_missing(
    home: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bot.metrics.tracing", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with capture_logs() as lines:
        async with home.bot(otel_exporter_otlp_endpoint="http://127.0.0.1:9"):
            await home.answered(await home.ask(f"{home.mention} hello"))
    assert [line for line in lines if "pip install" in line["event"]]

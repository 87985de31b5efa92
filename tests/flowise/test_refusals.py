"""Answers that are no stream, and errors reported in one."""

from __future__ import annotations

import json

import pytest

from bot import errors
from bot.errors import FlowiseError, FlowiseRateLimited, RunState
from bot.flowise.refusals import HttpReply, refusal, reported

PREFIX = "Error: predictionsServices.buildChatflow - "


def said(message: str) -> str:
    return json.dumps({"statusCode": 0, "success": False, "message": message, "stack": {}})


JSON, HTML, TEXT = "application/json", "text/html", "text/plain"

REFUSALS: list[tuple[int, str, str, type[FlowiseError], RunState]] = [
    (500, JSON, said(PREFIX + "Unauthorized"), errors.KeyRefused, RunState.NOT_STARTED),
    (500, JSON, said(PREFIX + "400 bad model name"), errors.FlowiseFailed, RunState.OVER),
    (404, JSON, said("Chatflow x-y not found in the database!"), errors.UnknownChatflow, RunState.NOT_STARTED),
    (400, JSON, said("Invalid Chatflow ID"), errors.UnknownChatflow, RunState.NOT_STARTED),
    (400, JSON, said("Unexpected token"), errors.FlowiseFailed, RunState.NOT_STARTED),
    (401, JSON, '{"error":"Unauthorized Access"}', errors.KeyRefused, RunState.NOT_STARTED),
    (403, JSON, '{"message":"Forbidden"}', errors.KeyRefused, RunState.NOT_STARTED),
    (403, JSON, said("Origin not allowed here"), errors.FlowiseFailed, RunState.NOT_STARTED),
    (403, HTML, "Origin not allowed here", errors.FlowiseFailed, RunState.NOT_STARTED),
    (403, HTML, "<html>denied by the firewall", errors.NotFlowise, RunState.NOT_STARTED),
    (404, HTML, "<html>404", errors.NotFlowise, RunState.NOT_STARTED),
    (404, JSON, '{"message":"no route"}', errors.NotFlowise, RunState.NOT_STARTED),
    (413, JSON, said("request entity too large"), errors.FlowiseTooLarge, RunState.NOT_STARTED),
    (413, HTML, "<html>413 Request Entity Too Large", errors.FlowiseTooLarge, RunState.NOT_STARTED),
    (302, TEXT, "elsewhere", errors.NotFlowise, RunState.NOT_STARTED),
    (200, HTML, "<!doctype html>", errors.NotFlowise, RunState.NOT_STARTED),
    (200, TEXT, "OK", errors.NotFlowise, RunState.NOT_STARTED),
    (500, TEXT, "oops", errors.FlowiseUnreachable, RunState.UNKNOWN),
    (500, JSON, "{broken", errors.FlowiseUnreachable, RunState.UNKNOWN),
    (502, HTML, "<html>bad gateway", errors.FlowiseUnreachable, RunState.UNKNOWN),
    (503, JSON, '{"message":"no upstream"}', errors.FlowiseUnreachable, RunState.UNKNOWN),
    (504, HTML, "<html>time-out", errors.FlowiseUnreachable, RunState.UNKNOWN),
]


@pytest.mark.parametrize(("status", "content_type", "body", "kind", "run"), REFUSALS)
def test_a_refusal(status: int, content_type: str, body: str, kind: type[FlowiseError], run: RunState) -> None:
    error = refusal(HttpReply(status, {}, content_type, body.encode()), None)
    assert (type(error), error.run) == (kind, run)


def test_a_rate_limit_tells_how_long() -> None:
    error = refusal(HttpReply(429, {}, HTML, b"Too many requests, slow down!"), 8.0)
    assert isinstance(error, FlowiseRateLimited)
    assert error.retry_after == 8.0
    assert str(error) == "HTTP 429: Too many requests, slow down!"
    assert error.notice == ""


LIMITED = {"X-RateLimit-Limit": "2"}


@pytest.mark.parametrize(
    ("headers", "content_type", "body", "notice"),
    [
        (LIMITED, HTML, " Too many\nrequests, slow down! ", "Too many requests, slow down!"),
        ({"x-ratelimit-limit": "2"}, HTML, "5 < 6 & a <3", "5 < 6 & a <3"),
        (LIMITED, JSON, said("Slow down"), "Slow down"),
        (LIMITED, JSON, '{"other": 1}', ""),
        (LIMITED, HTML, "", ""),
        # What another program may have written.
        ({}, HTML, "Too many requests", ""),
        (LIMITED, HTML, "<html>429", ""),
        (LIMITED, HTML, "text, and <b>a tag</b>", ""),
        (LIMITED, HTML, "text, and </p", ""),
        (LIMITED, HTML, "<!doctype html>", ""),
    ],
)
def test_what_the_builder_says_of_a_rate_limit(
    headers: dict[str, str], content_type: str, body: str, notice: str
) -> None:
    error = refusal(HttpReply(429, headers, content_type, body.encode()), None)
    assert isinstance(error, FlowiseRateLimited)
    assert error.notice == notice


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (PREFIX + "Unauthorized", errors.KeyRefused),
        ("Unauthorized", errors.KeyRefused),
        (PREFIX + "This flow is configured as a Webhook Trigger. Call POST /x instead.", errors.FlowStartedElsewhere),
        (PREFIX + "This flow is configured as a Scheduled Trigger. It is fired", errors.FlowStartedElsewhere),
        (PREFIX + "Chatflow 00000000-0000-4000-8000-000000000000 not found", errors.UnknownChatflow),
        (PREFIX + "Error in LLM node: 401 Unauthorized", errors.FlowiseFailed),
        (PREFIX + "Unauthorized tool", errors.FlowiseFailed),
        ("", errors.FlowiseFailed),
    ],
)
def test_an_error_event(text: str, kind: type[FlowiseError]) -> None:
    error = reported(text, RunState.OVER)
    assert type(error) is kind
    assert error.run is (RunState.OVER if kind is errors.FlowiseFailed else RunState.NOT_STARTED)


def test_flowises_text_is_kept_on_one_line_and_short() -> None:
    assert str(reported("a\n  b" + "c" * 5000, RunState.OVER)) == "a b" + "c" * 497

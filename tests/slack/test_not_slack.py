"""What answers at SLACK_API_URL and is no Slack, over real sockets: told from a Slack that fails for now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bot.errors import NotSlack, SettingsError, SlackRefused, SlackUnavailable
from bot.playground.slack import LocalSlack
from bot.serving.bolt import introduced
from bot.slack.client import SlackClient
from bot.slack.identity import Identity
from bot.slack.wire import web_client

APP_TOKEN = "xapp-1"
PAGE = "<!DOCTYPE html><title>Welcome</title>"


def response(status: str, body: str, kind: str = "text/html", more: str = "") -> str:
    size = len(body.encode())
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n{more}\r\n{body}"
    )


@asynccontextmanager
async def answering(*answers: str) -> AsyncIterator[str]:
    """A server that gives these answers in turn, and the last of them from then on; its address."""
    left = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write((left.pop(0) if len(left) > 1 else left[0]).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/"


async def met(session: aiohttp.ClientSession, url: str, app_token: str = APP_TOKEN) -> tuple[Identity, str]:
    web = web_client("xoxb-1", url, session)
    return await introduced(SlackClient(web, session), web, app_token)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response("404 Not Found", PAGE), "HTTP 404, text/html"),
        (response("404 Not Found", '{"message": "Cannot GET"}', "application/json"), "HTTP 404, application/json"),
        (response("405 Method Not Allowed", "", "text/plain"), "HTTP 405, text/plain"),
        (response("403 Forbidden", PAGE), "HTTP 403, text/html"),
        (response("400 Bad Request", "a plain request on a TLS port"), "HTTP 400, text/html"),
        (response("501 Unsupported method", PAGE), "HTTP 501, text/html"),
        (response("200 OK", PAGE, "text/html; charset=utf-8"), "HTTP 200, text/html"),
        (response("200 OK", "It works", "text/plain"), "HTTP 200, no JSON object"),
        (response("200 OK", PAGE, "application/json"), "HTTP 200, no JSON"),
        (response("200 OK", "[1]", "application/json"), "HTTP 200, no JSON object"),
        (response("200 OK", "{}", "application/json"), "HTTP 200, application/json"),
        (response("200 OK", "", "application/json"), "HTTP 200, application/json"),
        (response("204 No Content", "", "application/json"), "HTTP 204, application/json"),
        (response("200 OK", '{"status": "up"}', "application/json"), "HTTP 200, application/json"),
        (response("200 OK", '{"ok": true}', "application/json"), "names no user"),
        (response("404 Not Found", '{"ok": false, "error": "unknown_method"}', "application/json"), "unknown_method"),
        (response("302 Found", "", more="Location: /login\r\n"), "HTTP 302, a redirect"),
        ("SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "no HTTP"),
    ],
)
async def test_an_address_that_is_no_slack_ends_the_start_with_a_sentence(
    session: aiohttp.ClientSession, answer: str, reason: str
) -> None:
    async with answering(answer) as url:
        with pytest.raises(SettingsError) as refusal:
            await met(session, url)
        told = str(refusal.value)
        assert told.startswith("SLACK_API_URL: what answers there is not Slack's Web API (")
        assert reason in told
        assert "https://slack.com/api/" in told
        assert "xoxb-1" not in told
        with pytest.raises(NotSlack):  # which is an outage for a bot that is running already
            await SlackClient(web_client("xoxb-1", url, session), session).identity()


@pytest.mark.parametrize(
    "answer",
    [
        response("500 Internal Server Error", PAGE),
        response("502 Bad Gateway", PAGE),
        response("503 Service Unavailable", '{"ok": false, "error": "service_unavailable"}', "application/json"),
        response("520 Unknown", "origin error", "text/plain"),
        response("429 Too Many Requests", PAGE, more="Retry-After: 3\r\n"),
        response("408 Request Timeout", PAGE),
        response("200 OK", '{"ok": false}', "application/json"),
        response("200 OK", '{"ok": false, "error": "fatal_error"}', "application/json"),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{",
        "",
    ],
)
async def test_an_outage_is_waited_for(session: aiohttp.ClientSession, answer: str) -> None:
    async with answering(answer) as url:
        with pytest.raises(SlackUnavailable) as outage:
            await met(session, url)
    assert not isinstance(outage.value, NotSlack)


async def test_what_is_certain_is_told_though_the_other_call_fails(session: aiohttp.ClientSession) -> None:
    async with LocalSlack() as slack:
        slack.server_error("auth.test")
        with pytest.raises(SettingsError, match=r"^SLACK_APP_TOKEN: Slack refuses it"):
            await met(session, slack.url, "xapp-wrong")


async def test_a_word_of_slack_s_is_no_reason_to_blame_the_address(session: aiohttp.ClientSession) -> None:
    async with answering(
        response("403 Forbidden", '{"ok": false, "error": "access_denied"}', "application/json")
    ) as url:
        with pytest.raises(SlackRefused, match="access_denied"):
            await SlackClient(web_client("xoxb-1", url, session), session).identity()

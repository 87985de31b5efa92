"""Tests the doctor's Flowise checks over the wire, on the local Flowise and on other servers, without a prediction."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.doctor.findings import Finding, Verdict
from bot.doctor.flowise import Chatflow, flowise, key, version
from bot.flowise.client import new_session
from bot.flowise.limits import Limits
from bot.flowise.refusals import HttpReply
from bot.playground.flowise import LocalFlowise

Rows = dict[str, Finding]
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


async def seen(
    url: str,
    chatflow_id: str = UNKNOWN_ID,
    *,
    key: str | None = None,
    wall: Callable[[], float] = time.time,
    seconds: float = 5.0,
    to_store: bool = False,
) -> Rows:
    limits = Limits(connect=seconds, headers=seconds)
    chatflow = Chatflow(url, chatflow_id, key, limits, files_to_store=to_store)
    async with new_session() as session:
        found = await flowise(session, chatflow, monotonic=time.monotonic, wall=wall)
    return {finding.check: finding for finding in found}


@asynccontextmanager
async def serving(answer: Callable[[web.Request], web.Response | None]) -> AsyncIterator[str]:
    """A server that treats every request alike, never answering if `answer` returns None. Yields its address."""
    ended = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        response = answer(request)
        if response is None:
            await ended.wait()
        return response or web.Response()

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        ended.set()
        await runner.cleanup()


def reply(body: object, status: int = 200) -> HttpReply:
    return HttpReply(status, {}, "application/json", json.dumps(body).encode())


async def test_all_is_well_with_an_open_chatflow() -> None:
    async with LocalFlowise() as local:
        rows = await seen(local.url, local.chatflow_id)
        assert local.predictions == []
    assert {check: finding.state for check, finding in rows.items()} == {
        "server": Verdict.WELL,
        "chatflow": Verdict.WELL,
        "offers": Verdict.WELL,
        "files": Verdict.WELL,
        "key": Verdict.UNKNOWN,
        "clock": Verdict.WELL,
    }
    assert rows["server"].found == "Flowise 3.1.4"


@pytest.mark.parametrize(
    ("offered", "found"),
    [
        ({}, "no ratings, no follow-up prompts and no starter prompts"),
        ({"feedback": True, "follow_ups": True}, "ratings of answers, follow-up prompts"),
        ({"starters": ("What can you do?",)}, "1 starter prompt"),
        ({"starters": ("What can you do?", "When?")}, "2 starter prompts"),
    ],
)
async def test_what_the_flow_offers_is_named(offered: dict[str, Any], found: str) -> None:
    async with LocalFlowise() as local:
        local.configure("plain", **offered)
        rows = await seen(local.url, local.flow("plain"))
    assert rows["offers"].found == found


@pytest.mark.parametrize(
    ("flow", "key", "to_store", "state", "found"),
    [
        (
            "rag",
            None,
            False,
            Verdict.WELL,
            "the flow takes pictures (GIF, JPG, PNG, WEBP); documents (CSV, JSON, MD, PDF, TXT); voice clips",
        ),
        ("blind", None, False, Verdict.WELL, "the flow takes no pictures, documents or voice clips"),
        ("blind", "k", True, Verdict.WARNING, "no pictures, documents or voice clips; its vector store takes none"),
        ("store", "k", True, Verdict.WELL, "the flow takes documents for its vector store (MD, PDF, TXT)"),
        ("store", "k", False, Verdict.WELL, "documents for its vector store only with BOT_FILES_TO_STORE"),
        ("store", None, True, Verdict.WARNING, "documents for its vector store only with BOT_FILES_TO_STORE"),
    ],
)
async def test_which_files_the_flow_takes(
    flow: str, key: str | None, to_store: bool, state: Verdict, found: str
) -> None:
    async with LocalFlowise(api_key=key) as local:
        told = (await seen(local.url, local.flow(flow), key=key, to_store=to_store))["files"]
    assert told.state is state
    assert found in told.found
    assert bool(told.do) is (state is Verdict.WARNING)


async def test_which_files_the_flow_takes_is_unknown_where_it_is_not_told() -> None:
    async with LocalFlowise() as local:
        assert (await seen(local.url))["files"].state is Verdict.UNKNOWN


async def test_how_the_flow_begins_is_told_where_that_matters() -> None:
    async with LocalFlowise() as local:
        form, webhook = [await seen(local.url, local.flow(flow)) for flow in ("order", "webhook")]
    assert form["offers"].found == "a form of 4 fields to begin with"
    assert "start" not in form
    assert webhook["start"].state is Verdict.WRONG
    assert webhook["start"].found == "only a webhook starts the flow"
    assert "Input Type" in webhook["start"].do


async def test_a_good_key_is_not_said_to_be_the_chatflow_s() -> None:
    async with LocalFlowise(api_key="right") as local:
        rows = await seen(local.url, local.chatflow_id, key="right")
        assert local.predictions == []
    assert rows["key"].state is Verdict.UNKNOWN
    assert "only a question shows" in rows["key"].found
    assert "API Endpoint" in rows["key"].do


async def test_a_wrong_key() -> None:
    async with LocalFlowise(api_key="right") as local:
        rows = await seen(local.url, local.chatflow_id, key="wrong")
    assert rows["key"].state is Verdict.WRONG
    assert "bound to the chatflow" in rows["key"].do
    assert rows["chatflow"].state is Verdict.WELL


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        (reply([]), Verdict.UNKNOWN),
        (reply({"error": "Unauthorized Access"}, 401), Verdict.WRONG),
        (reply({"message": "Forbidden"}, 403), Verdict.WARNING),
        (reply({"message": "no"}, 500), Verdict.UNKNOWN),
        (reply({"not": "rows"}), Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_what_an_answer_says_of_the_key(rows: HttpReply | None, state: Verdict) -> None:
    finding = key("given", rows)
    assert finding.state is state
    assert finding.do


async def test_an_unknown_chatflow() -> None:
    async with LocalFlowise() as local:
        rows = await seen(local.url)
    assert rows["chatflow"].state is Verdict.WRONG
    assert "FLOWISE_CHATFLOW_ID" in rows["chatflow"].do
    assert rows["server"].state is Verdict.WELL


async def test_a_chatflow_that_cannot_stream() -> None:
    async with LocalFlowise() as local:
        rows = await seen(local.url, local.flow("json"))
    assert rows["chatflow"].state is Verdict.WARNING
    assert "output parser" in rows["chatflow"].do


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ("3.1.4", Verdict.WELL),
        ("4.0.0-beta.1", Verdict.WELL),
        ("2.2.8", Verdict.WELL),
        ("2.2.7", Verdict.WARNING),
        ("2.10.0", Verdict.WELL),
        ("1.8.4", Verdict.WARNING),
        ("next", Verdict.UNKNOWN),
        (3, Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_versions(told: object, state: Verdict) -> None:
    assert version(reply({"version": told})).state is state


async def test_a_clock_that_is_off() -> None:
    async with LocalFlowise() as local:
        rows = await seen(local.url, local.chatflow_id, wall=lambda: time.time() + 400)
    assert rows["clock"].state is Verdict.WARNING


async def test_nobody_there() -> None:
    [finding] = (await seen("http://localhost:9")).values()
    assert finding.state is Verdict.WRONG
    assert "FLOWISE_URL" in finding.do
    assert "container" in finding.do


def page(_: web.Request) -> web.Response:
    return web.Response(text="<html>Welcome</html>", content_type="text/html")


def elsewhere(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/login"})


def gateway(_: web.Request) -> web.Response:
    return web.Response(status=502, text="Bad Gateway")


def locked(_: web.Request) -> web.Response:
    return web.Response(status=401, headers={"WWW-Authenticate": "Basic"}, text="no")


@pytest.mark.parametrize("answer", [page, elsewhere, locked])
async def test_something_that_is_not_flowise(answer: Callable[[web.Request], web.Response]) -> None:
    async with serving(answer) as url:
        [finding] = (await seen(url, key="right")).values()
    assert finding.state is Verdict.WRONG
    assert "Something other than Flowise answers at FLOWISE_URL" in finding.do
    assert re.search("login|name and password", finding.found)


def test_a_key_of_another_workspace_of_flowise() -> None:
    finding = key("theirs", reply({"message": "Error: Unauthorized access"}, 500))
    assert finding.state is Verdict.WRONG
    assert "another workspace of Flowise" in finding.found


async def test_a_proxy_without_a_server_behind_it() -> None:
    async with serving(gateway) as url:
        [finding] = (await seen(url, key="right")).values()
    assert finding.state is Verdict.WRONG
    assert "502" in finding.found
    assert "FLOWISE_URL" in finding.do


async def test_a_server_that_takes_connections_and_keeps_silent() -> None:
    async with serving(lambda _: None) as url:
        [finding] = (await seen(url, seconds=0.1)).values()
    assert finding.state is Verdict.WRONG
    assert "no answer" in finding.found


async def test_a_server_that_cuts_the_connection() -> None:
    def cut(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with serving(cut) as url:
        [finding] = (await seen(url)).values()
    assert finding.state is Verdict.WRONG


async def test_a_server_without_the_probe_is_not_claimed_to_have_the_chatflow() -> None:
    def old(request: web.Request) -> web.Response:
        if request.path == "/api/v1/ping":
            return web.Response(text="pong")
        if request.path == "/api/v1/version":
            return web.json_response({"version": "1.8.4"})
        return web.Response(status=404)

    async with serving(old) as url:
        rows = await seen(url)
    assert rows["server"].state is Verdict.WARNING
    assert rows["chatflow"].state is Verdict.UNKNOWN

"""The text of one stored answer, read from a row that may hold a whole run with its prompts."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

import pytest

from bot.errors import FlowiseError, KeyRefused
from bot.flowise import api
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, Metadata, SourceDocument, SourceDocuments, Token, UsedTools
from bot.flowise.prediction import Prediction
from bot.records.thread import Expected

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import Answer, MakeClient, Server

FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"
ROWS = "/api/v1/chatmessage/"
SECRET = "you-are-a-pirate"
FILE = "/api/v1/get-upload-file?chatflowId=1&chatId=2&fileName=table.csv&download=true"


def row(content: object, **more: object) -> dict[str, object]:
    run = {"executionData": json.dumps([{"input": {"messages": [{"role": "system", "content": SECRET}]}}])}
    return {
        "id": "m",
        "role": "apiMessage",
        "content": content,
        "execution": run,
        "usedTools": [{"tool": SECRET}],
        **more,
    }


async def test_it_is_the_content_of_the_row_that_is_asked_for(server: Server, make_client: MakeClient) -> None:
    rows = [row("another", id="n"), row("the question", role="userMessage"), row("Tool said: 42. \u2028😀")]
    server.on("GET", ROWS, server.json(rows))
    assert await make_client(key="k").stored_text("chat/1", "m") == "Tool said: 42. \u2028😀"
    [request] = server.requests
    assert request.target == f"{ROWS}{FLOW}?chatId=chat/1&messageId=m"
    assert request.headers["authorization"] == "Bearer k"


async def test_half_an_emoji_is_no_fault(server: Server, make_client: MakeClient) -> None:
    body = json.dumps([row("x")]).replace('"x"', '"a \\ud83d"')
    server.on("GET", ROWS, server.page(200, "application/json", body))
    assert await make_client(key="k").stored_text("c", "m") == "a \ufffd"


@pytest.mark.parametrize(
    "content",
    [None, "", '{"text":""}', '{"sourceDocuments":[{"pageContent":"words"}]}'],
    ids=["null", "empty", "no text", "only sources"],
)
async def test_an_answer_without_text_has_none(content: object, server: Server, make_client: MakeClient) -> None:
    server.on("GET", ROWS, server.json([row(content)]))
    assert await make_client(key="k").stored_text("c", "m") == ""


def padded(size: int) -> str:
    """The JSON of a row of so many bytes."""
    empty = json.dumps([row("whole", execution="")])
    return json.dumps([row("whole", execution="x" * (size - len(empty)))])


MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(("size", "text"), [(MEGABYTE, "whole"), (MEGABYTE + 1, "")])
async def test_a_row_of_more_than_a_megabyte_is_not_read(
    size: int, text: str, server: Server, make_client: MakeClient
) -> None:
    assert len(padded(size)) == size
    server.on("GET", ROWS, server.page(200, "application/json", padded(size)))
    # The limit on what Flowise streams is another one.
    assert await make_client(key="k", limits=Limits(frame_bytes=1000)).stored_text("c", "m") == text


def unreadable(server: Server) -> dict[str, Answer]:
    row_of_html = server.page(200, "text/html", json.dumps([row("words")]).replace("]", ""))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
    return {
        "no JSON": server.page(200, "application/json", f"{SECRET} words"),
        "half of it": server.page(200, "application/json", json.dumps([row("words")])[:-20]),
        "no rows": server.json({"content": SECRET}),
        "a row that is none": server.json([SECRET]),
        "content of another kind": server.json([row({"text": SECRET})]),
        "other rows": server.json([row("words", id="n"), row("words", role="userMessage")]),
        "none": server.json([]),
        "a web page": row_of_html,
        "refused": server.json({"error": "Unauthorized Access"}, 401),
        "a fault": server.json({"message": "SQLITE_BUSY"}, 500),
        "a redirect": server.page(302, "application/json", "[]", Location="/elsewhere"),
        "closed": server.silence("close"),
        "closed in the middle": server.silence("close", (head, json.dumps([row("words")]).encode())),
    }


async def test_what_cannot_be_read_is_no_text(
    server: Server, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name, answer in unreadable(server).items():
        server.on("GET", ROWS, answer)
        assert await make_client(key="the-key").stored_text("c", "m") == "", name
    assert len([line for line in caplog.records if line.message.startswith("stored text not read")]) >= 8
    for leak in (SECRET, "the-key", "words"):
        assert leak not in caplog.text


async def test_the_documents_of_the_row_are_all_that_is_read_of_it(server: Server, make_client: MakeClient) -> None:
    found = [{"pageContent": f"See {server.url}{FILE}", "metadata": {"title": "Policy"}}]
    for stored in (found, json.dumps(found)):
        server.on("GET", ROWS, server.json([row("x", id="n"), row("x", sourceDocuments=stored)]))
        sources = await make_client(key="k").stored_sources("c", "m")
        assert sources == SourceDocuments((SourceDocument("Policy"),))
        assert sources is not None
        assert sources.passages == ("See table.csv",)  # without Flowise's own address
    for nothing in (None, "no JSON", {"a": 1}):
        server.on("GET", ROWS, server.json([row("x", sourceDocuments=nothing)]))
        assert await make_client(key="k").stored_sources("c", "m") is None


async def test_documents_that_cannot_be_read_are_told_apart_from_none(server: Server, make_client: MakeClient) -> None:
    for name in ("a web page", "refused", "a fault", "closed", "half of it"):
        server.on("GET", ROWS, unreadable(server)[name])
        with pytest.raises(FlowiseError) as failure:
            await make_client(key="the-key").stored_sources("c", "m")
        assert "the-key" not in str(failure.value)
    with pytest.raises(KeyRefused):
        await make_client().stored_sources("c", "m")


async def test_nothing_is_asked_without_a_key_and_nobody_may_be_there(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int, make_client: MakeClient
) -> None:
    assert await make_client().stored_text("c", "m") == ""
    assert server.requests == []
    nobody = Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, "k", Limits())
    assert await nobody.stored_text("c", "m") == ""


@pytest.mark.parametrize("sent", [(), (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[",)])
async def test_it_takes_three_seconds_at_most(
    sent: tuple[bytes, ...], server: Server, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("GET", ROWS, server.silence(sent=sent))
    monkeypatch.setattr("bot.flowise.api._ENDING", 0.1)
    began = time.monotonic()
    assert await make_client(key="k").stored_text("c", "m") == ""
    assert time.monotonic() - began < 3
    await server.was_left()


def test_the_time_that_an_ending_waits_is_three_seconds() -> None:
    assert api._ENDING == 3.0


async def test_flowises_own_addresses_are_in_no_answer(server: Server, make_client: MakeClient) -> None:
    link = f"[it]({server.url}{FILE}) or {server.url}{FILE}"
    server.on("GET", ROWS, server.json([row(link, createdDate="2026-11-22T17:04:21.633Z")]))
    client, without = make_client(key="k"), "[it](sandbox:/table.csv) or table.csv"
    assert await client.stored_text("c", "m") == without
    assert await client.stored_answer("c", Expected(None, "")) == (
        Token(without),
        UsedTools((SECRET,)),
        Metadata("c", "m"),
    )
    for answer in (
        server.events(*(("token", part) for part in link.partition("?")), ("end", "[DONE]")),
        server.json({"text": link, "chatId": "c"}),
    ):
        server.predicts(answer)
        events = [event async for event in client.predict(Prediction("?", "c"))]
        assert "".join(event.text for event in events if isinstance(event, Token)) == without


async def test_the_end_says_whether_the_stored_text_may_be_another(server: Server, make_client: MakeClient) -> None:
    tool = ("usedTools", [{"tool": "search"}])
    ids = ("metadata", {"chatId": "c", "chatMessageId": "m"})
    server.predicts(
        server.events(("token", "Hello"), ids, ("end", "[DONE]")),
        server.events(("token", "Hello"), tool, ids, ("end", "[DONE]")),
    )
    client = make_client()
    plain = [event async for event in client.predict(Prediction("?", "c"))]
    assert plain == [Token("Hello"), Metadata("c", "m"), End()]
    used = [event async for event in client.predict(Prediction("?", "c"))]
    assert used[-1] == End(text_may_differ=True)

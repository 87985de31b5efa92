"""The small requests: the probe, the abort, the stored turns, the check."""

from __future__ import annotations

import asyncio
import json
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, SourceDocument, SourceDocuments, Token
from bot.playground.flowise import LocalFlowise, Script
from bot.ports import Prediction

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import MakeClient, Server

FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"
SERVICE = "chatMessagesService.getAllChatMessages"


def row(role: str, content: str, created: str = "2026-11-22T17:04:21.633Z") -> dict[str, object]:
    return {"id": "m", "role": role, "content": content, "createdDate": created}


async def test_the_probe_is_kept_for_a_minute(server: Server, make_client: MakeClient) -> None:
    now = 1000.0
    server.predicts(server.events(("token", "Hello"), ("end", "[DONE]")))
    client = make_client(clock=lambda: now)

    async def probes_after(later: float) -> int:
        nonlocal now
        now = later
        assert [event async for event in client.predict(Prediction("?", "c"))] == [Token("Hello"), End()]
        return sum("chatflows-streaming" in request.target for request in server.requests)

    assert [await probes_after(later) for later in (1000, 1059, 1060, 1061, 1121)] == [1, 1, 2, 2, 3]


async def test_the_abort(server: Server, make_client: MakeClient) -> None:
    server.on("PUT", "/api/v1/chatmessage/abort/", server.json({"status": 200, "message": "Chat message aborted"}))
    assert await make_client(key="k").abort("chat/1")
    [request] = server.requests
    assert (request.method, request.target) == ("PUT", f"/api/v1/chatmessage/abort/{FLOW}/chat%2F1")


async def test_an_abort_that_does_not_arrive_is_no_error(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int, make_client: MakeClient
) -> None:
    assert not await Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, None, Limits()).abort("c")
    assert not await make_client().abort("c")
    server.on("PUT", "/", server.silence())
    assert not await make_client(limits=Limits(headers=0.1)).abort("c")


async def test_what_was_stored_since(server: Server, make_client: MakeClient) -> None:
    asked_at = datetime(2026, 11, 22, 17, 4, 21, 600_000, tzinfo=UTC).timestamp()
    rows = [row("userMessage", "?", "2026-11-22T17:04:30.000Z"), row("apiMessage", "!", "2026-11-22T17:04:21.633Z")]
    server.on("GET", "/api/v1/chatmessage/", server.json(rows))
    client = make_client(key="k")
    assert await client.stored_since("c", asked_at - 2)
    # A Date header has whole seconds, so what is less than a second younger proves nothing.
    assert not await client.stored_since("c", asked_at + 0.1)
    assert server.requests[-1].target == f"/api/v1/chatmessage/{FLOW}?chatId=c"


@pytest.mark.parametrize("created", ["", "yesterday", "2099-01-01", "2099-01-01T00:00:00", None, 5])
async def test_a_row_without_a_readable_date_proves_nothing(
    created: object, server: Server, make_client: MakeClient
) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.json([{"role": "apiMessage", "createdDate": created}, None]))
    assert not await make_client(key="k").stored_since("c", 1.0)


async def test_what_was_stored_cannot_be_known_without_a_key_or_an_answer(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int, make_client: MakeClient
) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.json([row("apiMessage", "!")]))
    assert not await make_client().stored_since("c", 0)
    assert server.requests == []
    assert not await Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, "k", Limits()).stored_since("c", 0)


ASKED_AT = datetime(2026, 11, 22, 17, 4, 21, 600_000, tzinfo=UTC).timestamp()


def turn(number: int, asked: str, answered: str, question: str = "?") -> list[dict[str, object]]:
    """The two rows of a turn, dated by the seconds after 17:04 at which it was asked and answered."""
    return [
        row("userMessage", question, f"2026-11-22T17:04:{asked}Z"),
        row("apiMessage", f"answer {number}", f"2026-11-22T17:04:{answered}Z"),
    ]


STORED: list[tuple[str, list[dict[str, object]], str | None, str | None]] = [
    ("nothing", [], "?", None),
    ("only earlier turns", turn(1, "10.000", "20.000"), "?", None),
    ("the turn of the question", turn(1, "21.650", "25.000"), None, "answer 1"),
    ("the first of several", [*turn(2, "40.000", "44.000"), *turn(1, "21.650", "25.000")], None, "answer 1"),
    # The clocks may differ by a second, so that it could be an earlier turn's.
    ("an answer within a second, by time alone", turn(1, "21.650", "22.000"), None, None),
    ("an answer within a second, by its question", turn(1, "21.650", "22.000"), "?", "answer 1"),
    ("a quick turn before it", [*turn(1, "21.000", "21.550"), *turn(2, "21.650", "22.000")], "?", "answer 2"),
    ("a quick turn of another question", turn(1, "21.650", "22.000", "other"), "?", None),
    # Flowise may store a question in other words: those of a form, of a recording.
    ("a slow turn of other words", turn(1, "21.650", "25.000", "other"), "?", "answer 1"),
    ("an earlier run of the same words that ended late", turn(1, "21.000", "22.000"), "?", None),
]


@pytest.mark.parametrize(("rows", "question", "text"), [case[1:] for case in STORED], ids=[case[0] for case in STORED])
async def test_the_stored_answer_is_that_of_the_run(
    rows: list[dict[str, object]], question: str | None, text: str | None, server: Server, make_client: MakeClient
) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.json(rows))
    stored = await make_client(key="k").stored_answer("c", ASKED_AT, question=question)
    assert stored == (None if text is None else (Token(text),))


async def test_the_servers_clock_may_be_wrong(server: Server, make_client: MakeClient) -> None:
    """It is an hour ahead: 18:04:30 by its Date when it is 17:04:30 here."""
    rows = json.dumps(
        [row("apiMessage", "early", "2026-11-22T18:04:21.000Z"), row("apiMessage", "!", "2026-11-22T18:04:25Z")]
    )
    date = {"Date": "Sun, 22 Nov 2026 18:04:30 GMT"}
    server.on("GET", "/api/v1/chatmessage/", server.page(200, "application/json", rows, **date))
    client = make_client(key="k", wall=lambda: ASKED_AT + 8.4)
    assert await client.stored_answer("c", ASKED_AT) == (Token("!"),)


UNKNOWN: list[tuple[int, str, str, type[errors.FlowiseError]]] = [
    (401, "application/json", '{"error":"Unauthorized Access"}', errors.KeyRefused),
    (403, "application/json", '{"message":"Forbidden"}', errors.KeyRefused),
    (500, "application/json", f'{{"message":"Error: {SERVICE} - Unauthorized access"}}', errors.KeyRefused),
    (500, "application/json", f'{{"message":"Error: {SERVICE} - SQLITE_BUSY"}}', errors.FlowiseUnreachable),
    (502, "text/html", "<html>Bad gateway</html>", errors.FlowiseUnreachable),
    (200, "text/html", "<html>Flowise</html>", errors.FlowiseUnreachable),
    (200, "application/json", "{}", errors.FlowiseUnreachable),
    (200, "application/json", "[" + "1," * 600 + "1]", errors.FlowiseBroke),
]


@pytest.mark.parametrize(("status", "content_type", "body", "kind"), UNKNOWN)
async def test_a_stored_answer_that_cannot_be_known(
    status: int, content_type: str, body: str, kind: type[errors.FlowiseError], server: Server, make_client: MakeClient
) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.page(status, content_type, body))
    with pytest.raises(kind) as raised:
        await make_client(key="k", limits=Limits(frame_bytes=1000)).stored_answer("c", 0)
    assert type(raised.value) is kind


async def test_a_stored_answer_needs_a_key_and_a_server(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int, make_client: MakeClient
) -> None:
    with pytest.raises(errors.KeyRefused):
        await make_client().stored_answer("c", 0)
    assert server.requests == []
    with pytest.raises(errors.FlowiseUnreachable):
        await Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, "k", Limits()).stored_answer("c", 0)
    server.on("GET", "/api/v1/chatmessage/", server.silence())
    with pytest.raises(errors.FlowiseSlow):
        await make_client(key="k", limits=Limits(headers=0.05)).stored_answer("c", 0)


@pytest.mark.parametrize("flow", ["plain", "json"])
async def test_a_run_that_was_left_is_read_back(flow: str, session: aiohttp.ClientSession) -> None:
    """The local Flowise goes on when its client leaves, and stores the turn, as the real one does."""
    async with LocalFlowise(api_key="k", tokens_per_second=math.inf) as flowise:
        written = asyncio.Event()
        flowise.script(
            flow, Script(tokens=("All ", "of it"), source_documents=[{"metadata": {"title": "A"}}], hold=written)
        )
        client = Client(session, flowise.url, flowise.flow(flow), "k", Limits())
        asked_at = time.time()
        asking = asyncio.ensure_future(anext(client.predict(Prediction("Who?", "c"))))
        for _ in range(1000):
            if flowise.predictions:
                break
            await asyncio.sleep(0.005)
        asking.cancel()
        await flowise.predictions[0].gone()
        assert await client.stored_answer("c", asked_at, question="Who?") is None
        written.set()
        await flowise.predictions[0].over()
        stored = await client.stored_answer("c", asked_at, question="Who?")
        assert stored == (Token("All of it"), SourceDocuments((SourceDocument("A"),)))


async def test_the_check(server: Server, make_client: MakeClient) -> None:
    await make_client().check()
    server.probes(server.page(404, "text/html", "<html>"))
    with pytest.raises(errors.NotFlowise):
        await make_client().check()
    server.on("GET", "/api/v1/ping", server.page(200, "text/html", "pong"))
    await make_client().check()
    assert server.posts == []


async def test_the_check_finds_a_proxy_without_a_flowise(server: Server, make_client: MakeClient) -> None:
    bad_gateway = server.page(502, "text/html", "<html>Bad gateway")
    server.probes(bad_gateway)
    server.on("GET", "/api/v1/ping", bad_gateway)
    with pytest.raises(errors.FlowiseUnreachable):
        await make_client().check()


async def test_the_check_finds_a_server_that_says_nothing(server: Server, make_client: MakeClient) -> None:
    server.probes(server.silence())
    server.on("GET", "/api/v1/ping", server.silence())
    with pytest.raises(errors.FlowiseSlow):
        await make_client(limits=Limits(headers=0.05)).check()


async def test_the_check_finds_nobody(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    with pytest.raises(errors.FlowiseUnreachable):
        await Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, None, Limits()).check()

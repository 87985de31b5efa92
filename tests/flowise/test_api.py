"""The small requests: the probe, the abort, the stored turns, the check."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, SourceDocument, SourceDocuments, Token
from bot.flowise.prediction import Prediction
from bot.playground.flowise import LocalFlowise, Script
from bot.records.thread import Expected

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import MakeClient, Server

FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"
SERVICE = "chatMessagesService.getAllChatMessages"
ANY = Expected(None, "")


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


def turn(number: int, asked: str, answered: str = "", question: str = "?") -> list[dict[str, object]]:
    """The two rows of a turn, dated by the seconds after 17:04 at which it was asked and answered."""
    rows = [row("userMessage", question, f"2026-11-22T17:04:{asked}Z") | {"id": f"question {number}"}]
    if answered:
        rows.append(row("apiMessage", f"answer {number}", f"2026-11-22T17:04:{answered}Z") | {"id": f"row {number}"})
    return rows


EARLIER = turn(1, "01.000", "02.000")

STORED: list[tuple[str, list[dict[str, object]], Expected, str | None]] = [
    ("nothing", [], Expected("?", ""), None),
    ("the first turn of a chat", turn(1, "21.650", "21.651"), Expected("?", ""), "answer 1"),
    ("only an earlier turn of the same words", EARLIER, Expected("?", "row 1"), None),
    ("behind it", [*turn(2, "03.000", "04.000"), *EARLIER], Expected("?", "row 1"), "answer 2"),
    ("nobody knows what was there before", turn(2, "03.000", "04.000"), Expected("?", "row 1"), None),
    (
        "what was there before has no answer",
        turn(1, "01.0") + turn(2, "03.0", "04.0"),
        Expected("?", "question 1"),
        "answer 2",
    ),
    ("a turn of other words", turn(1, "21.650", "25.000", "other"), Expected("?", ""), None),
    ("white space", turn(1, "21.650", "25.000", " why\r\nso "), Expected("why\nso", ""), "answer 1"),
    ("a blank", turn(1, "21.650", "25.000", " "), Expected("", ""), "answer 1"),
    ("not answered yet", turn(1, "21.650"), Expected("?", ""), None),
    (
        "another turn in Flowise itself",
        turn(1, "1.0", "2.0", "other") + turn(2, "3.0", "4.0"),
        Expected("?", ""),
        "answer 2",
    ),
    ("a run of other words ends late", turn(1, "1.0", "5.0", "other") + turn(2, "2.0", "4.0"), Expected("?", ""), None),
    ("and before it", turn(1, "1.0", "4.0", "other") + turn(2, "2.0"), Expected("?", ""), None),
    (
        "a decision, whatever its words",
        [*EARLIER, *turn(2, "3.0", "4.0", "do it")],
        Expected(None, "row 1"),
        "answer 2",
    ),
    ("no decision yet", EARLIER, Expected(None, "row 1"), None),
]


@pytest.mark.parametrize(("rows", "expected", "text"), [case[1:] for case in STORED], ids=[case[0] for case in STORED])
async def test_the_stored_answer_is_that_of_the_turn(
    rows: list[dict[str, object]], expected: Expected, text: str | None, server: Server, make_client: MakeClient
) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.json(rows))
    client = make_client(key="k")
    stored = await client.stored_answer("c", expected)
    assert (None if stored is None else stored[:-1]) == (None if text is None else (Token(text),))
    assert await client.has_stored("c", expected) == (text is not None)
    assert server.requests[-1].target == f"/api/v1/chatmessage/{FLOW}?chatId=c"


@pytest.mark.parametrize(
    "broken", [None, {"role": "apiMessage"}, {"id": 5, "createdDate": "x"}, {"id": "x", "createdDate": 5}]
)
async def test_a_row_that_cannot_be_read_is_none(broken: object, server: Server, make_client: MakeClient) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.json([*EARLIER, broken]))
    assert await make_client(key="k").newest_stored("c") == "row 1"
    server.on("GET", "/api/v1/chatmessage/", server.json([broken]))
    assert await make_client(key="k").newest_stored("c") == ""
    assert not await make_client(key="k").has_stored("c", Expected(None, ""))


async def test_what_is_stored_cannot_be_known_without_a_key_or_an_answer(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int, make_client: MakeClient
) -> None:
    server.on("GET", "/api/v1/chatmessage/", server.json(EARLIER))
    assert not await make_client().has_stored("c", ANY)
    assert await make_client().newest_stored("c") is None
    assert server.requests == []
    nobody = Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, "k", Limits())
    assert not await nobody.has_stored("c", ANY)
    assert await nobody.newest_stored("c") is None
    server.on("GET", "/api/v1/chatmessage/", server.silence())
    assert await make_client(key="k", limits=Limits(headers=0.05)).newest_stored("c") is None


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
        await make_client(key="k", limits=Limits(frame_bytes=1000)).stored_answer("c", ANY)
    assert type(raised.value) is kind


async def test_a_stored_answer_needs_a_key_and_a_server(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int, make_client: MakeClient
) -> None:
    with pytest.raises(errors.KeyRefused):
        await make_client().stored_answer("c", ANY)
    assert server.requests == []
    with pytest.raises(errors.FlowiseUnreachable):
        await Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, "k", Limits()).stored_answer("c", ANY)
    server.on("GET", "/api/v1/chatmessage/", server.silence())
    with pytest.raises(errors.FlowiseSlow):
        await make_client(key="k", limits=Limits(headers=0.05)).stored_answer("c", ANY)


@pytest.mark.parametrize("flow", ["plain", "json"])
@pytest.mark.parametrize("jump", [-3600.0, -6.0, 0.0, 3600.0])
async def test_a_run_that_was_left_is_read_back(flow: str, jump: float, session: aiohttp.ClientSession) -> None:
    """The local Flowise goes on when its client leaves, and stores the turn, as the real one does. The same was asked
    and answered before, and then Flowise's clock was set."""
    ahead = 0.0
    async with LocalFlowise(api_key="k", tokens_per_second=math.inf, wall=lambda: time.time() + ahead) as flowise:
        written = asyncio.Event()
        client = Client(session, flowise.url, flowise.flow(flow), "k", Limits())
        flowise.script(flow, Script(tokens=("The first",)))
        assert [event async for event in client.predict(Prediction("Who?", "c"))][-1] == End()
        ahead += jump
        expected = Expected("Who?", await client.newest_stored("c") or "")
        documents = [{"metadata": {"title": "A"}}]
        flowise.script(flow, Script(tokens=("All ", "of it"), source_documents=documents, hold=written))
        asking = asyncio.ensure_future(anext(client.predict(Prediction("Who?", "c"))))
        for _ in range(1000):
            if len(flowise.predictions) > 1:
                break
            await asyncio.sleep(0.005)
        asking.cancel()
        await flowise.predictions[1].gone()
        assert await client.stored_answer("c", expected) is None
        written.set()
        await flowise.predictions[1].over()
        stored = await client.stored_answer("c", expected)
        # Set back, its rows are older than those before: then nobody knows.
        assert (stored is None) is (jump < 0)
        if stored is not None:
            assert stored[:-1] == (Token("All of it"), SourceDocuments((SourceDocument("A"),)))


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

"""The small requests: the probe, the abort, the stored turns, the check."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, Token
from bot.ports import Prediction

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import MakeClient, Server

FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"


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


async def test_the_check(server: Server, make_client: MakeClient) -> None:
    await make_client().check()
    server.probes(server.page(404, "text/html", "<html>"))
    with pytest.raises(errors.NotFlowise):
        await make_client().check()
    server.on("GET", "/api/v1/ping", server.page(200, "text/html", "pong"))
    await make_client().check()
    assert server.posts == []


async def test_the_check_finds_nobody(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    with pytest.raises(errors.FlowiseUnreachable):
        await Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, None, Limits()).check()

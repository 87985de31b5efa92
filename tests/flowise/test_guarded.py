"""Tests the circuit breaker over real sockets: what counts as a failure, who probes, and who is refused at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.conversation.guarded import Guarded
from bot.errors import FlowiseResting, RunState
from bot.flowise.breaker import FAILURES, FIRST_REST, PROBE_SECONDS
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, Event, Metadata, Token
from bot.flowise.prediction import Prediction
from bot.ports.flowise import Flowise
from bot.records.thread import Expected

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import Answer, MakeClient, Server

FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def guarded(client: Client, clock: Clock | None = None, probe_seconds: float = PROBE_SECONDS) -> Guarded:
    return Guarded(client, client.check, clock or Clock(), probe_seconds)


async def asked(flowise: Flowise) -> list[Event]:
    return [event async for event in flowise.predict(Prediction("?", "c"))]


async def failures(flowise: Flowise, times: int = FAILURES) -> list[type[errors.FlowiseError]]:
    kinds: list[type[errors.FlowiseError]] = []
    for _ in range(times):
        with pytest.raises(errors.FlowiseError) as failed:
            await asked(flowise)
        kinds.append(failed.type)
    return kinds


def hello(server: Server) -> Answer:
    return server.events(("token", "Hello"), ("end", "[DONE]"))


async def test_without_a_server_questions_get_their_sentence_at_once(
    session: aiohttp.ClientSession, unused_tcp_port: int
) -> None:
    client = Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, None, Limits(refused_pause=0))
    flowise = guarded(client)
    assert await failures(flowise, FAILURES + 1) == [errors.FlowiseUnreachable] * FAILURES + [FlowiseResting]
    assert flowise.state() == "resting for 15 s: no connection"
    with pytest.raises(FlowiseResting) as rests:
        await asked(flowise)
    assert (rests.value.retry_after, rests.value.run) == (FIRST_REST, RunState.NOT_STARTED)


async def test_while_it_rests_nothing_is_asked_and_then_one_probe(server: Server, make_client: MakeClient) -> None:
    clock = Clock()
    flowise = guarded(make_client(), clock)
    server.predicts(server.page(502, "text/html", "<html>Bad gateway"))
    assert await failures(flowise) == [errors.FlowiseUnreachable] * FAILURES
    assert (flowise.resting, flowise.state()) == (True, "resting for 15 s: server errors")
    server.requests.clear()
    assert await failures(flowise) == [FlowiseResting] * FAILURES
    assert server.requests == []

    clock.now = FIRST_REST
    server.predicts(hello(server))
    assert await asked(flowise) == [Token("Hello"), End()]
    assert [request.method for request in server.requests] == ["GET", "POST"]
    assert (flowise.resting, flowise.state()) == (False, "ok")


async def test_others_do_not_wait_for_the_probe(server: Server, make_client: MakeClient) -> None:
    clock = Clock()
    flowise = guarded(make_client(), clock)
    server.predicts(server.silence("close"), server.silence("close"), server.silence("close"), hello(server))
    assert await failures(flowise) == [errors.FlowiseBroke] * FAILURES
    clock.now = FIRST_REST
    results = await asyncio.gather(*(asked(flowise) for _ in range(5)), return_exceptions=True)
    resting = [result for result in results if isinstance(result, FlowiseResting)]
    assert [error.retry_after for error in resting] == [PROBE_SECONDS] * 4
    assert results[0] == [Token("Hello"), End()]


@pytest.mark.parametrize(
    ("status", "body"), [(502, "<html>Bad gateway"), (503, "<html>No upstream"), (504, "<html>Time-out")]
)
async def test_a_probe_that_finds_nobody_makes_the_rest_longer(
    status: int, body: str, server: Server, make_client: MakeClient
) -> None:
    clock = Clock()
    flowise = guarded(make_client(), clock)
    server.predicts(server.page(status, "text/html", body))
    await failures(flowise)
    server.probes(server.page(status, "text/html", body))
    server.on("GET", "/api/v1/ping", server.page(status, "text/html", body))
    clock.now = FIRST_REST
    with pytest.raises(FlowiseResting) as rests:
        await asked(flowise)
    assert rests.value.retry_after == 2 * FIRST_REST
    assert len(server.posts) == FAILURES


async def test_a_server_that_takes_connections_and_is_silent(server: Server, make_client: MakeClient) -> None:
    clock = Clock()
    flowise = guarded(make_client(limits=Limits(headers=0.05)), clock)
    server.predicts(server.silence())
    assert await failures(flowise) == [errors.FlowiseSlow] * FAILURES
    assert flowise.state() == "resting for 15 s: no answer in time"
    server.probes(server.silence())
    server.on("GET", "/api/v1/ping", server.silence())
    clock.now = FIRST_REST
    assert await failures(flowise, 1) == [FlowiseResting]
    assert flowise.state() == "resting for 30 s: no answer in time"


async def test_a_server_that_answers_probes_alone_rests_again_after_one_question(
    server: Server, make_client: MakeClient
) -> None:
    clock = Clock()
    flowise = guarded(make_client(limits=Limits(headers=0.05)), clock)
    server.predicts(server.silence())
    await failures(flowise)
    clock.now = FIRST_REST
    assert await failures(flowise, 2) == [errors.FlowiseSlow, FlowiseResting]
    assert flowise.state() == "resting for 30 s: no answer in time"


async def test_a_probe_that_is_left_holds_nobody_up(server: Server, make_client: MakeClient) -> None:
    clock = Clock()
    flowise = guarded(make_client(), clock)
    server.predicts(server.silence("close"), server.silence("close"), server.silence("close"), hello(server))
    await failures(flowise)
    clock.now = FIRST_REST
    server.probes(server.silence())
    prober = asyncio.ensure_future(asked(flowise))
    await asyncio.sleep(0)
    assert await failures(flowise, 1) == [FlowiseResting]
    prober.cancel()
    await asyncio.wait([prober])
    server.probes(server.json({"isStreaming": True}))
    assert await asked(flowise) == [Token("Hello"), End()]


async def test_a_probe_is_waited_for_shortly(server: Server, make_client: MakeClient) -> None:
    clock = Clock()
    flowise = guarded(make_client(), clock, probe_seconds=0.05)
    server.predicts(server.silence("close"))
    await failures(flowise)
    server.probes(server.silence())
    clock.now = FIRST_REST
    assert await failures(flowise, 1) == [FlowiseResting]
    assert flowise.state() == "resting for 30 s: no answer to a probe"


UNCOUNTED = [
    "flow error",
    "key",
    "rate limit",
    "chatflow",
    "no Flowise",
    "too large",
    "broken after a token",
    "slow flow",
]


@pytest.mark.parametrize("case", UNCOUNTED)
async def test_what_is_not_the_servers_failure_is_not_counted(
    case: str, server: Server, make_client: MakeClient
) -> None:
    refused = "Error: predictionsServices.buildChatflow - "
    answers = {
        "flow error": server.events(("error", refused + "boom"), ("end", "[DONE]")),
        "key": server.events(("error", refused + "Unauthorized"), ("end", "[DONE]")),
        "rate limit": server.page(429, "text/html", "slow down", Retry_After="60"),
        "chatflow": server.json({"message": "Chatflow x not found in the database!"}, 404),
        "no Flowise": server.page(200, "text/html", "<html>"),
        "too large": server.page(413, "text/html", "<html>"),
        "broken after a token": server.events(("token", "a"), then="close"),
        "slow flow": server.stream(b":heartbeat\n\n", then="hang"),
    }
    server.predicts(answers[case])
    flowise = guarded(make_client(limits=Limits(events=0.05)))
    assert FlowiseResting not in await failures(flowise, FAILURES + 1)
    assert flowise.state() == "ok"


async def test_an_answer_that_broke_off_is_none_of_the_failures_in_a_row(
    server: Server, make_client: MakeClient
) -> None:
    server.predicts(server.events(("token", "a"), then="close"), server.silence("close"))
    flowise = guarded(make_client())
    await failures(flowise, FAILURES)
    assert not flowise.resting
    await failures(flowise, 1)
    assert flowise.resting


async def test_what_is_stored_is_asked_for_in_a_rest_too(server: Server, make_client: MakeClient) -> None:
    flowise = guarded(make_client(key="k"))
    server.predicts(server.silence("close"))
    await failures(flowise)
    row = {"id": "a", "role": "apiMessage", "content": "!", "createdDate": "2026-11-22T17:04:21.633Z"}
    decided = Expected(None, "")
    server.on("GET", "/api/v1/chatmessage/", server.json([row]))
    server.on("PUT", "/api/v1/chatmessage/abort/", server.json({}))
    assert await flowise.stored_answer("c", decided) == (Token("!"), Metadata("c", "a"))
    assert await flowise.has_stored("c", decided)
    assert await flowise.newest_stored("c") == "a"
    assert await flowise.abort("c")
    assert flowise.resting

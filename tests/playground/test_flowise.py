"""The local Flowise over real sockets: its memory, its oddities, its end."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import aiohttp
import pytest

from bot.playground.flowise import OFFERED, LocalFlowise, Offer, Script
from bot.playground.flowise.model import ASSISTANT, USER

UNKNOWN = "00000000-0000-4000-8000-000000000000"
Events = list[tuple[str, Any]]


class Person:
    """A plain HTTP client of one server."""

    def __init__(self, server: LocalFlowise, http: aiohttp.ClientSession) -> None:
        self.server = server
        self.http = http

    def post(self, flow: str, question: str = "?", chat: str = "a", **more: object) -> Any:
        body = {"question": question, "chatId": chat, "streaming": True} | more
        known = self.server.flow(flow) if "-" not in flow else flow
        return self.http.post(f"{self.server.url}/api/v1/prediction/{known}", json=body)

    async def ask(self, flow: str, question: str = "?", chat: str = "a", **more: object) -> Events:
        async with self.post(flow, question, chat, **more) as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/event-stream"
            return events(await response.read())

    async def get(self, path: str, **headers: str) -> tuple[int, str, str]:
        async with self.http.get(f"{self.server.url}{path}", headers=headers) as response:
            return response.status, response.content_type, await response.text()

    async def abort(self, flow: str, chat: str) -> dict[str, object]:
        path = f"/api/v1/chatmessage/abort/{self.server.flow(flow)}/{chat}"
        async with self.http.put(f"{self.server.url}{path}") as response:
            assert response.status == 200
            answer: dict[str, object] = await response.json()
            return answer


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


@pytest.fixture
async def person(http: aiohttp.ClientSession) -> AsyncIterator[Person]:
    """Somebody at a fast, open server."""
    async with LocalFlowise(tokens_per_second=math.inf, heartbeat=0) as server:
        yield Person(server, http)


def events(body: bytes) -> Events:
    frames = [frame for frame in body.decode().split("\n\n") if frame and not frame.startswith(":")]
    assert all(frame.startswith("message:\ndata:{") for frame in frames)
    parsed = [json.loads(frame.removeprefix("message:\ndata:")) for frame in frames]
    return [(frame["event"], frame["data"]) for frame in parsed]


def text(seen: Events) -> str:
    return "".join(data for kind, data in seen if kind == "token")


def data(seen: Events, kind: str) -> Any:
    return next(data for event, data in seen if event == kind)


def kinds(seen: Events) -> list[str]:
    """The order of the events, a run of the same kind once."""
    order = [kind for kind, _ in seen]
    return [kind for number, kind in enumerate(order) if number == 0 or order[number - 1] != kind]


async def first_tokens(response: aiohttp.ClientResponse, count: int) -> bytes:
    """Read until so many tokens have come."""
    seen = b""
    while seen.count(b'"event":"token"') < count:
        seen += await response.content.readany()
    return seen


async def test_it_remembers_by_chat_and_flow(person: Person) -> None:
    await person.ask("plain", "My name is Ada.")
    assert "**Ada**" in text(await person.ask("plain", "What is my name?"))
    assert "**Ada**" not in text(await person.ask("plain", "What is my name?", chat="b"))
    assert "**Ada**" not in text(await person.ask("rag", "What is my name?"))
    assert person.server.turns("a", "plain")[0] == (USER, "My name is Ada.")
    assert [role for role, _ in person.server.turns("a")] == [USER, ASSISTANT] * 3
    assert person.server.collisions == 0


async def test_the_stand_in_cites_documents_in_the_real_shape(person: Person) -> None:
    seen = await person.ask("rag", "How long does the bot remember a conversation?")
    assert kinds(seen) == ["start", "token", "sourceDocuments", "metadata", "end"]
    assert person.server.chatflow_id == person.server.flow("rag")
    first = data(seen, "sourceDocuments")[0]
    assert first["metadata"]["source"] == "handbook.pdf"
    assert first["metadata"]["loc"]["pageNumber"] == 8
    assert first["metadata"]["pdf"]["totalPages"] == 12
    metadata = data(seen, "metadata")
    assert (metadata["chatId"], metadata["sessionId"], metadata["memoryType"]) == ("a", "a", "Buffer Memory")
    assert data(seen, "start") == seen[1][1]


@pytest.mark.parametrize("flow", ["rag", "tools", "agentflow", "steps", "reasoning"])
@pytest.mark.parametrize("question", ["What is the capital of France?", "What did I ask before about Redis?"])
async def test_no_document_is_cited_that_the_answer_has_not_used(person: Person, flow: str, question: str) -> None:
    seen = await person.ask(flow, question)
    assert "sourceDocuments" not in kinds(seen)
    assert "stand-in model" in text(seen)
    assert "Redis" not in text(seen).replace(question, "")


async def test_the_tool_agent_speaks_before_its_tool_but_does_not_store_it(person: Person) -> None:
    seen = await person.ask("tools", "what is 21*2?")
    assert kinds(seen) == ["start", "token", "agent_trace", "token", "usedTools", "metadata", "end"]
    assert data(seen, "usedTools") == [{"tool": "calculator", "toolInput": {"input": "21*2"}, "toolOutput": "42"}]
    stored = person.server.turns("a", "tools")[1][1]
    assert text(seen).endswith(stored)
    assert len(text(seen)) > len(stored)


async def test_the_agent_flow_tells_of_its_nodes(person: Person) -> None:
    seen = await person.ask("agentflow", "How do I start over?")
    assert seen[0] == ("agentFlowEvent", "INPROGRESS")
    assert "start" not in kinds(seen)
    called = [data for kind, data in seen if kind == "calledTools"]
    assert called[0][0]["tool"] == "handbook_search"
    assert called[-1] == []
    executed = [data for kind, data in seen if kind == "agentFlowExecutedData"][-1]
    assert [node["nodeLabel"] for node in executed] == ["Start", "Agent"]
    assert [kind for kind, _ in seen][-3:] == ["agentFlowEvent", "metadata", "end"]


async def test_the_flow_that_takes_its_time_thinks_before_its_first_word(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(tokens_per_second=2000, heartbeat=0) as server:
        seen = await Person(server, http).ask("reasoning", "How do sources look?")
    said = next(number for number, (kind, data) in enumerate(seen) if kind == "token" and data)
    before = [data for kind, data in seen[:said] if kind == "nextAgentFlow" and data["status"] == "FINISHED"]
    assert [node["nodeLabel"] for node in before] == [
        "Start",
        "Understand the question",
        "Search the handbook",
        "Choose what helps",
    ]
    assert seen[said - 1] == ("thinking", "")
    assert data(seen, "sourceDocuments")
    assert [kind for kind, _ in seen][-3:] == ["agentFlowEvent", "metadata", "end"]
    assert server.turns("a")[1][1] == text(seen)


async def test_the_flow_of_many_steps_goes_on_after_one_has_failed(person: Person) -> None:
    seen = await person.ask("steps", "How do I start over?")
    told = [(node["nodeLabel"], node["status"]) for kind, node in seen if kind == "nextAgentFlow"]
    assert told.count(("Read a chapter", "INPROGRESS")) == 6
    assert told.count(("Read a chapter", "ERROR")) == 1
    assert told[-1] == ("Write the answer", "FINISHED")
    assert {"thinking", "calledTools", "usedTools"} <= set(kinds(seen))
    assert text(seen) == person.server.turns("a", "steps")[1][1]


@pytest.mark.parametrize("offer", OFFERED, ids=lambda offer: offer.name)
async def test_every_flow_that_is_offered_answers(person: Person, offer: Offer) -> None:
    seen = await person.ask(offer.name, "What can you do?")
    assert seen[-1] == ("end", "[DONE]")
    assert "error" not in kinds(seen)
    assert "stand-in model" in text(seen) or "action" in kinds(seen)


async def test_a_run_can_be_made_to_fail_where_it_is(person: Person) -> None:
    person.server.script("plain", Script(tokens=("x",) * 500, token_wait=0.01))
    assert not person.server.fail("plain", "a", "terminated")
    async with person.post("plain") as response:
        seen = await first_tokens(response, 1)
        assert not person.server.fail("rag", "a", "terminated")
        assert person.server.fail("plain", "a", "terminated")
        seen += await response.content.read()
    assert kinds(events(seen)) == ["start", "token", "error", "end"]
    assert person.server.turns("a") == []


async def test_without_streaming_the_answer_is_one_piece(person: Person) -> None:
    for flow in ("rag", "tools", "agentflow", "human"):
        async with person.post(flow, "hello", streaming=False) as response:
            assert response.content_type == "application/json"
            body = await response.json()
        assert body["text"] == person.server.turns("a", flow)[1][1]
        assert body["chatId"] == "a"


async def test_flows_that_cannot_stream_answer_json_all_the_same(person: Person) -> None:
    async with person.post("json", "hello") as response:
        assert "stand-in" in (await response.json())["text"]
    async with person.post("parser", "hello") as response:
        assert "text" not in await response.json()


async def test_the_history_of_the_request_comes_before_memory(person: Person) -> None:
    await person.ask("plain", "second")
    history = [{"role": "userMessage", "content": "first"}, {"role": "apiMessage", "content": "well"}, "nonsense"]
    said = text(await person.ask("plain", "What did I ask before?", history=history))
    assert "1. first\n2. second" in said
    assert (USER, "first") not in person.server.turns("a")


async def test_session_id_is_without_effect(person: Person) -> None:
    seen = await person.ask("plain", "hello", overrideConfig={"sessionId": "other"})
    assert data(seen, "metadata")["sessionId"] == "a"


@pytest.mark.parametrize(("flow", "before"), [("fails", []), ("fails_midway", ["start", "token"])])
async def test_a_failed_turn_leaves_nothing(person: Person, flow: str, before: list[str]) -> None:
    seen = await person.ask(flow)
    assert kinds(seen) == [*before, "error", "end"]
    assert data(seen, "error").startswith("Error: predictionsServices.buildChatflow - ")
    assert person.server.turns("a") == []
    async with person.post(flow, streaming=False) as response:
        assert (response.status, (await response.json())["success"]) == (500, False)


async def test_an_empty_answer_ends_well(person: Person) -> None:
    assert kinds(await person.ask("empty")) == ["start", "metadata", "end"]


@pytest.mark.parametrize("flow", [UNKNOWN, "not-a-uuid", "json_fails"])
async def test_an_error_before_the_headers_is_silence_when_streaming(person: Person, flow: str) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(person.post(flow), 0.05)


@pytest.mark.parametrize(
    ("flow", "status", "words"),
    [(UNKNOWN, 404, "not found"), ("not-a-uuid", 400, "Invalid"), ("json_fails", 500, "400")],
)
async def test_the_same_error_is_json_without_streaming(person: Person, flow: str, status: int, words: str) -> None:
    async with person.post(flow, streaming=False) as response:
        assert response.status == status
        assert words in (await response.json())["message"]


async def test_the_probe_tells_streaming_flows_from_others(person: Person) -> None:
    probe = "/api/v1/chatflows-streaming"
    assert await person.get(f"{probe}/{person.server.flow('rag')}") == (200, "application/json", '{"isStreaming":true}')
    assert (await person.get(f"{probe}/{person.server.flow('json')}"))[2] == '{"isStreaming":false}'
    status, _, body = await person.get(f"{probe}/{UNKNOWN}")
    assert status == 500
    assert f"Chatflow {UNKNOWN} not found" in body


async def test_two_requests_on_one_chat_are_mixed(person: Person) -> None:
    hold = asyncio.Event()
    person.server.script("plain", Script(tokens=("A1", "A2"), hold=hold, hold_after=1))
    person.server.script("plain", Script(tokens=("B1", "B2"), hold=asyncio.Event(), hold_after=1))
    async with person.post("plain", "first") as first:
        assert b"A1" in await first_tokens(first, 1)
        async with person.post("plain", "second") as second:
            seen = await first_tokens(second, 1)
            hold.set()
            seen += await second.content.read()
            # The second connection hears both, is told the first one's question, and closes with the first run.
            assert text(events(seen)) == "B1A2"
            assert data(events(seen), "metadata")["question"] == "first"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first.content.readany(), 0.05)
    assert person.server.collisions == 1


async def test_a_run_goes_on_when_its_client_has_left(person: Person) -> None:
    hold = asyncio.Event()
    person.server.script("plain", Script(tokens=("one", " two"), hold=hold, hold_after=1))
    async with person.post("plain", "hello") as response:
        await first_tokens(response, 1)
        response.close()
    received = person.server.predictions[0]
    await asyncio.wait_for(received.gone(), 5)
    assert received.left
    assert received.ended is None
    hold.set()
    await received.over()
    assert person.server.turns("a") == [(USER, "hello"), (ASSISTANT, "one two")]


async def test_a_cut_connection_is_a_run_that_goes_on(person: Person) -> None:
    async with person.post("breaks", "hello") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    await person.server.predictions[0].over()
    assert len(person.server.turns("a")) == 2


async def test_abort_stops_agent_flows_only(http: aiohttp.ClientSession) -> None:
    aborted = {"status": 200, "message": "Chat message aborted"}
    async with LocalFlowise(tokens_per_second=20, heartbeat=0) as server:
        person = Person(server, http)
        assert await person.abort("agentflow", "nobody") == aborted
        async with person.post("agentflow", "a long answer") as response:
            seen = await first_tokens(response, 3)
            assert await person.abort("agentflow", "a") == aborted
            seen += await response.content.read()
        assert kinds(events(seen))[-4:] == ["agentFlowExecutedData", "agentFlowEvent", "error", "end"]
        assert data(events(seen), "error").endswith("This operation was aborted")
        assert server.turns("a") == []
        server.script("plain", Script(tokens=("x",) * 5, token_wait=0.01))
        async with person.post("plain") as response:
            seen = await first_tokens(response, 1)
            assert await person.abort("plain", "a") == aborted
            seen += await response.content.read()
        assert text(events(seen)) == "xxxxx"


async def test_a_flow_that_asks_a_person_goes_on_with_the_decision(person: Person) -> None:
    seen = await person.ask("human", "Do the thing")
    action = data(seen, "action")
    assert action["mapping"] == {"approve": "Proceed", "reject": "Reject"}
    assert data(seen, "metadata")["action"] == action
    assert text(seen).endswith("Are you sure you want to proceed?")
    decision = {"type": "proceed", "startNodeId": action["data"]["nodeId"], "feedback": ""}
    resume = {"chatId": "a", "streaming": True, "humanInput": decision}
    url = f"{person.server.url}/api/v1/prediction/{person.server.flow('human')}"
    async with person.http.post(url, json=resume) as response:
        resumed = events(await response.read())
    assert text(resumed) == "Approved, done."
    assert "question" not in data(resumed, "metadata")
    again = await person.ask("human", "", humanInput=decision)
    assert "'FINISHED' state" in data(again, "error")
    elsewhere = await person.ask("human", "", chat="b", humanInput=decision)
    assert "No previous execution found for session b" in data(elsewhere, "error")


async def test_a_message_instead_of_a_decision_asks_again(person: Person) -> None:
    first = await person.ask("human", "Do the thing")
    second = await person.ask("human", "Well?")
    assert data(first, "action")["id"] != data(second, "action")["id"]
    rejected = await person.ask("human", "", humanInput={"type": "reject"})
    assert text(rejected) == "Rejected, nothing done."


async def test_a_protected_flow_refuses_in_its_own_way(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(api_key="k" * 43, tokens_per_second=math.inf) as server:
        person = Person(server, http)
        seen = await person.ask("plain")
        assert seen == [("error", "Error: predictionsServices.buildChatflow - Unauthorized"), ("end", "[DONE]")]
        async with person.post("plain", streaming=False) as response:
            assert response.status == 500
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(person.post("json"), 0.05)
        url = f"{server.url}/api/v1/prediction/{server.flow('plain')}"
        for key in ("Bearer " + "k" * 43, "k" * 43):
            async with http.post(url, json={"question": "?"}, headers={"Authorization": key}) as response:
                assert response.status == 200


async def test_stored_messages_are_told_to_who_has_the_key(http: aiohttp.ClientSession) -> None:
    seconds = count(1795367061.559)
    async with LocalFlowise(api_key="secret", tokens_per_second=math.inf, wall=lambda: next(seconds)) as server:
        person = Person(server, http)
        http.headers["Authorization"] = "Bearer secret"
        answer = data(await person.ask("plain", "Hello"), "metadata")
        path = f"/api/v1/chatmessage/{server.flow('plain')}?chatId=a"
        status, _, body = await person.get(path)
        rows = json.loads(body)
        assert status == 200
        assert [(row["role"], row["content"]) for row in rows] == server.turns("a")
        # The question's row is dated by when it came in.
        dates = ["2026-11-22T17:04:21.559Z", "2026-11-22T17:04:22.559Z"]
        assert [row["createdDate"] for row in rows] == dates
        assert list(rows[0])[:5] == ["id", "role", "chatflowid", "executionId", "content"]
        _, _, body = await person.get(f"{path}&messageId={answer['chatMessageId']}")
        assert [row["id"] for row in json.loads(body)] == [answer["chatMessageId"]]
        assert json.loads((await person.get(f"{path}&messageId=none"))[2]) == []
        refused = (401, "application/json", '{"error":"Unauthorized Access"}')
        assert await person.get(path, Authorization="Bearer wrong") == refused


async def test_the_small_endpoints(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(api_key="secret") as server:
        person = Person(server, http)
        assert await person.get("/api/v1/ping") == (200, "text/html", "pong")
        assert await person.get("/api/v1/version") == (200, "application/json", '{"version":"3.1.4"}')
        assert (await person.get("/api/v1/predictions/x"))[0] == 401
        assert (await person.get("/api/v1/predictions/x", Authorization="Bearer secret"))[:2] == (200, "text/html")
        assert (await person.get("/"))[:2] == (200, "text/html")


async def test_a_limited_flow_refuses_until_its_window_is_over(http: aiohttp.ClientSession) -> None:
    now = [1000.0]
    async with LocalFlowise(tokens_per_second=math.inf, wall=lambda: now[0]) as server:
        person = Person(server, http)
        async with person.post("limited") as response:
            assert response.headers["X-RateLimit-Remaining"] == "1"
            await response.read()
        await person.ask("limited")
        now[0] += 2
        async with person.post("limited") as response:
            assert (response.status, response.content_type) == (429, "text/html")
            assert response.headers["Retry-After"] == "8"
            assert await response.text() == "Too many requests, slow down!"
        now[0] += 8
        assert kinds(await person.ask("limited"))[-1] == "end"


@pytest.mark.parametrize("flow", ["plain", "agentflow"])
async def test_heartbeats_are_comments_on_streams(http: aiohttp.ClientSession, flow: str) -> None:
    async with LocalFlowise(heartbeat=0.01) as server:
        server.script(flow, Script(tokens=("a",), stalls=True))
        async with Person(server, http).post(flow) as response:
            assert (await response.content.readuntil(b":heartbeat\n\n")).count(b"message:") == 2
            assert await response.content.readuntil(b":heartbeat\n\n") == b":heartbeat\n\n"


async def test_a_flow_that_stalls_says_something_first(person: Person) -> None:
    async with person.post("stalls") as response:
        await first_tokens(response, 8)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.05)


async def test_a_chat_id_must_be_a_string(person: Person) -> None:
    seen = await person.ask("plain", chatId=12345)
    assert data(seen, "error").endswith("Invalid chatId: must be a string")


async def test_without_a_chat_id_the_server_makes_one(person: Person) -> None:
    async with person.post("plain", chatId=None) as response:
        chat = data(events(await response.read()), "metadata")["chatId"]
    assert person.server.predictions[0].chat_id == chat
    assert len(person.server.turns(chat)) == 2


async def test_what_was_received_is_told(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(tokens_per_second=math.inf, wall=lambda: 77.0) as server:
        await Person(server, http).ask("plain", "hello", extra=1)
        (received,) = server.predictions
    assert (received.flow_id, received.flow, received.question) == (server.flow("plain"), "plain", "hello")
    assert received.body["extra"] == 1
    assert received.headers["content-type"] == "application/json"
    assert (received.at, received.ended, received.left) == (77.0, 77.0, False)


@pytest.mark.parametrize(("raw", "status"), [(b"{nope", 400), (b"", 200), (b"[]", 200)])
async def test_odd_bodies(person: Person, raw: bytes, status: int) -> None:
    url = f"{person.server.url}/api/v1/prediction/{person.server.flow('plain')}"
    async with person.http.post(url, data=raw) as response:
        assert response.status == status
        assert ("> undefined" in await response.text()) == (status == 200)


async def test_half_a_surrogate_pair_and_a_line_separator_travel_as_from_node(person: Person) -> None:
    async with person.post("plain", "a\ud800b\u2028c") as response:
        body = await response.read()
    assert b'"question":"a\\ud800b\xe2\x80\xa8c"' in body


SCRIPTS: list[tuple[Script, list[str]]] = [
    (Script(tokens=("a", "b")), ["start", "token", "metadata", "end"]),
    (Script(tokens=("a",), error="boom"), ["start", "token", "error", "end"]),
    (Script(tokens=("a",), end=False), ["start", "token"]),
    (
        Script(before=[("calledTools", [])], tokens=("a",), used_tools=[], source_documents=[], after=[("odd", 1)]),
        ["start", "calledTools", "token", "sourceDocuments", "usedTools", "odd", "metadata", "end"],
    ),
]


@pytest.mark.parametrize(("script", "expected"), SCRIPTS)
async def test_a_scripted_stream_is_what_was_asked_for(person: Person, script: Script, expected: list[str]) -> None:
    person.server.script("rag", script)
    assert kinds(await person.ask("rag")) == expected
    assert "sourceDocuments" in kinds(await person.ask("rag", "hello"))


async def test_a_script_may_answer_in_one_piece(person: Person) -> None:
    person.server.script("plain", Script(json={"text": "hi"}), Script(status=502, body=b"<h1>", headers={"X-A": "b"}))
    async with person.post("plain") as response:
        assert await response.json() == {"text": "hi"}
    async with person.post("plain") as response:
        assert (response.status, response.headers["X-A"], await response.read()) == (502, "b", b"<h1>")


async def test_a_script_may_send_the_very_bytes(person: Person) -> None:
    person.server.script("plain", Script(raw=(b"event: token\n", b"data:  world\n\n")))
    async with person.post("plain") as response:
        assert await response.read() == b"event: token\ndata:  world\n\n"


async def test_a_script_may_change_what_the_metadata_says(person: Person) -> None:
    person.server.script("plain", Script(tokens=("a",), metadata={"chatId": "another"}))
    metadata = data(await person.ask("plain"), "metadata")
    assert (metadata["chatId"], metadata["sessionId"]) == ("another", "a")


@pytest.mark.parametrize("goes_on", [True, False])
async def test_a_script_may_cut(person: Person, goes_on: bool) -> None:
    person.server.script("plain", Script(tokens=("a", "b", "c"), cut_after=2, goes_on=goes_on))
    async with person.post("plain") as response:
        seen = await first_tokens(response, 2)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()
    assert text(events(seen)) == "ab"
    await person.server.predictions[0].over()
    assert len(person.server.turns("a")) == (2 if goes_on else 0)


async def test_a_script_may_hold_back_its_end_or_cut_there(person: Person) -> None:
    hold = asyncio.Event()
    person.server.script("plain", Script(tokens=("a",), hold=hold, hold_after=1), Script(tokens=("a",), cut_after=1))
    async with person.post("plain") as response:
        seen = await first_tokens(response, 1)
        assert person.server.turns("a") == []
        hold.set()
        seen += await response.content.read()
    assert kinds(events(seen)) == ["start", "token", "metadata", "end"]
    async with person.post("plain") as response:
        await first_tokens(response, 1)
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.content.read()


async def test_a_script_may_never_answer(person: Person) -> None:
    person.server.script("plain", Script(silent=True))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(person.post("plain"), 0.05)


async def test_the_words_come_at_their_pace(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(tokens_per_second=200) as server:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await Person(server, http).ask("plain", "in 40 words")
        # 40 words at 200 a second take 0.2 s; never less, whatever the machine is busy with.
        assert loop.time() - begun >= 0.199


async def test_it_stops_cleanly_with_every_kind_of_connection_hanging(http: aiohttp.ClientSession) -> None:
    async with LocalFlowise(tokens_per_second=50) as server:
        person = Person(server, http)
        server.script("tools", Script(silent=True))
        hanging = [asyncio.ensure_future(person.post(flow)) for flow in (UNKNOWN, "json_fails", "tools", "json")]
        streams = [await person.post("stalls", chat="b"), await person.post("rag", "a long answer", chat="c")]
        for stream in streams:
            await first_tokens(stream, 1)
        stolen = await person.post("rag", "a long answer", chat="c")
    for task in hanging:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await task
    for response in (*streams, stolen):
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    await http.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_taken_port_is_an_error_at_once(person: Person) -> None:
    port = int(person.server.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="address already in use"):
        await LocalFlowise(port=port).__aenter__()


async def test_an_unknown_flow_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="no flow 'typo'"):
        LocalFlowise().flow("typo")

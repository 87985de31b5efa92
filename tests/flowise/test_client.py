"""One prediction, whatever happens: the client against a server that counts."""

from __future__ import annotations

import asyncio
import gzip
from typing import TYPE_CHECKING

import pytest

from bot import errors
from bot.errors import FlowiseError, RunState
from bot.flowise.client import Client, Limits
from bot.flowise.decisions import Choice
from bot.flowise.events import AgentflowStarted, Decision, End, Event, Metadata, ResultFile, ResultFiles, Token
from bot.flowise.prediction import Prediction
from bot.ports.flowise import Flowise
from tests.flowise.conftest import Answer, chunked

if TYPE_CHECKING:
    import aiohttp

    from tests.flowise.conftest import MakeClient, Server

ASKED = Prediction("Hello?", "chat-1")
FLOW = "34530a0c-b525-47c2-b5e7-9d9683c7dc8a"


async def asked(client: Flowise) -> list[Event]:
    return [event async for event in client.predict(ASKED)]


async def failure(client: Flowise, before: list[Event] | None = None) -> FlowiseError:
    """The error a question ends with; what came before it is put into `before`."""
    seen: list[Event] = [] if before is None else before
    try:
        async for event in client.predict(ASKED):
            seen.append(event)  # noqa: PERF401 - what came before the error is kept
    except FlowiseError as error:
        return error
    raise AssertionError(f"no error, but {seen}")


def hello(server: Server) -> Answer:
    return server.events(("token", "Hello"), ("metadata", {"chatId": "chat-1"}), ("end", "[DONE]"))


async def test_a_question(server: Server, make_client: MakeClient) -> None:
    server.predicts(hello(server))
    assert await asked(make_client()) == [Token("Hello"), Metadata("chat-1"), End()]
    [post] = server.posts
    assert post.target == f"/api/v1/prediction/{FLOW}"
    assert post.json() == {"question": "Hello?", "chatId": "chat-1", "streaming": True}
    assert "authorization" not in post.headers


async def test_that_it_is_asked_is_told_directly_before_and_can_be_forbidden(
    server: Server, make_client: MakeClient
) -> None:
    server.probes(server.json({"isStreaming": True}))
    server.predicts(hello(server))
    heard: list[int] = []

    async def asking() -> None:
        assert [request.target for request in server.requests] == [f"/api/v1/chatflows-streaming/{FLOW}"]
        heard.append(1)

    async def forbidden() -> None:
        raise RuntimeError

    client = make_client()
    assert [event async for event in client.predict(Prediction("Hello?", "chat-1", asking))][-1] == End()
    assert heard == [1]
    with pytest.raises(RuntimeError):
        await anext(client.predict(Prediction("Hello?", "chat-1", forbidden)))
    assert len(server.posts) == 1


async def test_the_documented_wire_form(server: Server, make_client: MakeClient) -> None:
    frames = (
        b"event: start\ndata: \n\nevent: token\ndata: Hello\n\nevent: token\ndata:  world\n\n"
        b'event: metadata\ndata: {"chatId":"c","chatMessageId":"m"}\n\nevent: end\ndata: [DONE]\n\n'
    )
    server.predicts(server.stream(frames))
    assert await asked(make_client()) == [Token("Hello"), Token(" world"), Metadata("c", "m"), End()]


def labelled(body: bytes, label: str, *, pieces: int = 1, then: str = "close") -> Answer:
    """A body under a header line of one's own, sent in so many pieces."""
    lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *([f"Content-Type: {label}"] if label else [])]
    size = -(-len(body) // pieces) or 1
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return Answer(("\r\n".join((*lines, "\r\n")).encode(), *map(chunked, parts), b"0\r\n\r\n"), then)


FRAMES = b'\n:heartbeat\n\nmessage:\ndata:{"event":"token","data":"Hello"}\n\nmessage:\ndata:{"event":"end"}\n\n'
LABELS = ["text/plain", "TEXT/PLAIN; charset=UTF-8", "", "application/octet-stream", "text/html", "stream", "text/*"]


@pytest.mark.parametrize("label", [*LABELS, "Text/Event-Stream;charset=utf-8"])
async def test_a_stream_is_one_by_its_first_bytes_whatever_it_is_labelled_as(
    label: str, server: Server, make_client: MakeClient
) -> None:
    server.predicts(labelled(FRAMES, label), labelled(b"\xef\xbb\xbf" + FRAMES, label, pieces=len(FRAMES) + 3))
    for _ in range(2):
        assert await asked(make_client()) == [Token("Hello"), End()]
    packed = labelled(gzip.compress(FRAMES), f"{label or 'x/y'}\r\nContent-Encoding: gzip", pieces=3)
    server.predicts(packed)
    assert await asked(make_client()) == [Token("Hello"), End()]


@pytest.mark.parametrize("label", [*LABELS, "text/event-stream"])
@pytest.mark.parametrize("body", [b"<!doctype html><p>Sign in", b"", b"Not found", b'{"text":"Hello"}'])
async def test_what_is_no_stream_is_not_flowise(
    label: str, body: bytes, server: Server, make_client: MakeClient
) -> None:
    """But what is labelled as a stream is one that broke, unless it is a web page."""
    server.predicts(labelled(body, label))
    error = await failure(make_client())
    is_broken_stream = "event-stream" in label and not body.startswith(b"<")
    assert type(error) is (errors.FlowiseBroke if is_broken_stream else errors.NotFlowise)
    assert error.run is (RunState.UNKNOWN if is_broken_stream else RunState.NOT_STARTED)
    assert len(server.posts) == 1


async def test_a_page_without_an_end_is_not_waited_for(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.silence("hang", labelled(b"<html>", "text/plain").parts[:-1]))
    assert type(await failure(make_client())) is errors.NotFlowise
    await server.was_left()


async def test_nothing_is_read_after_the_end(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("token", "a"), ("end", "[DONE]"), ("token", "b"), then="hang"))
    assert await asked(make_client()) == [Token("a"), End()]
    await server.was_left()


async def test_an_agent_flow_is_told_once(server: Server, make_client: MakeClient) -> None:
    server.predicts(
        server.events(("agentFlowEvent", "INPROGRESS"), ("nextAgentFlow", {}), ("token", "a"), ("end", "[DONE]"))
    )
    assert await asked(make_client()) == [AgentflowStarted(), Token("a"), End()]


@pytest.mark.parametrize("url", ["{url}", "{url}/", "{url}/flow/base", "{url}/flow/base/"])
async def test_the_address_may_have_a_path(url: str, server: Server, make_client: MakeClient) -> None:
    server.predicts(hello(server))
    address = url.format(url=server.url)
    await asked(make_client(url=address))
    prefix = address.removeprefix(server.url).rstrip("/")
    assert [request.target for request in server.requests] == [
        f"{prefix}/api/v1/chatflows-streaming/{FLOW}",
        f"{prefix}/api/v1/prediction/{FLOW}",
    ]


async def test_an_id_cannot_leave_its_place_in_the_path(server: Server, make_client: MakeClient) -> None:
    server.predicts(hello(server))
    await asked(make_client(flow="a/../b?c=d"))
    assert server.posts[0].target == "/api/v1/prediction/a%2F..%2Fb%3Fc=d"


async def test_the_key_goes_along_and_never_into_an_error(server: Server, make_client: MakeClient) -> None:
    refused = "Error: predictionsServices.buildChatflow - the key SECRET-KEY is not known"
    server.predicts(
        server.events(("error", refused), ("end", "[DONE]")),
        server.json({"message": refused}, 500),
        server.events(("error", refused), then="close"),
    )
    client = make_client(key="SECRET-KEY")
    for _ in range(3):
        error = await failure(client)
        assert type(error) is errors.FlowiseFailed
        assert "the key <key> is not known" in str(error)
    assert [post.headers["authorization"] for post in server.posts] == ["Bearer SECRET-KEY"] * 3


async def test_the_headers_of_a_proxy_go_along_everywhere_and_never_into_an_error(
    server: Server, make_client: MakeClient
) -> None:
    refused = "who sent SECRET-VALUE to http://flowise.internal/api?"
    limited = {"X_RateLimit_Limit": "2", "Retry_After": "60"}
    server.probes(server.json({"isStreaming": True}))
    server.predicts(
        server.json({"message": refused}, 500), server.page(429, "text/html", refused, **limited), hello(server)
    )
    client = make_client(key="SECRET-KEY", extra_headers={"X-Client-Secret": "SECRET-VALUE"})
    assert "who sent <key> to" in str(await failure(client))
    error = await failure(client)
    assert isinstance(error, errors.FlowiseRateLimited)
    assert error.notice.startswith("who sent <key> to")
    assert (await asked(client))[-1] == End()
    await client.stored_text("chat-1", "m")
    await client.abort("chat-1")
    await client.newest_stored("chat-1")
    assert {request.headers.get("x-client-secret") for request in server.requests} == {"SECRET-VALUE"}
    assert {request.headers.get("authorization") for request in server.requests} == {"Bearer SECRET-KEY"}
    assert len({request.target.partition("?")[0] for request in server.requests}) >= 4


# --- one prediction, whatever happens


async def test_a_stream_without_its_end(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("token", "a")))
    events: list[Event] = []
    error = await failure(make_client(), events)
    assert (type(error), error.run) == (errors.FlowiseBroke, RunState.UNKNOWN)
    assert events == [Token("a")]
    assert len(server.posts) == 1


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_a_lost_connection(then: str, server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("token", "a"), then=then))
    assert type(await failure(make_client())) is errors.FlowiseBroke
    assert len(server.posts) == 1


async def test_a_connection_closed_instead_of_an_answer(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.silence("close"))
    error = await failure(make_client())
    assert (type(error), error.run) == (errors.FlowiseBroke, RunState.UNKNOWN)
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("status", "content_type", "body", "kind"),
    [
        (500, "application/json", '{"message":"Error: x"}', errors.FlowiseFailed),
        (502, "text/html", "<html>bad gateway", errors.FlowiseUnreachable),
        (200, "text/html", "<!doctype html>", errors.NotFlowise),
        (200, "application/json", '{"hello":"world"}', errors.NotFlowise),
        (200, "application/json", "{broken", errors.NotFlowise),
        (307, "text/plain", "", errors.NotFlowise),
        (401, "application/json", '{"error":"Unauthorized Access"}', errors.KeyRefused),
    ],
)
async def test_a_refusal_is_not_asked_again(
    status: int, content_type: str, body: str, kind: type[FlowiseError], server: Server, make_client: MakeClient
) -> None:
    server.predicts(server.page(status, content_type, body, Location=f"{server.url}/api/v1/prediction/other"))
    assert type(await failure(make_client())) is kind
    assert len(server.posts) == 1


async def test_an_error_event_is_told_when_the_stream_has_ended(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("token", "a"), ("error", "Error: x - terminated"), ("end", "[DONE]")))
    error = await failure(make_client())
    assert (type(error), error.run, str(error)) == (errors.FlowiseFailed, RunState.OVER, "Error: x - terminated")


@pytest.mark.parametrize("then", ["keep", "close", "hang"])
async def test_an_error_event_without_its_end(then: str, server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("error", "Error: x"), then=then))
    error = await failure(make_client(limits=Limits(events=0.1)))
    assert (type(error), error.run) == (errors.FlowiseFailed, RunState.UNKNOWN)


async def test_a_json_answer_is_an_answer(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.json({"text": "Hello", "chatId": "chat-1", "chatMessageId": "m"}))
    assert await asked(make_client()) == [Token("Hello"), Metadata("chat-1", "m"), End()]
    assert len(server.posts) == 1


async def test_a_json_answer_over_the_cap(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.json({"text": "x" * 2000}))
    error = await failure(make_client(limits=Limits(frame_bytes=1000)))
    assert (type(error), error.run) == (errors.FlowiseBroke, RunState.OVER)


async def test_a_flow_that_waits_needs_no_text(server: Server, make_client: MakeClient) -> None:
    server.predicts(
        server.events(("action", {"id": "1", "mapping": {"approve": "Yes", "reject": "No"}}), ("end", "[DONE]"))
    )
    assert await asked(make_client()) == [Decision("1", "Yes", "No"), End()]


REQUEST = '\nAttempting to use tool:\n```json\n{"name": "calculator"}\n```'


@pytest.mark.parametrize(
    ("streamed", "said"),
    [
        (["", REQUEST], []),
        ([f"Let me look.{REQUEST}"], ["Let me look."]),
        (["Let me", " look.", f"Let me look.{REQUEST}"], ["Let me", " look."]),
        (["Let me", " look.", f"{REQUEST}"], ["Let me", " look."]),
        (["Before.", f"Let me look.{REQUEST}"], ["Before.", "Let me look."]),
    ],
)
async def test_what_an_agent_says_before_a_tool_is_to_be_allowed_is_said_once(
    streamed: list[str], said: list[str], server: Server, make_client: MakeClient
) -> None:
    """An agent's node says its whole turn anew, with the call of the tool as JSON (measured on 3.1.4)."""
    action = ("action", {"id": "1", "mapping": {"approve": "Yes", "reject": "No"}})
    server.predicts(server.events(*(("token", text) for text in streamed), action, ("end", "[DONE]")))
    assert await asked(make_client()) == [*map(Token, said), Decision("1", "Yes", "No"), End()]


@pytest.mark.parametrize(
    ("content", "text"), [("reject", None), ("proceed", None), (" my words ", None), ("Done.", "Done.")]
)
async def test_a_stored_text_that_repeats_the_decision_is_no_answer(
    content: str, text: str | None, server: Server, make_client: MakeClient
) -> None:
    server.predicts(server.events(("metadata", {"chatId": "c", "chatMessageId": "m"}), ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json([row("apiMessage", content)]))
    choice = Choice(Decision("1", "Yes", "No", node_id="node_0"), approves=False, feedback="my words")
    events: list[Event] = []
    try:
        async for event in make_client(key="k").predict(Prediction("", "c", choice=choice)):
            events.append(event)  # noqa: PERF401 - what came before an error is kept
    except errors.FlowiseEmpty:
        assert text is None
    assert [event.text for event in events if isinstance(event, Token)] == ([text] if text else [])
    assert server.posts[-1].json() == {
        "humanInput": {"type": "reject", "startNodeId": "node_0", "feedback": "my words"},
        "chatId": "c",
        "streaming": True,
    }


# --- asked once more, where nothing can have started


class Sleeps:
    """Instead of sleeping: what was to be slept, and something to do meanwhile."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


async def test_a_short_rate_limit_is_waited_for_once(server: Server, make_client: MakeClient) -> None:
    sleeps = Sleeps()
    limited = server.page(429, "text/html", "slow down", Retry_After="3")
    server.predicts(limited, hello(server))
    assert (await asked(make_client(sleep=sleeps)))[-1] == End()
    assert sleeps.slept == [3.0]

    server.predicts(limited)
    error = await failure(make_client(sleep=sleeps))
    assert isinstance(error, errors.FlowiseRateLimited)
    assert (error.retry_after, error.run) == (3.0, RunState.NOT_STARTED)
    assert len(server.posts) == 4


@pytest.mark.parametrize("after", [{}, {"Retry_After": "6"}, {"Retry_After": "soon"}, {"Retry_After": "-1"}])
async def test_a_long_rate_limit_is_told_at_once(
    after: dict[str, str], server: Server, make_client: MakeClient
) -> None:
    sleeps = Sleeps()
    server.predicts(server.page(429, "text/html", "slow down", **after))
    assert type(await failure(make_client(sleep=sleeps))) is errors.FlowiseRateLimited
    assert (len(server.posts), sleeps.slept) == (1, [])


@pytest.mark.parametrize(
    ("date", "slept"),
    [("Sun, 22 Nov 2026 12:00:00 GMT", [4.0]), ("Sun, 22 Nov 2026 12:00:09 GMT", [0.0]), ("", []), ("noon", [])],
)
async def test_a_rate_limit_may_name_a_date_of_the_server_s_clock(
    date: str, slept: list[float], server: Server, make_client: MakeClient
) -> None:
    sleeps = Sleeps()
    limited = server.page(429, "text/html", "", Date=date, Retry_After="Sun, 22 Nov 2026 12:00:04 GMT")
    server.predicts(limited, hello(server))
    if slept:
        assert (await asked(make_client(sleep=sleeps)))[-1] == End()
    else:
        assert isinstance(await failure(make_client(sleep=sleeps)), errors.FlowiseRateLimited)
    assert sleeps.slept == slept


async def test_a_refused_connection_is_tried_once_more(
    server: Server, session: aiohttp.ClientSession, unused_tcp_port: int
) -> None:
    sleeps = Sleeps()
    client = Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, None, Limits(refused_pause=2), sleep=sleeps)
    error = await failure(client)
    assert (type(error), error.run) == (errors.FlowiseUnreachable, RunState.NOT_STARTED)
    assert sleeps.slept == [2]

    async def meanwhile(_: float) -> None:
        listener = await asyncio.start_server(server.handle, "127.0.0.1", unused_tcp_port)
        listening.append(listener)

    listening: list[asyncio.Server] = []
    server.predicts(hello(server))
    client = Client(session, f"http://127.0.0.1:{unused_tcp_port}", FLOW, None, Limits(), sleep=meanwhile)
    assert (await asked(client))[-1] == End()
    assert len(server.posts) == 1
    await session.close()
    listening[0].close()
    await listening[0].wait_closed()


# --- the probe


async def test_a_flow_that_cannot_stream_is_asked_for_json(server: Server, make_client: MakeClient) -> None:
    server.probes(server.json({"isStreaming": False}))
    server.predicts(server.json({"text": "Hello", "chatId": "c"}))
    # The limit on a stream's headers is not the one that counts here.
    await asked(make_client(limits=Limits(headers=5, json=60)))
    assert server.posts[0].json()["streaming"] is False


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, f"Error: chatflowsService.checkIfChatflowIsValidForStreaming - Chatflow {FLOW} not found"),
        (404, f"Chatflow {FLOW} not found"),
        (400, "Invalid Chatflow ID"),
    ],
)
async def test_an_unknown_chatflow_is_told_without_a_post(
    status: int, message: str, server: Server, make_client: MakeClient
) -> None:
    server.probes(server.json({"statusCode": status, "message": message}, status))
    error = await failure(make_client())
    assert (type(error), error.run) == (errors.UnknownChatflow, RunState.NOT_STARTED)
    with pytest.raises(errors.UnknownChatflow):
        await make_client().check()
    assert server.posts == []


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (404, "text/html", "<html>"),
        (200, "text/html", "<html>"),
        (401, "application/json", '{"error":"Unauthorized Access"}'),
        (500, "application/json", '{"message":"database is locked"}'),
        (200, "application/json", '{"isStreaming":"perhaps"}'),
        (200, "application/json", "[]"),
    ],
)
async def test_a_server_that_does_not_know_the_probe_is_asked_for_a_stream(
    status: int, content_type: str, body: str, server: Server, make_client: MakeClient
) -> None:
    server.probes(server.page(status, content_type, body))
    server.predicts(hello(server))
    await asked(make_client())
    assert server.posts[0].json()["streaming"] is True


@pytest.mark.parametrize("then", ["hang", "close"])
async def test_a_probe_without_an_answer_is_left(then: str, server: Server, make_client: MakeClient) -> None:
    server.probes(server.silence(then))
    server.predicts(hello(server))
    await asked(make_client(limits=Limits(headers=0.1)))
    assert server.posts[0].json()["streaming"] is True


# --- leaving


async def test_leaving_early_closes_the_connection(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("token", "a"), ("token", "b"), then="hang"))
    events = make_client().predict(ASKED)
    assert await anext(events) == Token("a")
    await events.aclose()
    await server.was_left()
    assert [request.method for request in server.requests] == ["GET", "POST"]


@pytest.mark.parametrize("begun", [True, False])
async def test_being_cancelled_closes_the_connection(begun: bool, server: Server, make_client: MakeClient) -> None:
    waiting = server.events(("token", "a"), then="hang") if begun else server.silence()
    server.predicts(waiting)
    heard = asyncio.Event()

    async def listen() -> None:
        async for _ in make_client().predict(ASKED):
            heard.set()

    task = asyncio.create_task(listen())
    await (heard if begun else server.asked).wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await server.was_left()


async def test_connections_are_used_again(server: Server, make_client: MakeClient) -> None:
    server.probes(server.json({"isStreaming": False}))
    server.predicts(server.json({"text": "Hello", "chatId": "c"}))
    client = make_client()
    for _ in range(3):
        await asked(client)
    assert {request.connection for request in server.requests} == {1}


async def test_idle_connections_are_let_go_before_node_closes_them(session: aiohttp.ClientSession) -> None:
    # Node's keep-alive time-out is 5 s; there is no way to see the timer from outside.
    assert getattr(session.connector, "_keepalive_timeout") < 5  # noqa: B009
    assert session.timeout.total is None


# --- reading an answer back


def row(role: str, content: str, row_id: str = "m") -> dict[str, object]:
    return {"id": row_id, "role": role, "content": content}


METADATA = ("metadata", {"chatId": "chat-1", "chatMessageId": "m"})


async def test_an_answer_without_text_is_read_back(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(METADATA, ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json([row("userMessage", "?"), row("apiMessage", "Stored")]))
    assert await asked(make_client(key="k")) == [Metadata("chat-1", "m"), Token("Stored"), End()]
    assert server.requests[-1].target == f"/api/v1/chatmessage/{FLOW}?chatId=chat-1&messageId=m"
    assert server.requests[-1].headers["authorization"] == "Bearer k"


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("stored", [[], [row("apiMessage", " ")], [row("apiMessage", "Other", row_id="n")], {"a": 1}])
async def test_an_answer_without_text_anywhere(
    key: str | None, stored: object, server: Server, make_client: MakeClient
) -> None:
    server.predicts(server.events(("token", "\n"), METADATA, ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json(stored))
    error = await failure(make_client(key=key))
    assert (type(error), error.run) == (errors.FlowiseEmpty, RunState.OVER)
    assert len(server.posts) == 1


PICTURE = [{"type": "png", "data": "FILE-STORAGE::plot.png"}]
A_PICTURE = ResultFiles((ResultFile("plot.png"),))


@pytest.mark.parametrize("key", [None, "k"])
async def test_an_answer_of_files_alone_is_one(key: str | None, server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("artifacts", PICTURE), METADATA, ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json([]))
    assert await asked(make_client(key=key)) == [A_PICTURE, Metadata("chat-1", "m"), End()]


async def test_the_text_of_an_answer_with_files_is_read_back_too(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(("artifacts", PICTURE), METADATA, ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json([row("apiMessage", "Stored")]))
    assert await asked(make_client(key="k")) == [A_PICTURE, Metadata("chat-1", "m"), Token("Stored"), End()]


async def test_a_picture_that_is_larger_than_a_frame_may_be_is_a_file(server: Server, make_client: MakeClient) -> None:
    picture = (
        b'data:{"event":"artifacts","data":[{"type":"png","data":"data:image/png;base64,' + b"A" * 3_000 + b'"}]}\n\n'
    )
    server.predicts(server.stream(picture, b'data:{"event":"end","data":"[DONE]"}\n\n'))
    events = await asked(make_client(limits=Limits(frame_bytes=1_000)))
    assert events == [ResultFiles((), more=True), End()]


# As Flowise 3.1.4 stores the answers of a model that says nothing: of a chat, and of a chain that retrieves.
NOTHING_SAID = ('{\n  "text": ""\n}', '{"sourceDocuments": [{"pageContent": "secret words", "metadata": {}}]}')


@pytest.mark.parametrize("stored", NOTHING_SAID)
async def test_a_stored_result_without_text_is_no_answer(stored: str, server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(METADATA, ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json([row("apiMessage", stored)]))
    assert type(await failure(make_client(key="k"))) is errors.FlowiseEmpty


async def test_a_stored_answer_that_is_json_of_its_own_is_read_back(server: Server, make_client: MakeClient) -> None:
    server.predicts(server.events(METADATA, ("end", "[DONE]")))
    server.on("GET", "/api/v1/chatmessage/", server.json([row("apiMessage", '{"answer": 42}')]))
    assert Token('{"answer": 42}') in await asked(make_client(key="k"))


def test_it_fills_the_hole(make_client: MakeClient) -> None:
    client: Flowise = make_client()
    assert client.chatflow_id == FLOW

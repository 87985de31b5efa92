"""Every recorded prediction of a real Flowise 3.1.4, through the real client, over a real socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot import errors
from bot.errors import FlowiseError, RunState
from bot.flowise.client import Limits
from bot.flowise.events import (
    CalledTools,
    Decision,
    End,
    Event,
    Metadata,
    ResultFiles,
    SourceDocuments,
    Token,
    UsedTools,
)
from bot.flowise.prediction import Prediction

if TYPE_CHECKING:
    from tests.flowise.conftest import MakeClient, Server

RECORDINGS = Path(__file__).parents[1] / "recordings"
NAMES = sorted(path.name.removesuffix(".jsonl") for path in RECORDINGS.glob("*.jsonl"))

# What the recorded exchanges that fail turn into. Every one that is not here must be answered whole.
HANGS_BEFORE_HEADERS = {
    "bad_id_streaming",
    "llm_pre_400_not_streamable",
    "llm_pre_400_postprocess",
    "nostream_conv_agent",
    "path_without_id",
    "unknown_flow_streaming",
}
HANGS_IN_STREAM = {"queue_no_worker", "queue_worker_dies", "same_chatid_A", "same_chatid_two_flows_A"}
CUT = {
    "disconnect_agentflow_1_killed",
    "disconnect_chat_1_killed",
    "disconnect_toolagent_1_killed",
    "server_dies_sigkill",
    "server_dies_sigterm",
}
REFUSED: dict[str, type[FlowiseError]] = {
    "bad_id_nonstreaming": errors.UnknownChatflow,
    "body_not_json": errors.FlowiseFailed,
    "depth_resume_flow_changed": errors.FlowiseEmpty,
    "llm_pre_400_nonstreaming": errors.FlowiseFailed,
    "origin_denied_nonstreaming": errors.FlowiseFailed,
    "origin_denied_streaming": errors.FlowiseFailed,
    "question_55mb": errors.FlowiseTooLarge,
    "queue_nonstreaming_error": errors.FlowiseFailed,
    "ratelimit_3_streaming": errors.FlowiseRateLimited,
    "ratelimit_4_nonstreaming": errors.FlowiseRateLimited,
    "text_empty_answer": errors.FlowiseEmpty,
    "unknown_flow_nonstreaming": errors.UnknownChatflow,
}
# What an agent's node adds to its text where a tool has to be allowed: that is not shown.
TOOL_REQUEST = "\nAttempting to use tool:\n```json\n"
SLOW = Limits(headers=0.1, json=0.1, events=0.1, silence=0.1)


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]


def frames(name: str) -> list[dict[str, Any]]:
    """The recorded frames, read without any code of ours."""
    lines = (line for row in rows(name) for line in row.get("frame", "").split("\n"))
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


def expected_error(name: str) -> type[FlowiseError] | None:
    if name in REFUSED:
        return REFUSED[name]
    if name in HANGS_BEFORE_HEADERS | HANGS_IN_STREAM:
        return errors.FlowiseSlow
    if name in CUT:
        return errors.FlowiseBroke
    if name.startswith(("auth_missing", "auth_wrong_n", "auth_wrong_s", "auth_other", "queue_auth_missing")):
        return errors.KeyRefused
    return errors.FlowiseFailed if any(frame["event"] == "error" for frame in frames(name)) else None


async def replayed(name: str, server: Server, make_client: MakeClient) -> tuple[list[Event], FlowiseError | None]:
    request = json.loads((RECORDINGS / f"{name}.request.json").read_text("utf-8"))
    body = request.get("body")
    asked = body if isinstance(body, dict) else {}
    server.probes(server.json({"isStreaming": bool(asked.get("streaming", False))}))
    server.predicts(server.recording(name))
    hangs = name in HANGS_BEFORE_HEADERS | HANGS_IN_STREAM
    client = make_client(limits=SLOW if hangs else Limits())
    events: list[Event] = []
    try:
        async for event in client.predict(Prediction(str(asked.get("question", "?")), "chat")):
            events.append(event)  # noqa: PERF401 - what came before an error is kept
    except FlowiseError as error:
        return events, error
    return events, None


@pytest.mark.parametrize("name", NAMES)
async def test_a_recorded_prediction(name: str, server: Server, make_client: MakeClient) -> None:
    events, error = await replayed(name, server, make_client)

    expected = expected_error(name)
    assert type(error) is (expected or type(None)), error
    assert len(server.posts) == 1
    assert isinstance(events[-1], End) if error is None else not any(isinstance(event, End) for event in events)
    if frames(name):
        assert_same_as_sent(frames(name), events)


def assert_same_as_sent(sent: list[dict[str, Any]], events: list[Event]) -> None:
    def data(name: str) -> list[Any]:
        return [frame["data"] for frame in sent if frame["event"] == name]

    said = "".join(text.partition(TOOL_REQUEST)[0] for text in data("token"))
    assert "".join(event.text for event in events if isinstance(event, Token)) == said
    documents = [len(event.documents) for event in events if isinstance(event, SourceDocuments)]
    assert documents == [len(documents) for documents in data("sourceDocuments")]
    used = [list(event.names) for event in events if isinstance(event, UsedTools)]
    assert used == [list(dict.fromkeys(tool["tool"] for tool in tools)) for tools in data("usedTools")]
    assert sum(isinstance(event, Decision) for event in events) == len(data("action"))
    ids = [(event.chat_id, event.chat_message_id) for event in events if isinstance(event, Metadata)]
    assert ids == [(metadata["chatId"], metadata["chatMessageId"]) for metadata in data("metadata")]
    running = [list(event.names) for event in events if isinstance(event, CalledTools)]
    called = [[tool["tool"] for tool in tools] for tools in data("calledTools")]
    assert running == called or data("agent_trace")


def whole(name: str) -> dict[str, Any]:
    body = "".join(row.get("tail", "") for row in rows(name))
    return json.loads(body) if body.startswith("{") else {}


@pytest.mark.parametrize("name", [name for name in NAMES if {"text", "json"} & whole(name).keys()])
async def test_a_recorded_json_answer(name: str, server: Server, make_client: MakeClient) -> None:
    events, _ = await replayed(name, server, make_client)

    answer = whole(name)
    text = "".join(event.text for event in events if isinstance(event, Token))
    if "text" in answer:
        assert text == answer["text"]
    else:
        assert json.loads(text.removeprefix("```json\n").removesuffix("\n```")) == answer["json"]
    assert [event.chat_id for event in events if isinstance(event, Metadata)] == [answer["chatId"]]
    tools = [list(event.names) for event in events if isinstance(event, UsedTools)]
    assert tools == ([[tool["tool"] for tool in answer["usedTools"]]] if answer.get("usedTools") else [])
    documents = [len(event.documents) for event in events if isinstance(event, SourceDocuments)]
    assert documents == ([len(answer["sourceDocuments"])] if answer.get("sourceDocuments") else [])


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("annotations_resp", ["plot.png", "table.csv", "report.pdf", "page.html"]),
        ("annotations_nonstreaming", ["table.csv"]),
        ("af_agent_report_artifacts", ["report.png", "", ""]),
        ("af_agent_nonstreaming", ["report.png", "", ""]),
        ("tool_agent_nonstreaming", ["report.png", "", ""]),
        ("tool_agent_report_artifacts", ["report.png", "", ""]),
        ("seq_agent_chat", []),
    ],
)
async def test_the_files_of_a_recorded_answer(
    name: str, files: list[str], server: Server, make_client: MakeClient
) -> None:
    found = ResultFiles(())
    for event in (await replayed(name, server, make_client))[0]:
        found = found.and_later(event) if isinstance(event, ResultFiles) else found
    assert [file.name for file in found.files] == files


@pytest.mark.parametrize(
    ("names", "setting"),
    [(HANGS_BEFORE_HEADERS, "FLOWISE_HEADERS_TIMEOUT"), (HANGS_IN_STREAM, "FLOWISE_EVENT_TIMEOUT")],
)
async def test_a_hanging_prediction_names_the_limit(
    names: set[str], setting: str, server: Server, make_client: MakeClient
) -> None:
    for name in names - {"queue_no_worker", "queue_worker_dies"}:
        _, error = await replayed(name, server, make_client)
        assert error is not None
        assert setting in str(error), name
        assert error.run is RunState.UNKNOWN


async def test_what_a_failure_says_of_the_run(server: Server, make_client: MakeClient) -> None:
    states = {
        "llm_mid_drop": RunState.OVER,
        "llm_pre_400_nonstreaming": RunState.OVER,
        "text_empty_answer": RunState.OVER,
        "server_dies_sigkill": RunState.UNKNOWN,
        "auth_wrong_streaming": RunState.NOT_STARTED,
        "unknown_flow_nonstreaming": RunState.NOT_STARTED,
        "ratelimit_3_streaming": RunState.NOT_STARTED,
        "question_55mb": RunState.NOT_STARTED,
    }
    for name, run in states.items():
        _, error = await replayed(name, server, make_client)
        assert error is not None
        assert error.run is run, name


async def test_the_tools_of_a_detailed_trace(server: Server, make_client: MakeClient) -> None:
    events, _ = await replayed("tool_agent_detailed_calculator", server, make_client)
    assert [event.names for event in events if isinstance(event, CalledTools)] == [("calculator",), ()]


async def test_sources_of_a_retrieval(server: Server, make_client: MakeClient) -> None:
    events, _ = await replayed("rag_first", server, make_client)
    [sources] = [event for event in events if isinstance(event, SourceDocuments)]
    assert {(one.title, one.url, one.page) for one in sources.documents} == {
        ("handbook.md", "https://docs.example/handbook", "3")
    }
    assert sorted(one.lines for one in sources.documents if one.lines) == [(1, 3), (5, 5), (7, 9)]

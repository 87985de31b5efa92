"""Flowise's table of events, in both wire forms."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.events import (
    AgentflowStarted,
    AgentsSpoke,
    CalledTools,
    Decision,
    End,
    ErrorReported,
    Event,
    Metadata,
    ModelThinking,
    ResultFile,
    ResultFiles,
    SourceDocument,
    SourceDocuments,
    Step,
    StepState,
    Token,
    TokensUsed,
    UsedTools,
    WordsWhole,
)
from bot.flowise.parse import hold, parse, stored_events, whole_answer
from bot.flowise.wire import LineHold
from tests.examples import examples

TOOLS = [{"tool": "search", "toolInput": {}, "toolOutput": ""}, None, {"tool": "search"}, {"tool": " a\nb "}, {}]
NODE = {"nodeId": "llmAgentflow_0", "nodeLabel": " Summarise\n"}
BUTTONS = [{"type": "agentflowv2-approve-button", "label": "Proceed"}, {"type": "reject-button", "label": "No"}, None]

EVENTS: list[tuple[str, object, Event | None]] = [
    ("start", "", None),
    ("start", "You", None),
    ("start", [{"agentName": "Helper"}], None),
    ("token", " hello", Token(" hello")),
    ("token", "", None),
    ("token", 7, None),
    ("token", None, None),
    ("thinking", "hm", ModelThinking()),
    ("thinking", "", ModelThinking(ended=True)),
    ("sourceDocuments", [{"metadata": {"title": "One"}}], SourceDocuments((SourceDocument("One"),))),
    ("sourceDocuments", [], SourceDocuments(())),
    ("sourceDocuments", "x", None),
    ("usedTools", TOOLS, UsedTools(("search", "a b"))),
    ("usedTools", None, None),
    ("calledTools", TOOLS[:1], CalledTools(("search",))),
    ("calledTools", [], CalledTools(())),
    ("tool", "code_interpreter", CalledTools(("code_interpreter",))),
    ("agent_trace", {"step": "agent_action", "action": '{"tool":"search","log":"x"}'}, CalledTools(("search",))),
    ("agent_trace", {"step": "agent_action", "action": '{"tool":'}, None),
    ("agent_trace", {"step": "agent_action", "action": "[1]"}, None),
    ("agent_trace", {"step": "tool_start", "name": "unknown-tool"}, None),
    ("agent_trace", {"step": "tool_start", "name": "search"}, CalledTools(("search",))),
    ("agent_trace", {"step": "tool_end", "output": "x"}, CalledTools(())),
    ("agent_trace", {"step": "tool_error", "error": "x"}, CalledTools(())),
    ("agent_trace", {"step": "new_step"}, None),
    ("artifacts", [{"type": "png", "data": "FILE-STORAGE::a.png"}], ResultFiles((ResultFile("a.png"),))),
    ("artifacts", {"type": "png", "data": "FILE-STORAGE::a.png"}, ResultFiles((ResultFile("a.png"),))),
    ("artifacts", [], None),
    ("artifacts", [None], None),
    ("artifacts", "x", None),
    (
        "fileAnnotations",
        [{"filePath": "FILE-STORAGE::a.csv", "fileName": "a.csv"}],
        ResultFiles((ResultFile("a.csv"),)),
    ),
    ("fileAnnotations", [], None),
    ("fileAnnotations", None, None),
    ("agentReasoning", [{"agentName": "Helper", "messages": ["x"]}, None, {"agentName": 7}], AgentsSpoke(("Helper",))),
    ("agentReasoning", [{"agentName": "a"}, {"agentName": " b\n "}, {"agentName": "a"}], AgentsSpoke(("a", "b", "a"))),
    ("agentReasoning", [{"agentName": "__start__"}], AgentflowStarted()),
    ("agentReasoning", {}, AgentflowStarted()),
    ("nextAgent", "Helper", Step("agent Helper", "Helper", StepState.RUNNING)),
    ("nextAgent", "__end__", AgentflowStarted()),
    ("agentFlowEvent", "INPROGRESS", AgentflowStarted()),
    ("agentFlowEvent", "STOPPED", AgentflowStarted()),
    ("agentFlowEvent", "FINISHED", WordsWhole()),
    ("tts_start", {"chatMessageId": "m", "format": "mp3"}, WordsWhole()),
    ("nextAgentFlow", {"nodeId": "x"}, AgentflowStarted()),
    ("nextAgentFlow", NODE | {"status": "INPROGRESS"}, Step("llmAgentflow_0", "Summarise", StepState.RUNNING)),
    ("nextAgentFlow", NODE | {"status": "FINISHED"}, Step("llmAgentflow_0", "Summarise", StepState.FINISHED)),
    ("nextAgentFlow", NODE | {"status": "ERROR", "error": "x"}, Step("llmAgentflow_0", "Summarise", StepState.FAILED)),
    ("nextAgentFlow", NODE | {"status": "STOPPED"}, Step("llmAgentflow_0", "Summarise", StepState.WAITING)),
    ("nextAgentFlow", NODE | {"status": "TERMINATED"}, Step("llmAgentflow_0", "Summarise", StepState.STOPPED)),
    ("nextAgentFlow", NODE | {"status": "DREAMING"}, AgentflowStarted()),
    ("nextAgentFlow", NODE | {"status": ["FINISHED"]}, AgentflowStarted()),
    ("nextAgentFlow", NODE | {"status": "FINISHED", "nodeLabel": " "}, AgentflowStarted()),
    ("nextAgentFlow", NODE | {"status": "FINISHED", "nodeLabel": 7}, AgentflowStarted()),
    ("nextAgentFlow", NODE | {"status": "FINISHED", "nodeId": "startAgentflow_0"}, AgentflowStarted()),
    ("nextAgentFlow", NODE | {"status": "FINISHED", "nodeId": "loopAgentflow_12"}, AgentflowStarted()),
    (
        "nextAgentFlow",
        NODE | {"status": "FINISHED", "nodeId": None},
        Step("Summarise", "Summarise", StepState.FINISHED),
    ),
    ("agentFlowExecutedData", [{"nodeId": "x"}], None),
    ("usageMetadata", {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, TokensUsed(7)),
    ("usageMetadata", {}, None),
    ("usageMetadata", {"total_tokens": -1}, None),
    ("usageMetadata", {"total_tokens": "7"}, None),
    ("action", {"id": "1", "elements": BUTTONS}, Decision("1", "Proceed", "No")),
    ("action", {"id": "1", "mapping": {"approve": "Yes", "reject": "No"}}, Decision("1", "Yes", "No")),
    ("action", {"id": "1", "elements": 5}, Decision("1")),
    ("action", {}, None),
    ("action", "{broken", None),
    ("action", None, None),
    ("metadata", {"chatId": "c", "chatMessageId": "m", "sessionId": "s"}, Metadata("c", "m")),
    ("metadata", {"chatId": 5}, Metadata("")),
    ("metadata", {"chatId": "c", "followUpPrompts": '["What else?"]'}, Metadata("c", "", follow_ups=("What else?",))),
    ("metadata", [], None),
    ("error", "Error: x", ErrorReported("Error: x")),
    ("error", {"message": "x"}, ErrorReported('{"message": "x"}')),
    ("abort", "[DONE]", ErrorReported("the run was aborted")),
    ("tts_data", {"audioChunk": "x"}, None),
    ("executionEnd", {"chatId": "c"}, None),
    ("somethingNew", {"a": 1}, None),
    ("end", "[DONE]", End()),
]


@pytest.mark.parametrize(("name", "data", "event"), EVENTS)
def test_the_form_that_the_server_sends(name: str, data: object, event: Event | None) -> None:
    assert parse("", json.dumps({"event": name, "data": data}, separators=(",", ":"))) == event


DOCUMENTED = {"start", "token", "error", "end", "metadata", "sourceDocuments", "usedTools"}
# Tokens and errors are text in this form, whatever they hold.
DOCUMENTED_ROWS = [
    row for row in EVENTS if row[0] in DOCUMENTED and (isinstance(row[1], str) or row[0] not in ("token", "error"))
]


@pytest.mark.parametrize(("name", "data", "event"), DOCUMENTED_ROWS)
def test_the_form_that_the_documentation_shows(name: str, data: object, event: Event | None) -> None:
    assert parse(name, data if isinstance(data, str) else json.dumps(data)) == event


@pytest.mark.parametrize("text", [" world", '{"event":"end"}', "[DONE]", '"quoted"', "12"])
def test_a_raw_token_is_text_whatever_it_holds(text: str) -> None:
    assert parse("token", text) == Token(text)


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "null", '{"data":"x"}', '{"event":5,"data":"x"}', "\ufffd", "[" * 9000]
)
def test_what_cannot_be_read_is_let_past(data: str) -> None:
    assert parse("", data) is None
    assert parse("metadata", data) in (None, Metadata(""))


def test_the_dump_of_a_run_is_not_read() -> None:
    assert parse("", '{"event":"agentFlowExecutedData","data":[{"credential": not even json') is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tool", "step", "action", "metadata", "loc", "lines", "elements", "label", "mapping"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=examples(80))
@given(name=st.sampled_from(sorted({row[0] for row in EVENTS})), data=JSON)
def test_no_data_makes_it_raise(name: str, data: object) -> None:
    parse("", json.dumps({"event": name, "data": data}))
    parse(name, json.dumps(data))
    whole_answer({"text": data, name: data})


def test_a_json_answer() -> None:
    body = {
        "text": "Hello",
        "chatId": "c",
        "chatMessageId": "m",
        "sessionId": "s",
        "sourceDocuments": [{"metadata": {"title": "One"}}],
        "usedTools": [{"tool": "search"}],
        "action": json.dumps({"elements": BUTTONS}),
        "agentFlowExecutedData": [{"secret": 1}],
    }
    assert whole_answer(body) == (
        Token("Hello"),
        SourceDocuments((SourceDocument("One"),)),
        UsedTools(("search",)),
        Decision("", "Proceed", "No"),
        Metadata("c", "m"),
    )


def test_a_json_answer_of_an_output_parser_is_shown_as_code() -> None:
    assert whole_answer({"json": {"answer": "é"}}) == (Token('```json\n{\n  "answer": "é"\n}\n```'), Metadata(""))


def test_the_fence_is_longer_than_any_in_the_json() -> None:
    events = whole_answer({"json": {"answer": "````"}})
    assert events is not None
    assert events[0] == Token('`````json\n{\n  "answer": "````"\n}\n`````')


@pytest.mark.parametrize("body", [None, [], "text", 5, {}, {"hello": "world"}])
def test_json_that_is_no_answer(body: object) -> None:
    assert whole_answer(body) is None


def test_an_answer_without_text() -> None:
    assert whole_answer({"text": "", "chatId": "c"}) == (Metadata("c"),)


SOURCES = [{"pageContent": "x", "metadata": {"title": "A"}}]
DECISION = {"id": "1", "mapping": {"approve": "Proceed", "reject": "Reject"}}

STORED: list[tuple[dict[str, object], tuple[Event, ...]]] = [
    ({"content": "Hello", "sourceDocuments": None, "usedTools": None, "action": None}, (Token("Hello"),)),
    (
        {
            "content": "Hello",
            "sourceDocuments": SOURCES,
            "usedTools": [{"tool": "search", "toolOutput": "x"}],
            "action": DECISION,
        },
        (
            Token("Hello"),
            SourceDocuments((SourceDocument("A"),)),
            UsedTools(("search",)),
            Decision("1", "Proceed", "Reject"),
        ),
    ),
    (
        {"content": "", "sourceDocuments": json.dumps(SOURCES), "usedTools": "[{", "action": json.dumps(DECISION)},
        (SourceDocuments((SourceDocument("A"),)), Decision("1", "Proceed", "Reject")),
    ),
    ({"content": '{\n  "text": ""\n}'}, ()),
    ({"content": json.dumps({"text": "", "sourceDocuments": SOURCES})}, ()),
    (
        {"content": "Hello", "artifacts": [{"type": "png", "data": "FILE-STORAGE::a.png"}], "fileAnnotations": []},
        (Token("Hello"), ResultFiles((ResultFile("a.png"),))),
    ),
    (
        {"content": "", "artifacts": None, "fileAnnotations": '[{"fileName":"a.csv","filePath":"x"}]'},
        (ResultFiles((ResultFile("a.csv"),)),),
    ),
    (
        {"content": '{"text": "", "artifacts": [{"type": "png", "data": "FILE-STORAGE::a.png"}]}'},
        (ResultFiles((ResultFile("a.png"),)),),
    ),
    ({"content": '{"answer": 42}'}, (Token('{"answer": 42}'),)),
    ({"content": None}, ()),
    ({}, ()),
]


@pytest.mark.parametrize(("row", "events"), STORED)
def test_a_stored_answer(row: dict[str, object], events: tuple[Event, ...]) -> None:
    assert stored_events(row) == events


def test_what_only_its_name_says_is_not_decoded() -> None:
    assert parse("", '{"event":"agentReasoning","data":[{"mess') == AgentflowStarted()
    assert parse("", '{"event":"nextAgentFlow","data":{') == AgentflowStarted()
    assert parse("", '{"event":"calledTools","data":[{') is None
    assert parse("", '{"event":"thinking","data":"The person wa') == ModelThinking()
    assert parse("", '{"event":"thinking","data":"","duration":3}') == ModelThinking(ended=True)
    assert parse("", '{"event":"agentFlowExecutedData","data":[{') is None
    assert parse("", '{"event":"artifacts","data":[{') == ResultFiles((), more=True)


@pytest.mark.parametrize("name", ["tts_data", "tts_end", "tts_abort", "tts_start"])
def test_speech_is_skipped_unread(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_: str) -> object:
        raise AssertionError("it was read")

    monkeypatch.setattr("bot.flowise.parse.read_json", read)
    told = WordsWhole() if name == "tts_start" else None
    assert parse("", f'{{"event":"{name}","data":{{"chatMessageId":"m","audioChunk":"AAAA"}}}}') == told
    assert parse(name, '{"chatMessageId":"m","audioChunk":"AAAA"}') == told


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("token", LineHold.WHOLE),
        ("error", LineHold.WHOLE),
        ("action", LineHold.WHOLE),
        ("sourceDocuments", LineHold.IF_IT_FITS),
        ("usedTools", LineHold.IF_IT_FITS),
        ("metadata", LineHold.IF_IT_FITS),
        ("agentFlowExecutedData", LineHold.BEGINNING),
        ("artifacts", LineHold.IF_IT_FITS),
        ("fileAnnotations", LineHold.IF_IT_FITS),
        ("tts_data", LineHold.BEGINNING),
    ],
)
def test_how_much_of_a_line_is_held(name: str, held: LineHold) -> None:
    assert hold(f'data:{{"event":"{name}","data":'.encode()) is held
    assert hold(f'data: {{"event":"{name}","data":'.encode()) is held


@pytest.mark.parametrize("line", [b"event: token", b"data: words", b'data: {"name":"x"}', b": comment", b"\xff" * 64])
def test_a_line_that_names_no_event_is_held_whole(line: bytes) -> None:
    assert hold(line) is LineHold.WHOLE


def test_names_and_ids_are_bounded() -> None:
    tools = [{"tool": f"t{number}"} for number in range(5_000)]
    used = parse("usedTools", json.dumps(tools))
    assert isinstance(used, UsedTools)
    assert len(used.names) == 100
    assert parse("metadata", json.dumps({"chatId": "x" * 201, "sessionId": "s"})) == Metadata("")


def test_an_error_of_many_parts_is_cut_for_the_log() -> None:
    told = parse("", json.dumps({"event": "error", "data": [{}] * 100_000}))
    assert isinstance(told, ErrorReported)
    assert len(told.message) <= 4_000

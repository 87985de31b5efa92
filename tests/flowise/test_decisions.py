"""What a flow asks a person to decide is read, and nothing else of it; whether it still waits; what Flowise is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.flowise.decisions import (
    Choice,
    PauseState,
    Refusal,
    decision,
    pause_state,
    refused,
    resumption,
    without_tool_request,
)
from bot.flowise.events import Decision, ToolCall
from tests.examples import examples

RECORDINGS = Path(__file__).parents[1] / "recordings"
PROCEED = {"approve": "Proceed", "reject": "Reject"}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]


def frames(name: str, event: str) -> list[Any]:
    """The data of the recorded frames of a type."""
    lines = (line for row in rows(name) for line in row.get("frame", "").split("\n"))
    told = (json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:"))
    return [frame["data"] for frame in told if frame["event"] == event]


def action(name: str) -> Any:
    return frames(name, "action")[0]


def body(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.request.json").read_text("utf-8"))["body"]


CALL = (("input", "21*2"),)
READ: list[tuple[str, Decision]] = [
    (
        "human_proceed_1_asks",
        Decision(
            "f964a2bc-1e08-4b83-be98-7be78b1f1b9a",
            "Proceed",
            "Reject",
            node_id="humanInputAgentflow_0",
            node_label="Human Input",
            asks_feedback=True,
        ),
    ),
    (
        "depth_nofeedback_1_asks",
        Decision(
            "902f48a2-2cbd-4343-9600-e0219fd25b90",
            "Proceed",
            "Reject",
            node_id="humanInputAgentflow_0",
            node_label="Human Input",
        ),
    ),
    (
        "tool_approval_proceed_1_asks",
        Decision(
            "fc2b1565-0f0d-4e2f-8f2b-274e5a0fd758",
            "Proceed",
            "Reject",
            node_id="agentAgentflow_0",
            node_label="Agent",
            tools=(ToolCall("calculator", "call_f24f0e9ee7", CALL),),
        ),
    ),
    (
        "seq_agent_interrupt_1",
        Decision(
            "4e878e6d-8b8e-4c2d-98b1-8c02c7e4ee0b",
            "Yes",
            "No",
            tools=(ToolCall("calculator", "call_00770c87ae", CALL),),
        ),
    ),
]


@pytest.mark.parametrize(("name", "expected"), READ, ids=[name for name, _ in READ])
def test_what_is_asked_is_read_as_a_value_and_as_its_json(name: str, expected: Decision) -> None:
    assert decision(action(name)) == expected
    assert decision(json.dumps(action(name))) == expected
    assert expected.can_be_made


def test_the_second_of_two_tools_is_the_one_that_waits() -> None:
    found = decision(action("depth_two_tools_2_first_approved"))
    assert found is not None
    assert [tool.name for tool in found.tools] == ["direct_tool"]


@pytest.mark.parametrize(
    "data",
    [
        {"id": "1"},
        {"id": "1", "mapping": {"approve": "Yes"}},
        {"mapping": PROCEED},
        {"id": "1\n", "mapping": PROCEED},
        {"id": 1, "mapping": PROCEED},
        {"id": "1", "mapping": {"approve": " ", "reject": "\n"}},
        {"id": "1", "elements": [None, 5, {"type": "approve-button"}]},
    ],
)
def test_without_an_id_or_a_label_it_cannot_be_made_from_here(data: object) -> None:
    found = decision(data)
    assert found is not None
    assert not found.can_be_made


@pytest.mark.parametrize("data", [None, {}, [], "", "{", 5, "[1]", [{"id": "1"}]])
def test_what_is_no_action(data: object) -> None:
    assert decision(data) is None


def test_nothing_but_what_is_asked_is_kept() -> None:
    """A canary in every other field of a real action."""

    kept = {"id", "label", "type", "approve", "reject", "nodeId", "nodeLabel", "name", "input"}

    def with_canaries(value: object, key: str = "") -> object:
        match value:
            case dict():
                more = {} if key == "args" else {"more": "CANARY"}  # arguments are shown, whatever their names
                return {name: with_canaries(inner, name) for name, inner in value.items()} | more
            case list():
                return ["CANARY", *(with_canaries(inner) for inner in value)]
            case str() if key in kept:
                return value
        return value if isinstance(value, bool) else "CANARY"

    for name, expected in READ:
        told = with_canaries(action(name))
        assert json.dumps(told).count("CANARY") > 5
        assert decision(told) == expected


def test_everything_is_bounded() -> None:
    args = {f"{number}" * 200: ["x" * 5_000] for number in range(50)}
    calls = [{"name": "n" * 500, "id": "i" * 300, "args": args} for _ in range(50)]
    huge = {"id": "1", "mapping": {"approve": "a" * 10_000, "reject": "r\n" * 10_000, "toolCalls": calls}}
    found = decision(huge)
    assert found is not None
    assert len(found.approve) <= 200
    assert len(found.reject.splitlines()) == 1
    assert len(found.tools) == 5
    assert found.tools[0].call_id == ""
    assert len(found.tools[0].arguments) == 10
    assert len(repr(found)) < 25_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "data", "input", "messages", "tool_calls", "args", "name", "mapping", "toolCalls", "elements"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=examples(80))
@given(JSON)
def test_no_data_makes_it_raise(data: object) -> None:
    decision(data)
    pause_state([{"id": "a", "action": data, "execution": data}], "a", "1")


# The text of an agent that asks for a tool --------------------------------------------------------------------------


def test_the_json_of_a_tool_that_is_to_be_allowed_is_no_text() -> None:
    [request] = [text for text in frames("tool_approval_proceed_1_asks", "token") if text]
    assert without_tool_request(request) == ""
    assert without_tool_request(f"Let me look.{request}") == "Let me look."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Attempting to use tool: calculator",
        "\nAttempting to use tool:\n```json\n{",
        "\nAttempting to use tool:\n```json\n[]\n```",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert without_tool_request(text) == text


# Whether it still waits ---------------------------------------------------------------------------------------------

AT = "2026-11-30T23:05:26.633Z"
OWN = {
    "id": "own",
    "role": "apiMessage",
    "action": {"id": "1", "mapping": PROCEED},
    "execution": {"state": "STOPPED"},
    "createdDate": AT,
}
NEWER = {"id": "newer", "role": "userMessage", "content": " ", "createdDate": "2026-11-30T23:05:26.634Z"}
STATES: list[tuple[str, list[Mapping[str, object]], PauseState]] = [
    ("stopped", [OWN], PauseState.OPEN),
    ("the same row twice, as two requests give it", [OWN, OWN], PauseState.OPEN),
    ("an older multi-agent flow", [{**OWN, "execution": None}], PauseState.OPEN),
    ("its own question of the same millisecond", [OWN, {**NEWER, "createdDate": AT}], PauseState.OPEN),
    ("an answer of the same millisecond", [OWN, {**OWN, "id": "newer", "action": None}], PauseState.OVER),
    ("its action as JSON", [{**OWN, "action": json.dumps(OWN["action"])}], PauseState.OPEN),
    ("decided, and under way", [{**OWN, "execution": {"state": "INPROGRESS"}}], PauseState.RUNNING),
    ("decided, and failed", [{**OWN, "execution": {"state": "ERROR"}}], PauseState.FAILED),
    ("decided, and done", [{**OWN, "execution": {"state": "FINISHED"}}], PauseState.OVER),
    ("decided: Flowise takes the action away", [{**OWN, "action": None}], PauseState.OVER),
    ("another action", [{**OWN, "action": {"id": "2", "mapping": PROCEED}}], PauseState.OVER),
    ("something newer", [OWN, NEWER], PauseState.OVER),
    ("a newer stop of the same node", [OWN, {**OWN, "id": "newer", "action": {"id": "2"}}], PauseState.OVER),
    ("its row is gone", [], PauseState.OVER),
    ("only others", [NEWER], PauseState.OVER),
]


@pytest.mark.parametrize(("rows", "state"), [case[1:] for case in STATES], ids=[case[0] for case in STATES])
def test_whether_a_stop_is_open_is_told_by_its_row(rows: list[Mapping[str, object]], state: PauseState) -> None:
    assert pause_state(rows, "own", "1") is state


# What Flowise is told -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asks", "decided", "approves", "feedback"),
    [
        ("human_proceed_1_asks", "human_proceed_2_resume", True, ""),
        ("human_reject_1_asks", "human_reject_2_resume", False, ""),
        ("human_proceed_1_asks", "depth_resume_q_feedback", True, "my feedback"),
        ("tool_approval_reject_1_asks", "tool_approval_reject_2_resume", False, ""),
    ],
)
def test_a_decision_is_told_as_it_was_recorded(
    asks: str,
    decided: str,
    approves: bool,
    feedback: str,
) -> None:
    asked = decision(action(asks))
    assert asked is not None
    told = resumption(Choice(asked, approves, feedback))
    recorded = body(decided)["humanInput"]
    # An empty comment is left out; what was typed in those requests is theirs.
    comment = {"feedback": feedback} if feedback else {}
    assert told == {"humanInput": {key: recorded[key] for key in ("type", "startNodeId")} | comment}


def test_an_older_flow_is_told_the_label_and_what_it_asked_with() -> None:
    asked = decision(action("seq_agent_interrupt_1"))
    assert asked is not None
    told = resumption(Choice(asked, True, "no comment goes along"))
    recorded = body("seq_agent_interrupt_2_approve")
    assert told["question"] == recorded["question"] == "Yes"
    expected = recorded["action"]
    # Of a call Flowise needs the name and the id, to deny it.
    expected["mapping"]["toolCalls"] = [{"name": "calculator", "id": "call_00770c87ae"}]
    assert told["action"] == expected
    assert resumption(Choice(asked, False))["question"] == "No"


REFUSED: list[tuple[str, Refusal | None]] = [
    ("human_twice_3_proceed_again", Refusal.CLOSED),
    ("depth_stale_4_press_of_second", Refusal.CLOSED),
    ("depth_resume_next_fails_2_again", Refusal.CLOSED),
    ("depth_seq_yes_after_no", Refusal.CLOSED),
    ("human_resume_no_pending", Refusal.LOST),
    ("depth_resume_unknown_node", Refusal.LOST),
    ("depth_resume_next_fails_1", None),
    ("depth_resume_own_fails_1", None),
]


@pytest.mark.parametrize(("name", "why"), REFUSED)
def test_why_flowise_does_not_resume_is_told_by_its_words(name: str, why: Refusal | None) -> None:
    [error] = frames(name, "error")
    assert refused(error) is why

"""Reads what a flow that waits for a person's decision asks, tells whether it still waits, and writes the decision.

The frame `action` carries the prompts, the model's settings and the ids of credentials beside what is asked. Taken are
its id, the two labels, the node that waits, whether it wants a comment, and the tools that are to be allowed; nothing
else of it leaves this module. All of that is the flow's or a model's own text: hostile, and cut here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from bot.flowise.events import Decision, ToolCall
from bot.flowise.json_text import read_json, write_json
from bot.flowise.sources import one_line
from bot.flowise.stored import Row, is_answer

Json: TypeAlias = Mapping[str, object]

# Characters. Slack shows 75 of a label; the whole one is sent back to older multi-agent flows.
_LONGEST_LABEL: Final = 200
_LONGEST_ID: Final = 200
_LONGEST_NAME: Final = 80
# What is shown of a tool that is to be allowed: enough to judge it by, little enough to be read.
_MOST_TOOLS: Final = 5
_MOST_ARGUMENTS: Final = 10
_LONGEST_VALUE: Final = 300

# What an agent's node adds to its text when a tool has to be allowed: the call as JSON, which is shown as a list
# instead (measured on Flowise 3.1.4).
_REQUEST_BEGINS: Final = "\nAttempting to use tool:\n```json\n{"
_REQUEST_ENDS: Final = "}\n```"

_APPROVE, _REJECT = "approve-button", "reject-button"


class PauseState(Enum):
    """What the stored rows say of a run that has paused for a decision."""

    OPEN = "open"
    """It is the newest of its chat, and waits."""
    FAILED = "failed"
    """It is the newest of its chat; a decision was made, and the run failed after it."""
    RUNNING = "running"
    """A decision was made, and the run goes on."""
    OVER = "over"
    """It was decided, or something newer was asked on its chat, or its row is gone."""


def decision(data: object) -> Decision | None:
    """The decision that an `action` describes, as a value or its JSON; None where it describes none.

    Without an id or one of the labels it cannot be made from here: `Decision.can_be_made`.
    """
    action = _object(data)
    if not action:
        return None
    asked, mapping = _object(action.get("data")), _object(action.get("mapping"))
    node = _object(asked.get("input"))
    return Decision(
        id=_identifier(action.get("id")),
        approve=_label(action, mapping, _APPROVE, "approve"),
        reject=_label(action, mapping, _REJECT, "reject"),
        node_id=_identifier(asked.get("nodeId")),
        node_label=_line(asked.get("nodeLabel"), _LONGEST_NAME),
        asks_feedback=node.get("humanInputEnableFeedback") is True,
        tools=tuple(_tools(mapping.get("toolCalls") or _last_calls(node.get("messages")))),
    )


def without_tool_request(text: str) -> str:
    """An agent's text without the JSON of the tool call that it asks a person to allow."""
    said, begins, request = text.partition(_REQUEST_BEGINS)
    return said if begins and request.rstrip().endswith(_REQUEST_ENDS) else text


def pause_state(rows: Sequence[Row], row_id: str, action_id: str) -> PauseState:
    """The state of the pause that was stored as `row_id`. `rows` are that row and all that are not older.

    Rows of older multi-agent flows have no execution: of those nothing shows that they run.
    """
    row = next((row for row in rows if row.get("id") == row_id), None)
    if row is None or any(_is_newer(other, row) for other in rows if other.get("id") != row_id):
        return PauseState.OVER
    asked = decision(row.get("action"))
    if asked is None or asked.id != action_id:
        return PauseState.OVER
    match _object(row.get("execution")).get("state"):
        case None | "STOPPED":
            return PauseState.OPEN
        case "ERROR":
            return PauseState.FAILED
        case "INPROGRESS":
            return PauseState.RUNNING
    return PauseState.OVER


def _is_newer(other: Row, row: Row) -> bool:
    """Whether one of two rows of a chat is newer. A question of the same millisecond is the one that was answered."""
    return is_answer(other) or str(other.get("createdDate")) > str(row.get("createdDate"))


class Refusal(Enum):
    """Why Flowise does not resume a run."""

    CLOSED = "closed"
    """It does not wait any more."""
    LOST = "lost"
    """It is not there any more, or not the node that waited."""


# Flowise's own words (measured on 3.1.4; the last of them for older multi-agent flows, also after a second press).
_CLOSED = re.compile(r"Cannot resume execution \S+ because it is in '\w+' state|No tasks to run in graph")
_LOST = re.compile(r"No previous execution found for session|Node \S+ not found in previous execution|No stopped node")


def refused(error: str) -> Refusal | None:
    """Why Flowise does not resume a run, by the error it has reported; None: for none of these reasons."""
    if _CLOSED.search(error):
        return Refusal.CLOSED
    return Refusal.LOST if _LOST.search(error) else None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has decided, with what they said about it, which may be empty."""

    decision: Decision
    approves: bool
    feedback: str = ""


def is_echo(text: str, choice: Choice | None) -> bool:
    """Whether a stored text only repeats what was decided: Flowise stores the decision, or what was said about it, as
    the answer of a run that ends with the node that waited for it (measured on 3.1.4)."""
    return choice is not None and text.strip() in {"proceed", "reject", choice.feedback.strip()}


def resumption(choice: Choice) -> dict[str, object]:
    """The part of a prediction's body that makes a decision, without a question: that would pose as the person's words.

    Older multi-agent flows want the label as a question, and the calls that they asked for (Flowise 3.1.4,
    `buildAgentGraph`).
    """
    asked, approves, feedback = choice.decision, choice.approves, choice.feedback
    if asked.node_id:
        made: dict[str, object] = {"type": "proceed" if approves else "reject", "startNodeId": asked.node_id}
        return {"humanInput": made | ({"feedback": feedback} if feedback else {})}
    calls = [{"name": tool.name, "id": tool.call_id} for tool in asked.tools]
    mapping: dict[str, object] = {"approve": asked.approve, "reject": asked.reject}
    return {
        "question": asked.approve if approves else asked.reject,
        "action": {"id": asked.id, "mapping": mapping | ({"toolCalls": calls} if calls else {})},
    }


def _label(action: Json, mapping: Json, kind: str, name: str) -> str:
    elements = action.get("elements")
    buttons = [_object(element) for element in elements] if isinstance(elements, list) else []
    labels = (button.get("label") for button in buttons if str(button.get("type")).endswith(kind))
    return _line(next(labels, None) or mapping.get(name), _LONGEST_LABEL)


def _last_calls(messages: object) -> object:
    """The tool calls in the last message that a node was given: the ones that wait."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    return _object(last).get("tool_calls")


def _tools(calls: object) -> Iterator[ToolCall]:
    for call in calls[:_MOST_TOOLS] if isinstance(calls, list) else []:
        if isinstance(call, dict) and (name := _line(call.get("name"), _LONGEST_NAME)):
            yield ToolCall(name, _identifier(call.get("id")), tuple(_arguments(call.get("args"))))


def _arguments(given: object) -> Iterator[tuple[str, str]]:
    if not isinstance(given, dict):
        return
    for name, value in list(given.items())[:_MOST_ARGUMENTS]:
        text = value if isinstance(value, str) else write_json(value, _LONGEST_VALUE)
        yield one_line(str(name), _LONGEST_NAME), one_line(text, _LONGEST_VALUE)


def _line(value: object, longest: int) -> str:
    return one_line(value, longest) if isinstance(value, str) else ""


def _identifier(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST_ID and value.isprintable() else ""


def _object(value: object) -> Json:
    """An object, or the JSON of one; empty where it is none."""
    if isinstance(value, str):
        try:
            value = read_json(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}

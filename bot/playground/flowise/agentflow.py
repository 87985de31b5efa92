"""Builds the frames that an agent flow adds around its tokens: the run, its nodes, what they have done so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.playground.flowise.wire import END, frame, prediction_error

ABORTED = "This operation was aborted"
EXECUTED = "agentFlowExecutedData"

DONE = {"proceed": "Approved, done.", "reject": "Rejected, nothing done."}


@dataclass(frozen=True, slots=True)
class Node:
    """A node of an agent flow: its id (type and number) and the label people gave it."""

    id: str
    label: str

    @property
    def name(self) -> str:
        return self.id.rsplit("_", 1)[0]


START = Node("startAgentflow_0", "Start")
AGENT = Node("agentAgentflow_0", "Agent")
LLM = Node("llmAgentflow_0", "LLM")
HUMAN = Node("humanInputAgentflow_0", "Human Input")
REPLIES = {
    "proceed": Node("directReplyAgentflow_0", "Direct Reply"),
    "reject": Node("directReplyAgentflow_1", "Direct Reply"),
}


@dataclass(slots=True)
class Trace:
    """Writes down a run as its nodes go by: the frames to send, and the whole run so far."""

    executed: list[Mapping[str, object]] = field(default_factory=list)

    def begin(self) -> bytes:
        return frame("agentFlowEvent", "INPROGRESS")

    def enter(self, node: Node) -> bytes:
        return _next(node, "INPROGRESS")

    def leave(self, node: Node, given: object, output: object, status: str = "FINISHED") -> bytes:
        """The node's end, and everything that was executed up to it (the server repeats the whole run each time)."""
        previous = [self.executed[-1]["nodeId"]] if self.executed else []
        data = {"id": node.id, "name": node.name, "input": given, "output": output, "state": {}}
        self.executed.append(
            {"nodeId": node.id, "nodeLabel": node.label, "data": data, "previousNodeIds": previous, "status": status}
        )
        return _next(node, status) + frame(EXECUTED, self.executed)

    def start_node(self, question: str) -> bytes:
        """All frames of the Start node."""
        said = {"question": question}
        return self.enter(START) + self.leave(START, said, said)

    def finish(self) -> bytes:
        return frame("agentFlowEvent", "FINISHED")

    def aborted(self, node: Node) -> bytes:
        """What is sent when the abort endpoint stops the run in `node`: an `error`, never an `abort` event."""
        reason = f"Error in {node.label} node: {ABORTED}"
        data = {"id": node.id, "name": node.name, "error": reason}
        failed = {
            "nodeId": node.id,
            "nodeLabel": node.label,
            "previousNodeIds": [START.id],
            "data": data,
            "status": "ERROR",
        }
        status = {"nodeId": node.id, "nodeLabel": node.label, "status": "ERROR", "error": reason}
        return (
            frame("nextAgentFlow", status)
            + frame(EXECUTED, [*self.executed, failed])
            + frame("agentFlowEvent", "ERROR")
            + frame("error", prediction_error(reason))
            + END
        )


def decision(action_id: str, node: Node, given: Mapping[str, object]) -> dict[str, object]:
    """The data of an `action` event: what is to be decided, and the node to go on from, with all that it was given."""
    return {
        "id": action_id,
        "mapping": {"approve": "Proceed", "reject": "Reject"},
        "elements": [
            {"type": "agentflowv2-approve-button", "label": "Proceed"},
            {"type": "agentflowv2-reject-button", "label": "Reject"},
        ],
        "data": {"nodeId": node.id, "nodeLabel": node.label, "input": given},
    }


def messages(question: str) -> dict[str, object]:
    """The input of a node that was given the question."""
    return {"messages": [{"role": "user", "content": question}]}


def usage(question: str, text: str) -> dict[str, object]:
    """The token counts of a model's answer; the stand-in counts words."""
    given, said = len(question.split()), len(text.split())
    return {
        "input_tokens": given,
        "output_tokens": said,
        "total_tokens": given + said,
        "input_token_details": {},
        "output_token_details": {},
    }


def _next(node: Node, status: str) -> bytes:
    return frame("nextAgentFlow", {"nodeId": node.id, "nodeLabel": node.label, "status": status})

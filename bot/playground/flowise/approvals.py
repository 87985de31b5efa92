"""Defines the agent flows of the local Flowise that ask a person: before they go on, twice in a row, before a tool.

As on the real server a decision resumes the newest run of its chat, whatever was pressed; one in another state than
STOPPED, or in ERROR after it, is refused (measured on Flowise 3.1.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from bot.playground.flowise import agentflow, model
from bot.playground.flowise.agentflow import AGENT, DONE, EXECUTED, HUMAN, LLM, REPLIES, Node, Trace
from bot.playground.flowise.chatflows import ToolUse, tool_outcome, use_tool
from bot.playground.flowise.plans import (
    Execution,
    Json,
    Plan,
    PlanStep,
    PredictionRequest,
    RunOutcome,
    failed,
    one_piece,
)
from bot.playground.flowise.wire import END, dumps, frame

STOPPED, FINISHED, IN_PROGRESS, ERROR = "STOPPED", "FINISHED", "INPROGRESS", "ERROR"

RESUMABLE = (STOPPED, ERROR)

_SURE = "Are you sure you want to proceed?"
_FAILS = "fail"
"""With this word in the question, the agent's model fails after the first time that its tool was allowed."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A node that asks a person, and whether it wants a comment."""

    node: Node
    asks: str
    wants_comment: bool


_GATES = (
    Gate(Node("humanInputAgentflow_0", "Ask about the draft"), "Shall I write a draft?", wants_comment=False),
    Gate(
        Node("humanInputAgentflow_1", "Ask about sending"),
        "The draft is written. Shall I send it?",
        wants_comment=False,
    ),
)


def human(asked: PredictionRequest) -> Plan:
    """A model's text, then a question to a person, with a comment; and what follows from the decision."""
    gates = (Gate(HUMAN, _SURE, wants_comment=True),)
    return gated(asked, gates, DONE, says=True)


def twice(asked: PredictionRequest) -> Plan:
    """Two questions to a person, one after the other."""
    return gated(asked, _GATES, {"proceed": "Sent. Both steps were approved.", "reject": "Stopped here, as you wish."})


def tool(asked: PredictionRequest) -> Plan:
    """An agent that asks before it uses a tool."""
    if asked.decision is None:
        return _asks_for_tool(asked)
    return _resumed(asked, lambda execution, kind: _used(asked, execution, kind))


def gated(asked: PredictionRequest, gates: Sequence[Gate], outcomes: Json, *, says: bool = False) -> Plan:
    """Asks a person at each gate in turn, then ends with the text for `proceed` or `reject`; `says`: a model's text
    stands before the first one."""
    if asked.decision is None:
        return _first(asked, gates[0], says=says)
    return _resumed(asked, lambda execution, kind: _decided(asked, execution, kind, gates, outcomes))


def _first(asked: PredictionRequest, gate: Gate, *, says: bool) -> Plan:
    """A run up to its first gate; with `says`, a model says something before."""
    said = model.reply(asked.question, asked.earlier) if says else ""
    trace = Trace()
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(LLM)
    asking = trace.leave(LLM, agentflow.messages(asked.question), {"content": said})
    steps = [PlanStep(data=opening), PlanStep(asked.pace * len(said.split()), asking)]
    execution = Execution(asked.execution_id, STOPPED, asked.question, ())
    return _stopped(asked, steps, trace, gate, f"{said}\n\n{gate.asks}".strip(), execution)


def _stopped(
    asked: PredictionRequest, steps: list[PlanStep], trace: Trace, gate: Gate, text: str, execution: Execution
) -> Plan:
    """The run stops at a gate. A node that is not the last of a flow does not stream: its text is one token."""
    node, seen = gate.node, agentflow.messages(execution.question)
    given = {**seen, "humanInputEnableFeedback": gate.wants_comment}
    action = agentflow.decision(_action_id(asked), node, given)
    data = trace.enter(node) + frame("token", text)
    data += trace.leave(node, seen, {"content": text, "humanInputAction": action}, STOPPED)
    return _waits(asked, [*steps, PlanStep(data=data)], trace, text, action, execution)


def _waits(
    asked: PredictionRequest, steps: list[PlanStep], trace: Trace, text: str, action: Json, execution: Execution
) -> Plan:
    stopped = frame("agentFlowEvent", STOPPED)
    steps = [*steps, PlanStep(data=stopped + frame("action", action) + stopped)]
    kept = replace(execution, state=STOPPED, executed=tuple(trace.executed))
    aborted = trace.aborted(LLM)
    return _closed(asked, steps, RunOutcome(text, action=action), trace, kept, aborted=aborted)


def _resumed(asked: PredictionRequest, go_on: Callable[[Execution, str], Plan]) -> Plan:
    execution = asked.execution
    if execution is None:
        return failed((), f"No previous execution found for session {asked.chat_id}")
    if execution.state not in RESUMABLE:
        return failed(
            (),
            f"Cannot resume execution {execution.id} because it is in '{execution.state}' state. "
            "Only executions in 'STOPPED' state (or 'ERROR' after 'STOPPED') can be resumed.",
        )
    decision = asked.decision or {}
    node = decision.get("startNodeId")
    if node is not None and node not in {done["nodeId"] for done in execution.executed}:
        missing = f"Node {node} not found in previous execution."
        return failed((), f"{missing} This could indicate an invalid resume attempt or a modified flow.")
    return go_on(execution, "proceed" if decision.get("type") == "proceed" else "reject")


def _decided(asked: PredictionRequest, execution: Execution, kind: str, gates: Sequence[Gate], outcomes: Json) -> Plan:
    trace = Trace(list(execution.executed[:-1]))
    gate, decision = gates[execution.passed], asked.decision or {}
    opening = trace.begin() + trace.enter(gate.node)
    passing = trace.leave(gate.node, decision, {"content": decision.get("feedback", "")})
    steps = [PlanStep(data=opening), PlanStep(data=passing)]
    passed = replace(execution, passed=execution.passed + 1)
    if kind == "proceed" and passed.passed < len(gates):
        return _stopped(asked, steps, trace, gates[passed.passed], gates[passed.passed].asks, passed)
    node, text = REPLIES[kind], str(outcomes[kind])
    ending = frame("token", text) + trace.leave(node, {}, {"content": text}) + trace.finish()
    steps += [PlanStep(data=trace.enter(node)), PlanStep(asked.pace, ending)]
    done = replace(execution, state=FINISHED, executed=tuple(trace.executed))
    return _closed(asked, steps, RunOutcome(text), trace, done, aborted=trace.aborted(node))


def _asks_for_tool(asked: PredictionRequest) -> Plan:
    used = use_tool(asked.question)
    call = {
        "name": used.tool,
        "args": {"input": used.given},
        "id": f"call_{_action_id(asked)[:8]}",
        "type": "tool_call",
    }
    text = f"\nAttempting to use tool:\n```json\n{dumps(call)}\n```"
    seen = [{"role": "user", "content": asked.question}, {"role": "assistant", "content": text, "tool_calls": [call]}]
    action = agentflow.decision(_action_id(asked), AGENT, {"messages": seen})
    trace = Trace()
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(AGENT)
    asking = frame("calledTools", [used.row("")]) + frame("token", text)
    asking += trace.leave(AGENT, agentflow.messages(asked.question), {"content": text}, STOPPED)
    execution = Execution(asked.execution_id, STOPPED, asked.question, ())
    return _waits(asked, [PlanStep(data=opening), PlanStep(asked.pace, asking)], trace, text, action, execution)


def _used(asked: PredictionRequest, execution: Execution, kind: str) -> Plan:
    used = use_tool(execution.question)
    trace = Trace(list(execution.executed[:-1]))
    running = [PlanStep(data=trace.begin() + trace.enter(AGENT))]
    if kind == "proceed":
        running.append(PlanStep(data=frame("calledTools", [used.row("")])))
        if _FAILS in execution.question.lower() and execution.state == STOPPED:
            return _failed(asked, execution, running, trace)
    outcome = tool_outcome(asked, used) if kind == "proceed" else RunOutcome("Then I leave the tool alone.")
    ending = [frame("calledTools", []), *_used_tools(used, outcome)]
    ending += [trace.leave(AGENT, {}, {"content": outcome.text}), trace.finish()]
    steps = [*running, *asked.say(outcome.text), *(PlanStep(data=data) for data in ending)]
    done = replace(execution, state=FINISHED, executed=tuple(trace.executed))
    return _closed(asked, steps, outcome, trace, done, aborted=trace.aborted(AGENT))


def _used_tools(used: ToolUse, outcome: RunOutcome) -> list[bytes]:
    return [frame("usedTools", [used.row(used.output)])] if outcome.used_tools else []


def _failed(asked: PredictionRequest, execution: Execution, steps: list[PlanStep], trace: Trace) -> Plan:
    """The node that asked fails itself: its run may be resumed once more."""
    reason = f"Error in {AGENT.label} node: 400 the stand-in's model refuses to go on"
    status = {"nodeId": AGENT.id, "nodeLabel": AGENT.label, "status": ERROR, "error": reason}
    steps = [*steps, PlanStep(asked.pace, frame("nextAgentFlow", status) + frame("agentFlowEvent", ERROR))]
    plan = failed(tuple(steps), reason)
    return replace(plan, execution=replace(execution, state=ERROR))


def _action_id(asked: PredictionRequest) -> str:
    return str(uuid5(UUID(asked.execution_id), f"action {asked.message_id}"))


def _closed(
    asked: PredictionRequest,
    steps: list[PlanStep],
    outcome: RunOutcome,
    trace: Trace,
    execution: Execution,
    *,
    aborted: bytes,
) -> Plan:
    more = {} if outcome.action is None else {"action": outcome.action}
    run = {"executionId": execution.id, EXECUTED: trace.executed}
    return Plan(
        tuple(steps),
        closing=frame("metadata", asked.ids(**more)) + END,
        outcome=outcome,
        reply=one_piece(asked, outcome, {**run, **more, "sessionId": asked.chat_id}),
        aborted=aborted,
        execution=execution,
    )

"""Defines the agent flows of the local Flowise: one uses a tool, one takes its time, and one asks a person first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from bot.playground.flowise import agentflow, model
from bot.playground.flowise.agentflow import AGENT, DONE, EXECUTED, HUMAN, LLM, REPLIES, Node, Trace
from bot.playground.flowise.chatflows import PREAMBLE, tool_outcome, use_tool
from bot.playground.flowise.handbook import Chunk, near
from bot.playground.flowise.plans import (
    Execution,
    Json,
    Plan,
    PlanStep,
    PredictionRequest,
    RunOutcome,
    after_tokens,
    failed,
    one_piece,
)
from bot.playground.flowise.wire import END, WireReply, frame

_EMPTY = frame("token", "")
_SURE = "Are you sure you want to proceed?"

# How slow the flow that takes its time is, in the words that the model says meanwhile: at 40 words a second, each node
# takes 1.5 s, and the first token comes after six seconds.
_WORDS_A_NODE = 60
_WORDS_A_THOUGHT = 20
_THOUGHTS = ("The handbook has something on this. ", "The first piece fits best. ", "I will put it in a few words.")

STOPPED, FINISHED = "STOPPED", "FINISHED"


def agent(asked: PredictionRequest) -> Plan:
    """Start, then an Agent that uses a tool: `calledTools` while it runs, `usedTools` when all is said."""
    used = use_tool(asked.question)
    outcome = tool_outcome(asked, used)
    trace = Trace()
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(AGENT)
    aborted = trace.aborted(AGENT)
    # An agent node sends six empty tokens around each tool call (measured on Flowise 3.1.4).
    steps = [PlanStep(data=opening + _EMPTY), *asked.say(PREAMBLE), PlanStep(data=_EMPTY * 4)]
    steps += [
        PlanStep(data=frame("calledTools", [used.row("")])),
        PlanStep(asked.pace, _EMPTY),
        *asked.say(outcome.text),
    ]
    ending = [*reversed(after_tokens(outcome)), frame("calledTools", [])]
    ending += [frame("usageMetadata", agentflow.usage(asked.question, outcome.text))]
    ending += [trace.leave(AGENT, agentflow.messages(asked.question), {"content": outcome.text}), trace.finish()]
    return _closed(asked, [*steps, *(PlanStep(data=data) for data in ending)], outcome, trace, aborted=aborted)


def reasons(asked: PredictionRequest) -> Plan:
    """A slow flow: three nodes before the last one, which thinks before its first token."""
    found = near(asked.question) if model.looks_up(asked.question) else ()
    documents = [chunk.as_flowise() for chunk in found] or None
    outcome = RunOutcome(model.reply(asked.question, asked.earlier, found), documents)
    trace, given = Trace(), agentflow.messages(asked.question)
    steps = [PlanStep(data=trace.begin() + trace.start_node(asked.question))]
    for node, output in _considered(asked.question, found):
        steps += [
            PlanStep(data=trace.enter(node)),
            PlanStep(_WORDS_A_NODE * asked.pace, trace.leave(node, given, output)),
        ]
    aborted = trace.aborted(LLM)
    steps.append(PlanStep(data=trace.enter(LLM)))
    # Each piece of a thought comes with an empty token (measured on Flowise 3.1.4).
    steps += [PlanStep(_WORDS_A_THOUGHT * asked.pace, _EMPTY + frame("thinking", thought)) for thought in _THOUGHTS]
    steps += [PlanStep(data=_EMPTY + frame("thinking", "", duration=1)), *asked.say(outcome.text)]
    ending = [*after_tokens(outcome), frame("usageMetadata", agentflow.usage(asked.question, outcome.text))]
    ending += [trace.leave(LLM, given, {"content": outcome.text}), trace.finish()]
    return _closed(asked, [*steps, *(PlanStep(data=data) for data in ending)], outcome, trace, aborted=aborted)


def _considered(question: str, found: Sequence[Chunk]) -> tuple[tuple[Node, Json], ...]:
    """The nodes before the last one, with their outputs."""
    return (
        (Node("llmAgentflow_1", "Understand the question"), {"content": f"It is about: {' '.join(question.split())}"}),
        (Node("retrieverAgentflow_0", "Search the handbook"), {"content": "\n".join(each.text for each in found)}),
        (Node("conditionAgentAgentflow_0", "Choose what helps"), {"content": found[0].title if found else "nothing"}),
    )


def human(asked: PredictionRequest) -> Plan:
    """An LLM's text, then a question to a person; with a decision in the request, what follows from it."""
    return _asks(asked) if asked.decision is None else _decided(asked, asked.decision)


def _asks(asked: PredictionRequest) -> Plan:
    said = model.reply(asked.question, asked.earlier)
    text = f"{said}\n\n{_SURE}"
    action = agentflow.decision(str(uuid5(UUID(asked.execution_id), "action")), asked.question, said)
    given = agentflow.messages(asked.question)
    trace = Trace()
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(LLM)
    aborted = trace.aborted(LLM)
    asking = trace.leave(LLM, given, {"content": said}) + trace.enter(HUMAN)
    # A node that is not the last of a flow does not stream: its whole text is one token (measured on Flowise 3.1.4).
    asking += frame("token", text)
    asking += trace.leave(HUMAN, given, {"content": text, "humanInputAction": action}, STOPPED)
    stopped = frame("agentFlowEvent", STOPPED)
    steps = [
        PlanStep(data=opening),
        PlanStep(asked.pace * len(said.split()), asking + stopped + frame("action", action) + stopped),
    ]
    execution = Execution(asked.execution_id, STOPPED, asked.question, tuple(trace.executed))
    plan = _closed(asked, steps, RunOutcome(text, action=action), trace, aborted=aborted, action=action)
    return replace(plan, execution=execution)


def _decided(asked: PredictionRequest, decision: Json) -> Plan:
    execution = asked.execution
    if execution is None:
        return failed((), f"No previous execution found for session {asked.chat_id}")
    if execution.state != STOPPED:
        return failed(
            (),
            f"Cannot resume execution {execution.id} because it is in '{execution.state}' state. "
            "Only executions in 'STOPPED' state (or 'ERROR' after 'STOPPED') can be resumed.",
        )
    kind = "proceed" if decision.get("type") == "proceed" else "reject"
    node, text = REPLIES[kind], DONE[kind]
    trace = Trace(list(execution.executed[:-1]))
    steps = [
        PlanStep(data=trace.begin() + trace.enter(HUMAN)),
        PlanStep(data=trace.leave(HUMAN, decision, {"content": decision.get("feedback", "")}) + trace.enter(node)),
        PlanStep(asked.pace, frame("token", text) + trace.leave(node, {}, {"content": text}) + trace.finish()),
    ]
    plan = _closed(asked, steps, RunOutcome(text), trace, aborted=trace.aborted(node))
    return replace(plan, execution=replace(execution, state=FINISHED, executed=tuple(trace.executed)))


def _closed(
    asked: PredictionRequest,
    steps: list[PlanStep],
    outcome: RunOutcome,
    trace: Trace,
    *,
    aborted: bytes,
    action: Json | None = None,
) -> Plan:
    more = {} if action is None else {"action": action}
    return Plan(
        tuple(steps),
        closing=frame("metadata", asked.ids(**more)) + END,
        outcome=outcome,
        reply=_reply(asked, outcome, trace, more),
        aborted=aborted,
    )


def _reply(asked: PredictionRequest, outcome: RunOutcome, trace: Trace, more: Json) -> WireReply:
    run = {"executionId": asked.execution_id, EXECUTED: trace.executed}
    return one_piece(asked, outcome, {**run, **more, "sessionId": asked.chat_id})

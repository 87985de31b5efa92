"""Defines the agent flows of the local Flowise that ask nobody: one uses a tool, one takes its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.playground.flowise import agentflow, model
from bot.playground.flowise.agentflow import AGENT, EXECUTED, LLM, Node, Trace
from bot.playground.flowise.chatflows import PREAMBLE, tool_outcome, use_tool
from bot.playground.flowise.handbook import Chunk, near
from bot.playground.flowise.plans import (
    Json,
    Plan,
    PlanStep,
    PredictionRequest,
    RunOutcome,
    after_tokens,
    failed,
    one_piece,
)
from bot.playground.flowise.wire import END, WireReply, dumps, frame

_EMPTY = frame("token", "")

# How slow the flow that takes its time is, in the words that the model says meanwhile: at 40 words a second, each node
# takes 1.5 s, and the first token comes after six seconds.
_WORDS_A_NODE = 60
_WORDS_A_THOUGHT = 20
_WORDS_A_SUGGESTION = 120
STARTERS = ("What can you do?", "How do I connect my own Flowise?")
_FOLLOW_UPS = ("How long does the bot remember a conversation?", "What did I ask before?", "In 80 words, please.")
ORDER_FORM: Json = {
    "startInputType": "formInput",
    "formTitle": "Order",
    "formDescription": "What do you want?",
    "formInputTypes": [
        {"type": "string", "label": "Item", "name": "item", "addOptions": ""},
        {"type": "number", "label": "How many", "name": "count", "addOptions": ""},
        {"type": "boolean", "label": "Gift", "name": "gift", "addOptions": ""},
        {
            "type": "options",
            "label": "Size",
            "name": "size",
            "addOptions": [{"option": "small"}, {"option": "large"}],
        },
    ],
}
"""What its node Start says of the form (the fields of a form measured on Flowise 3.1.4)."""

_THOUGHTS = ("The handbook has something on this. ", "The first piece fits best. ", "I will put it in a few words.")


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


def suggests(asked: PredictionRequest) -> Plan:
    """A flow that suggests what to ask next, which takes another model some seconds after the last word."""
    found = near(asked.question) if model.looks_up(asked.question) else ()
    outcome = RunOutcome(model.reply(asked.question, asked.earlier, found), follow_up_prompts=dumps(_FOLLOW_UPS))
    trace, given = Trace(), agentflow.messages(asked.question)
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(LLM)
    aborted = trace.aborted(LLM)
    leaving = trace.leave(LLM, given, {"content": outcome.text}) + trace.finish()
    steps = [PlanStep(data=opening), *asked.say(outcome.text), PlanStep(data=leaving)]
    steps.append(PlanStep(_WORDS_A_SUGGESTION * asked.pace))
    plan = _closed(asked, steps, outcome, trace, aborted=aborted)
    told = asked.ids(followUpPrompts=outcome.follow_up_prompts)
    return replace(plan, closing=frame("metadata", told) + END)


def order(asked: PredictionRequest) -> Plan:
    """A flow that begins with a form: it repeats what was filled in, and can be asked afterwards."""
    is_form = not asked.echo
    lines = "\n".join(f"- {line}" for line in asked.question.splitlines())
    text = f"Your order:\n\n{lines}" if is_form else model.reply(asked.question, asked.earlier)
    outcome, trace = RunOutcome(text), Trace()
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(LLM)
    aborted = trace.aborted(LLM)
    leaving = trace.leave(LLM, agentflow.messages(asked.question), {"content": text}) + trace.finish()
    steps = [PlanStep(data=opening), *asked.say(text), PlanStep(data=leaving)]
    return _closed(asked, steps, outcome, trace, aborted=aborted)


def webhook(_: PredictionRequest) -> Plan:
    """A flow that nobody can ask."""
    called = "Call POST /api/v1/webhook/stand-in instead of the prediction API."
    return failed((), f"This flow is configured as a Webhook Trigger. {called}")


def _considered(question: str, found: Sequence[Chunk]) -> tuple[tuple[Node, Json], ...]:
    """The nodes before the last one, with their outputs."""
    return (
        (Node("llmAgentflow_1", "Understand the question"), {"content": f"It is about: {' '.join(question.split())}"}),
        (Node("retrieverAgentflow_0", "Search the handbook"), {"content": "\n".join(each.text for each in found)}),
        (Node("conditionAgentAgentflow_0", "Choose what helps"), {"content": found[0].title if found else "nothing"}),
    )


def _closed(
    asked: PredictionRequest,
    steps: list[PlanStep],
    outcome: RunOutcome,
    trace: Trace,
    *,
    aborted: bytes,
) -> Plan:
    return Plan(
        tuple(steps),
        closing=frame("metadata", asked.ids()) + END,
        outcome=outcome,
        reply=_reply(asked, outcome, trace),
        aborted=aborted,
    )


def _reply(asked: PredictionRequest, outcome: RunOutcome, trace: Trace) -> WireReply:
    run = {"executionId": asked.execution_id, EXECUTED: trace.executed}
    return one_piece(asked, outcome, {**run, "sessionId": asked.chat_id})

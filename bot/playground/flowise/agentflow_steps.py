"""Defines the agent flow that has many steps: an iteration of which one item fails, a tool, and a thought."""

from __future__ import annotations

from bot.playground.flowise import agentflow
from bot.playground.flowise.agentflow import EXECUTED, Node, Trace
from bot.playground.flowise.chatflows import tool_outcome, use_tool
from bot.playground.flowise.plans import Plan, PlanStep, PredictionRequest, RunOutcome, after_tokens, one_piece
from bot.playground.flowise.wire import END, WireReply, frame

_EMPTY = frame("token", "")
_UNDERSTAND = Node("llmAgentflow_0", "Understand the question")
_EACH = Node("iterationAgentflow_0", "Go through the handbook")
_READ = Node("llmAgentflow_1", "Read a chapter")
_ANSWER = Node("agentAgentflow_0", "Write the answer")

# In the words that the model says meanwhile: at 40 words a second, a node takes 1.5 s, a chapter 0.6 s.
_WORDS_A_NODE = 60
_WORDS_A_CHAPTER = 25
_CHAPTERS = 6
_UNREADABLE = 3
"""The number of the chapter that cannot be read: a step that fails is no end of a run (measured on Flowise 3.1.4)."""
_THOUGHTS = ("Two chapters are about this. ", "The second one says it best. ", "I will put it in a few words.")


def steps(asked: PredictionRequest) -> Plan:
    """Understand, read each chapter in an iteration, then an agent that looks up, thinks and writes."""
    used, trace, given = use_tool(asked.question), Trace(), agentflow.messages(asked.question)
    outcome = tool_outcome(asked, used)
    plan = [
        PlanStep(data=trace.begin() + trace.start_node(asked.question) + trace.enter(_UNDERSTAND)),
        PlanStep(_WORDS_A_NODE * asked.pace, trace.leave(_UNDERSTAND, given, {"content": asked.question})),
        PlanStep(data=trace.enter(_EACH)),
        *_chapters(asked, trace),
        PlanStep(data=trace.leave(_EACH, given, {"content": "all chapters"}) + trace.enter(_ANSWER)),
        PlanStep(data=frame("calledTools", [used.row("")])),
        PlanStep(_WORDS_A_NODE * asked.pace, frame("calledTools", [])),
        *(PlanStep(_WORDS_A_NODE * asked.pace, _EMPTY + frame("thinking", thought)) for thought in _THOUGHTS),
        PlanStep(data=_EMPTY + frame("thinking", "", duration=3)),
        *asked.say(outcome.text),
    ]
    ending = [*after_tokens(outcome), frame("calledTools", []), trace.leave(_ANSWER, given, {"content": outcome.text})]
    plan += [PlanStep(data=data) for data in (*ending, trace.finish())]
    return Plan(
        tuple(plan),
        closing=frame("metadata", asked.ids()) + END,
        outcome=outcome,
        reply=_reply(asked, outcome, trace),
        aborted=trace.aborted(_ANSWER),
    )


def _chapters(asked: PredictionRequest, trace: Trace) -> list[PlanStep]:
    plan: list[PlanStep] = []
    for number in range(1, _CHAPTERS + 1):
        status = "ERROR" if number == _UNREADABLE else "FINISHED"
        ended = trace.leave(_READ, {"chapter": number}, {"content": f"Chapter {number}"}, status)
        plan += [PlanStep(data=trace.enter(_READ)), PlanStep(_WORDS_A_CHAPTER * asked.pace, ended)]
    return plan


def _reply(asked: PredictionRequest, outcome: RunOutcome, trace: Trace) -> WireReply:
    run = {"executionId": asked.execution_id, EXECUTED: trace.executed, "sessionId": asked.chat_id}
    return one_piece(asked, outcome, run)

"""Defines the chatflows of the local Flowise: chains, retrieval, a tool agent, and flows that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.playground.flowise import model
from bot.playground.flowise.guide import GUIDE
from bot.playground.flowise.handbook import near
from bot.playground.flowise.plans import (
    Ending,
    Json,
    Plan,
    PlanStep,
    PredictionRequest,
    RunOutcome,
    after_tokens,
    chat_closing,
    chat_reply,
    failed,
)
from bot.playground.flowise.wire import dumps, frame

PREAMBLE = "Let me look that up for you."
CALCULATOR = "calculator"

# Where the flows that break do so: late enough that something is to be seen, in the shortest answer there is.
_BROKEN_AFTER = 8

_START = PlanStep(data=frame("start", ""))


def plain(asked: PredictionRequest) -> Plan:
    """A conversation chain."""
    return _chat(asked, RunOutcome(asked.about_files(model.reply(asked.question, asked.earlier))))


def long(asked: PredictionRequest) -> Plan:
    """A conversation chain with long answers."""
    return _chat(asked, RunOutcome(model.reply(asked.question, asked.earlier, guide=GUIDE.strip())))


def rag(asked: PredictionRequest) -> Plan:
    """A conversational retrieval chain over the handbook."""
    found = near(asked.question) if model.looks_up(asked.question) else ()
    text = asked.about_files(model.reply(asked.question, asked.earlier, found))
    added: list[Json] = [{"pageContent": piece, "metadata": {"source": "blob"}} for piece in asked.stored]
    documents = [*added, *(chunk.as_flowise() for chunk in found)] or None
    # This chain repeats the first token as the data of `start` (measured on Flowise 3.1.4).
    return _chat(asked, RunOutcome(text, documents), first=model.tokens(text)[0])


def cites(asked: PredictionRequest) -> Plan:
    """A conversational retrieval chain whose model cites the documents it has found by their numbers."""
    found = near(asked.question) if model.looks_up(asked.question) else ()
    text = "\n".join(f"- {chunk.text} [{number}]" for number, chunk in enumerate(found, 1))
    text = f"{text}\n\n{model.signed(asked.earlier)}" if found else model.reply(asked.question, asked.earlier)
    return _chat(asked, RunOutcome(text, [chunk.as_flowise() for chunk in found] or None))


def told(asked: PredictionRequest) -> Plan:
    """A chain whose prompt is made by a custom function, which knows who asks by the request's variables."""
    name, channel = (str(asked.variables.get(field) or "") for field in ("user_name", "channel_name"))
    place = f" in #{channel}" if channel else ""
    line = f"Asked by **{name}**{place}." if name else "I was not told who asks."
    return _chat(asked, RunOutcome(f"{line}\n\n{model.reply(asked.question, asked.earlier)}"))


def tools(asked: PredictionRequest) -> Plan:
    """A Tool Agent with detailed streaming: what it says before the tool call is streamed but not stored."""
    used = use_tool(asked.question)
    outcome = tool_outcome(asked, used)
    steps = [_START, *asked.say(PREAMBLE), *(PlanStep(data=frame("agent_trace", step)) for step in _traces(used))]
    steps += [*asked.say(outcome.text), *(PlanStep(data=data) for data in after_tokens(outcome))]
    return _closed(asked, tuple(steps), outcome)


def empty(asked: PredictionRequest) -> Plan:
    """A flow whose last node gives no text."""
    return _chat(asked, RunOutcome(""))


def fails(asked: PredictionRequest) -> Plan:
    """The model refuses before its first token."""
    return failed((), "400 the stand-in's model refuses every question in this flow")


def fails_midway(asked: PredictionRequest) -> Plan:
    """The model's connection breaks in the middle: tokens, then an error."""
    return failed(_broken(asked), "terminated")


def breaks(asked: PredictionRequest) -> Plan:
    """Something between Flowise and the client cuts the connection; the run goes on and is stored."""
    outcome = RunOutcome(model.reply(asked.question, asked.earlier))
    said = asked.say(outcome.text)
    steps = (_START, *said[:_BROKEN_AFTER], PlanStep(cut=True), *said[_BROKEN_AFTER:])
    return _closed(asked, steps, outcome)


def stalls(asked: PredictionRequest) -> Plan:
    """The model falls silent in the middle: heartbeats for ever."""
    return Plan(_broken(asked), ending=Ending.OPEN)


def parsed(asked: PredictionRequest) -> Plan:
    """A flow with a structured output parser: there is `json` in the answer and no `text`."""
    found = near(asked.question, count=1)
    value = {"answer": found[0].text if found else model.UNKNOWN, "source": found[0].title if found else ""}
    outcome = RunOutcome(dumps(value))
    return Plan(asked.say(outcome.text), outcome=outcome, reply=chat_reply(asked, outcome, json=value))


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One use of a tool: what went in, what came out, the documents it found."""

    tool: str
    given: str
    output: str
    documents: Sequence[Json] | None = None

    def row(self, output: str) -> Json:
        return {"tool": self.tool, "toolInput": {"input": self.given}, "toolOutput": output}


def use_tool(question: str) -> ToolUse:
    """The sum in the question is calculated; without one the question is looked up in the handbook."""
    if calculated := model.calculation(question):
        return ToolUse(CALCULATOR, *calculated)
    found = near(question, count=1) if model.looks_up(question) else ()
    output = found[0].text if found else "Nothing in the handbook is about this."
    return ToolUse("handbook_search", question, output, [chunk.as_flowise() for chunk in found] or None)


def tool_outcome(asked: PredictionRequest, used: ToolUse) -> RunOutcome:
    if used.tool == CALCULATOR:
        text = f"`{used.given}` is **{used.output}**, says the tool `{used.tool}`.\n\n{model.signed(asked.earlier)}"
    else:
        text = f"I have asked the tool `{used.tool}`.\n\n{model.reply(asked.question, asked.earlier)}"
    return RunOutcome(asked.about_files(text), used.documents, [used.row(used.output)])


def _traces(used: ToolUse) -> tuple[Json, ...]:
    given = {"input": used.given}
    return (
        {"step": "agent_action", "action": dumps({"tool": used.tool, "toolInput": given})},
        # The real server does not know the tool's name here either (measured on Flowise 3.1.4).
        {"step": "tool_start", "name": "unknown-tool", "input": dumps(given)},
        {"step": "tool_end", "output": used.output},
    )


def _broken(asked: PredictionRequest) -> tuple[PlanStep, ...]:
    return (_START, *asked.say(model.reply(asked.question, asked.earlier))[:_BROKEN_AFTER])


def _chat(asked: PredictionRequest, outcome: RunOutcome, *, first: str = "") -> Plan:
    steps = [PlanStep(data=frame("start", first)), *asked.say(outcome.text)]
    steps += [PlanStep(data=data) for data in after_tokens(outcome)]
    return _closed(asked, tuple(steps), outcome)


def _closed(asked: PredictionRequest, steps: tuple[PlanStep, ...], outcome: RunOutcome) -> Plan:
    return Plan(steps, closing=chat_closing(asked), outcome=outcome, reply=chat_reply(asked, outcome))

"""Answers the questions of a chaos run with a text that follows from the question's token alone."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import replace

from bot.playground.flowise.agentflow import Node
from bot.playground.flowise.approvals import Gate, gated
from bot.playground.flowise.flows import Flow
from bot.playground.flowise.plans import Plan, PlanStep, PredictionRequest, RunOutcome, chat_closing, chat_reply, failed
from bot.playground.flowise.wire import frame

TOKEN = re.compile(r"\b[dqsz]\d\dn\d\dx[0-9a-f]{6}\b")
_LEAST, _MOST = 20, 220
_PARAGRAPH = 25
# One question of so many meets an error of the flow's own. The last questions, whose tokens begin with z, do not.
_FAILS_ONE_IN = 25
# After one answer of so many the flow suggests what to ask next.
_SUGGESTS_ONE_IN = 2


def token_of(question: str) -> str:
    """The token of a question as Flowise receives it: earlier messages of its thread may stand before it."""
    found = TOKEN.findall(question)
    return found[-1] if found else ""


def answer(token: str) -> str:
    """The whole answer. Every word of it is of this answer alone, so that nothing can be lost or doubled unseen."""
    drawn = zlib.crc32(token.encode())
    words = [f"{token}w{number}" for number in range(_LEAST + drawn % (_MOST - _LEAST))]
    paragraphs = [" ".join(words[at : at + _PARAGRAPH]) for at in range(0, len(words), _PARAGRAPH)]
    return "\n\n".join([f"Answer to {token}:", *paragraphs, f"End of {token}."])


def fails(token: str) -> bool:
    """Whether the flow itself fails on a question, in the middle of its answer."""
    return token.startswith("q") and zlib.crc32(token[::-1].encode()) % _FAILS_ONE_IN == 0


def decides(token: str) -> bool:
    """Whether the flow waits for a decision on a question, and answers it after that."""
    return token.startswith("d")


def question_about(token: str) -> str:
    """The question that is asked about a token."""
    return f"What is there to say about {token}?"


def suggested(token: str) -> str:
    """The token of the question that the flow suggests after an answer; empty where it suggests none."""
    suggests = token.startswith("q") and zlib.crc32(f"then {token}".encode()) % _SUGGESTS_ONE_IN == 0
    return f"s{token[1:]}" if suggests else ""


def asks(token: str) -> str:
    """What the flow asks where it waits."""
    return f"Shall I go on with {token}?"


def decided(human_input: object) -> tuple[str, bool]:
    """The token of the question whose stop a request resumes, by which the node that waits is named; and whether it is
    approved."""
    told = human_input if isinstance(human_input, dict) else {}
    return str(told.get("startNodeId")).rpartition("_")[2], told.get("type") == "proceed"


def _waits(asked: PredictionRequest) -> Plan:
    """Waits for a decision; either one is followed by the answer, which takes as long as its words."""
    token = token_of(asked.execution.question if asked.decision and asked.execution else asked.question)
    gate = Gate(Node(f"humanInputAgentflow_{token}", "Ask whether to go on"), asks(token), wants_comment=False)
    plan = gated(asked, (gate,), dict.fromkeys(("proceed", "reject"), answer(token)))
    if asked.decision is None or plan.outcome is None:
        return plan
    *before, last = plan.steps
    return replace(plan, steps=(*before, replace(last, wait=asked.pace * len(answer(token).split()))))


def _plan(asked: PredictionRequest) -> Plan:
    token = token_of(asked.question)
    if asked.decision is not None or decides(token):
        return _waits(asked)
    then = suggested(token)
    told = {"followUpPrompts": json.dumps([question_about(then)])} if then else {}
    outcome = RunOutcome(answer(token), follow_up_prompts=told.get("followUpPrompts"))
    steps = (PlanStep(data=frame("start", "")), *asked.say(outcome.text))
    if fails(token):
        return failed(steps[: len(steps) // 2], "terminated")
    return Plan(steps, closing=chat_closing(asked, told), outcome=outcome, reply=chat_reply(asked, outcome))


FLOW = Flow("chaos", _plan)

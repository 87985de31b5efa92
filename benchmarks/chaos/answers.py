"""Answers the questions of a chaos run with a text that follows from the question's token alone."""

from __future__ import annotations

import re
import zlib

from bot.playground.flowise.flows import Flow
from bot.playground.flowise.plans import Plan, PlanStep, PredictionRequest, RunOutcome, chat_closing, chat_reply, failed
from bot.playground.flowise.wire import frame

TOKEN = re.compile(r"\b[qz]\d\dn\d\dx[0-9a-f]{6}\b")
_LEAST, _MOST = 20, 220
_PARAGRAPH = 25
# One question of so many meets an error of the flow's own. The last questions, whose tokens begin with z, do not.
_FAILS_ONE_IN = 25


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


def _plan(asked: PredictionRequest) -> Plan:
    token = token_of(asked.question)
    outcome = RunOutcome(answer(token))
    steps = (PlanStep(data=frame("start", "")), *asked.say(outcome.text))
    if fails(token):
        return failed(steps[: len(steps) // 2], "terminated")
    return Plan(steps, closing=chat_closing(asked), outcome=outcome, reply=chat_reply(asked, outcome))


FLOW = Flow("chaos", _plan)

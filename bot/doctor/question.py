"""Asks the chatflow one real question, on request: only an answer shows that the key and the flow are right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from uuid import uuid4

from bot.doctor.findings import Finding, Verdict
from bot.doctor.flowise import FLOWISE, WHICH_KEY, has_none
from bot.errors import FlowiseError, FlowStartedElsewhere, KeyRefused, UnknownChatflow, advice
from bot.flowise.client import Client
from bot.flowise.events import Token
from bot.flowise.prediction import Prediction

QUESTION = "Is anybody there? This is a test of the connection: a short answer will do."

# Seconds for the answer: agents take a minute, and a model that fails is asked again for 98 s (on Flowise 3.1.4).
_PATIENCE = 120.0
# Characters of the answer in the report: enough to see that it is the flow that was meant.
_SHOWN = 60


async def with_answer(
    findings: list[Finding],
    client: Client,
    question: str,
    *,
    monotonic: Callable[[], float],
    patience: float = _PATIENCE,
) -> list[Finding]:
    """The findings about Flowise, completed by what came of a question, which is asked once, on a chat of its own.

    Where they say that Flowise, the chatflow or its start is wrong, nothing is asked. `patience` is in seconds.
    """
    if any(finding.state is Verdict.WRONG and finding.check != "key" for finding in findings):
        return findings
    if (await client.config()).form:
        do = "Mention the bot in Slack, and fill in the form."
        return [*findings, FLOWISE.unknown("answer", "not asked: the flow begins with a form", do)]
    began, first, text = monotonic(), 0.0, ""
    prediction = Prediction(question, str(uuid4()))
    try:
        async with asyncio.timeout(patience), aclosing(client.predict(prediction)) as events:
            async for event in events:
                if isinstance(event, Token) and event.text:
                    first = first or monotonic() - began
                    text += event.text
    except FlowiseError as error:
        return _refused(findings, error)
    except TimeoutError:
        do = "Ask the flow in Flowise: if it takes as long there, it is the flow or its model."
        return [*findings, FLOWISE.wrong("answer", f"its end did not come within {patience:g} s", do)]
    seen = f"{_beginning(text)}, {len(text)} characters in {monotonic() - began:.1f} s, the first after {first:.1f} s"
    return [*map(_settled, findings), FLOWISE.well("answer", seen)]


def _settled(finding: Finding) -> Finding:
    """The finding where only an answer could tell, now that there was one."""
    if finding.state is not Verdict.UNKNOWN or finding.check not in {"key", "chatflow"}:
        return finding
    if finding.check == "chatflow":
        return FLOWISE.well("chatflow", "has answered a question")
    with_key = "the chatflow takes it: it has answered"
    return FLOWISE.well("key", "not set, and the chatflow has answered without" if has_none(finding) else with_key)


def _refused(findings: list[Finding], error: FlowiseError) -> list[Finding]:
    match error:
        case KeyRefused():
            is_missing = any(finding.check == "key" and has_none(finding) for finding in findings)
            found = "not set, and the chatflow needs one" if is_missing else "the chatflow refuses it"
            wrong = FLOWISE.wrong("key", found, f"{advice(KeyRefused)} {WHICH_KEY}")
        case UnknownChatflow() | FlowStartedElsewhere():
            wrong = FLOWISE.wrong("chatflow", str(error), advice(type(error)))
        case _:
            wrong = FLOWISE.wrong("answer", str(error), advice(type(error)))
    replaced = [wrong if finding.check == wrong.check else finding for finding in findings]
    return replaced if wrong in replaced else [*replaced, wrong]


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return f"“{words[:_SHOWN]}…”" if len(words) > _SHOWN else f"“{words}”"

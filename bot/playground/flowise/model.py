"""Knows what the stand-in model says: a few fixed rules over the question and the earlier turns of its chat."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from bot.playground.flowise.essay import essay
from bot.playground.flowise.handbook import Chunk

USER = "userMessage"
ASSISTANT = "apiMessage"

Turn = tuple[str, str]
"""A role (USER or ASSISTANT) and what was said."""

_WHO = "I am a stand-in model, not an AI"
_LONG = 300

_RECALL = re.compile(
    r"\b(did|have) i (just )?(ask|say|said|tell)|\b(first|last|previous|earlier) question|\bmy questions\b",
    re.IGNORECASE,
)
_NAME_ASKED = re.compile(r"\bwhat(['\u2019]s| is) my name|\bwho am i\b", re.IGNORECASE)
_NAME_TOLD = re.compile(r"\bmy name is ([^\W\d_][\w'\u2019-]{0,60})", re.IGNORECASE)
_WORDS = re.compile(r"\b(\d[\d,.']{0,12})[ -]words?\b", re.IGNORECASE)
_LONG_ASKED = re.compile(r"\blong (answer|text|story)", re.IGNORECASE)
_SUM = re.compile(r"(-?\d{1,9}(?:\.\d{1,6})?)\s*([-+*/x])\s*(-?\d{1,9}(?:\.\d{1,6})?)")
_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "x": operator.mul,
    "/": operator.truediv,
}


def reply(question: str, turns: Sequence[Turn], found: Sequence[Chunk] = ()) -> str:
    """The stand-in's answer, in Markdown. The same arguments always give the same text."""
    earlier = [content for role, content in turns if role == USER]
    if _RECALL.search(question):
        return _recalled(question, earlier)
    if _NAME_ASKED.search(question):
        return _named(earlier)
    if told := _NAME_TOLD.search(question):
        return f"Hello **{told[1]}**. {_WHO}, but I keep this chat's turns: ask me later what your name is."
    if length := _length(question):
        return essay(length)
    return _from_documents(question, earlier, found) if found else _plain(question, earlier)


def calculation(question: str) -> tuple[str, str] | None:
    """The first sum in a question and its result, both as text; None where there is none."""
    match = _SUM.search(question)
    if not match:
        return None
    left, sign, right = match.groups()
    if sign == "/" and float(right) == 0:
        return f"{left}/{right}", "undefined"
    return f"{left}{sign}{right}", f"{_OPERATORS[sign](float(left), float(right)):.12g}"


def tokens(text: str) -> list[str]:
    """The text in words, each with the white space before it, as models that stream words give them."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def _recalled(question: str, earlier: Sequence[str]) -> str:
    if not earlier:
        return f"You have not asked anything before this in our chat. {_WHO}, and I only know the turns of this chat."
    if re.search(r"\bfirst\b", question, re.IGNORECASE):
        return f"Your first question was:\n\n{_quote(earlier[0])}\n\n{_WHO}: I have kept the turns of this chat."
    asked = "\n".join(f"{number}. {_one_line(text)}" for number, text in enumerate(earlier, 1))
    return f"Before this you asked:\n\n{asked}\n\n{_WHO}: I have kept the turns of this chat."


def _named(earlier: Sequence[str]) -> str:
    for text in reversed(earlier):
        if told := _NAME_TOLD.search(text):
            return f"Your name is **{told[1]}**: you told me earlier in this chat. {_WHO}."
    return f"You have not told me your name in this chat. {_WHO}: write “my name is …” first."


def _length(question: str) -> int:
    if match := _WORDS.search(question):
        return int(re.sub(r"\D", "", match[1]))
    return _LONG if _LONG_ASKED.search(question) else 0


def _from_documents(question: str, earlier: Sequence[str], found: Sequence[Chunk]) -> str:
    quoted = "\n".join(f"- {chunk.text} (*{chunk.title}*)" for chunk in found)
    return (
        f"{_WHO}. To your question\n\n{_quote(question)}\n\n"
        f"the documents that share most words with it say:\n\n{quoted}\n\n{_count(earlier)}"
    )


def _plain(question: str, earlier: Sequence[str]) -> str:
    return (
        f"{_WHO}: I answer by a few fixed rules, so that the bot can be tried without a model. You asked:\n\n"
        f"{_quote(question)}\n\n{_count(earlier)} You can\n\n"
        "- ask **what did I ask before?**, and I repeat your earlier questions,\n"
        "- say `my name is Ada`, and later ask `what is my name?`,\n"
        "- ask for **a long answer**, or for one `in 200 words`."
    )


def _count(earlier: Sequence[str]) -> str:
    return f"This is question {len(earlier) + 1} of this chat."


def _quote(text: str) -> str:
    return f"> {_one_line(text)}"


def _one_line(text: str) -> str:
    return " ".join(text.split())

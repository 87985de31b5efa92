"""Answers in place of a model, by a few fixed rules over the question and the earlier turns of its chat."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from bot.playground.flowise.essay import essay
from bot.playground.flowise.handbook import Chunk, near, without_quotes

USER = "userMessage"
ASSISTANT = "apiMessage"

Turn = tuple[str, str]
"""A role (USER or ASSISTANT) and what was said."""

_WHO = "I'm a stand-in model, not an AI"
UNKNOWN = f"{_WHO}, and I know nothing about this."
"""What it says first where its handbook has little on a question."""
_LONG = 300
_REPEATED = 300
"""Characters of a question."""

_TRY = (
    "This I can answer:\n\n"
    "- *What can you do?* or *How do I connect my own Flowise?*\n"
    "- *My name is Ada.* and, later, *What is my name?*\n"
    "- *What did I ask before?*\n"
    "- *Write a long answer.* or *Answer in 200 words.*"
)

_RECALL = re.compile(
    r"\b(did|have) i (just )?(ask|say|said|tell)|\b(first|last|previous|earlier) question|\bmy questions\b",
    re.IGNORECASE,
)
_NAME_ASKED = re.compile(r"\bwhat(['\u2019]s| is) my name|\bwho am i\b", re.IGNORECASE)
_NAME_TOLD = re.compile(r"\bmy name is ([^\W\d_][\w'\u2019-]{0,60})", re.IGNORECASE)
_THANKS = re.compile(r"\W*(many thanks|thanks|thank you|thx|cheers)\b[^?]{0,20}", re.IGNORECASE)
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


def reply(question: str, turns: Sequence[Turn], found: Sequence[Chunk] = (), *, guide: str = "") -> str:
    """The stand-in's answer, in Markdown. The same arguments always give the same text.

    `found` are the documents that it has before it, `guide` what it says where nothing else is asked for.
    """
    question, earlier = without_quotes(question), _questions(turns)
    if _RECALL.search(question):
        return _recalled(question, earlier)
    if _NAME_ASKED.search(question):
        return _named(earlier)
    if told := _NAME_TOLD.search(question):
        return f"Hello **{told[1]}**. {_WHO}, but I keep this chat's turns: ask me later what your name is."
    if _THANKS.fullmatch(question):
        return f"You're welcome. {_signature(earlier)}"
    if length := _length(question, otherwise=0 if guide else _LONG):
        return essay(length)
    return guide or (_from_documents(question, earlier, found) if found else _plain(question, earlier))


def looks_up(question: str) -> bool:
    """Whether the answer rests on documents, where there are any, and not on the chat or the length alone."""
    question = without_quotes(question)
    by_itself = (_RECALL, _NAME_ASKED, _NAME_TOLD)
    rests_on_itself = any(rule.search(question) for rule in by_itself) or _THANKS.fullmatch(question)
    return not (rests_on_itself or _length(question, otherwise=_LONG))


def signed(turns: Sequence[Turn]) -> str:
    """Say who answers, and how many questions this chat has had."""
    return _signature(_questions(turns))


def calculation(question: str) -> tuple[str, str] | None:
    """The first sum in a question and its result, both as text; None where there is none."""
    match = _SUM.search(without_quotes(question))
    if not match:
        return None
    left, sign, right = match.groups()
    if sign == "/" and float(right) == 0:
        return f"{left}/{right}", "undefined"
    return f"{left}{sign}{right}", f"{_OPERATORS[sign](float(left), float(right)):.12g}"


def tokens(text: str) -> list[str]:
    """The text in words, each with the white space before it, as models that stream words give them."""
    return re.findall(r"\s*\S+|\s+\Z", text)


def _questions(turns: Sequence[Turn]) -> list[str]:
    return [without_quotes(content) for role, content in turns if role == USER]


def _recalled(question: str, earlier: Sequence[str]) -> str:
    if not earlier:
        return f"You have not asked me anything before this. {_WHO}, and I only know the turns of this chat."
    if re.search(r"\bfirst\b", question, re.IGNORECASE):
        return f"Your first question was:\n\n{_quote(earlier[0])}\n\n{_WHO}: I have kept the turns of this chat."
    asked = "\n".join(f"{number}. {_one_line(text)}" for number, text in enumerate(earlier, 1))
    return f"Before this you asked:\n\n{asked}\n\n{_WHO}: I have kept the turns of this chat."


def _named(earlier: Sequence[str]) -> str:
    for text in reversed(earlier):
        if told := _NAME_TOLD.search(text):
            return f"Your name is **{told[1]}**: you told me earlier in this chat. {_WHO}."
    return f"You have not told me your name in this chat. {_WHO}: write “my name is …” first."


def _length(question: str, *, otherwise: int) -> int:
    """How many words are asked for: a number of them, or a long answer, which has `otherwise`."""
    if match := _WORDS.search(question):
        return int(re.sub(r"\D", "", match[1]))
    return otherwise if _LONG_ASKED.search(question) else 0


def _from_documents(question: str, earlier: Sequence[str], found: Sequence[Chunk]) -> str:
    first, *others = found
    seen = "\n".join(f"- {chunk.text} (*{chunk.title}*)" for chunk in others)
    also = f"See also:\n\n{seen}\n\n" if seen else ""
    return f"{first.said}\n\n{also}{_signature(earlier, question)}"


def _plain(question: str, earlier: Sequence[str]) -> str:
    if known := near(question, count=1):
        return f"{known[0].said}\n\n{_signature(earlier, question)}"
    return (
        f"**{UNKNOWN}** You asked:\n\n{_quote(question)}\n\nI answer by a few fixed rules, so that you can try the bot "
        f"without a key or an account. {_TRY}\n\n{_count(earlier)}."
    )


def _signature(earlier: Sequence[str], question: str = "") -> str:
    asked = f": “{_shortened(question)}”" if question else "."
    return f"*{_WHO}.* {_count(earlier)}{asked}"


def _count(earlier: Sequence[str]) -> str:
    return f"This is question {len(earlier) + 1} of this chat"


def _quote(text: str) -> str:
    return f"> {_shortened(text)}"


def _shortened(text: str) -> str:
    line = _one_line(text)
    return f"{line[:_REPEATED].rstrip()}…" if len(line) > _REPEATED else line


def _one_line(text: str) -> str:
    return " ".join(text.split())

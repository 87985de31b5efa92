"""Knows what a question is, and how conversations are led."""

from __future__ import annotations

from dataclasses import dataclass

from bot.reply.contract import Place
from bot.thread import Thread


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked. `ts` orders the questions of a thread; `reference` names the turn in the log and in Slack.

    `joins` says that the bot was called into a thread that others began: its earlier messages may go along.
    """

    thread: Thread
    place: Place
    ts: str
    text: str
    reference: str
    notes: tuple[str, ...] = ()
    joins: bool = False


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """How conversations are led: the settings of the same names. Times in seconds.

    `reads_answers`: there is a key, by which an answer that Flowise has stored can be read.
    """

    context_messages: int = 20
    left_run_wait: float = 60.0
    reads_answers: bool = False

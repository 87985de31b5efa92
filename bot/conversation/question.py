"""Defines a question, and the settings of conversations."""

from __future__ import annotations

from dataclasses import dataclass

from bot.decision import MadeDecision, PendingDecision
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.messages import EarlierMessage
from bot.thread import Thread


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that a person has made: what was asked, and what they chose."""

    asked: PendingDecision
    made: MadeDecision


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked. `ts` orders the questions of a thread; `reference` names the turn in the log and in Slack.

    `joins`: it stands in a thread, whose earlier messages may be sent along. `quotes` is what it was sent with,
    forwarded messages and cards; its `text` may then be empty. With `decided` it is no question: a run that waits goes
    on with that decision. `regenerable`: it can be asked anew when it is answered; `since` is set where it is, the
    `context_since` of its thread when it was asked first.
    """

    thread: Thread
    place: Place
    ts: str
    text: str
    reference: str
    notes: tuple[str, ...] = ()
    joins: bool = False
    quotes: tuple[EarlierMessage, ...] = ()
    decided: Decided | None = None
    regenerable: bool = False
    since: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """The settings of conversations, under the names of their variables. Times are in seconds.

    `reads_answers`: there is an API key, with which answers that Flowise has stored can be read. `follow_ups`: in a
    thread that the bot has answered in, every message is a question. `who_decides` is the sentence that says who may
    make the decisions that a flow waits for. `regenerate`: whole answers have a button that asks their question anew.
    """

    context_messages: int = 20
    left_run_wait: float = 60.0
    reads_answers: bool = False
    follow_ups: bool = True
    who_decides: str = wording.DECIDED_BY_ASKER
    regenerate: bool = True

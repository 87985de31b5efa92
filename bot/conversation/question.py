"""Defines a question, and the settings of conversations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.flowise.prediction import Overrides
from bot.records.decision import MadeDecision, PendingDecision
from bot.records.form import FormEntry
from bot.records.thread import Thread
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.messages import EarlierMessage
from bot.slack.shared_files import SharedFile


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision that a person has made: what was asked, and what they chose."""

    asked: PendingDecision
    made: MadeDecision


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked. `ts` orders the questions of a thread; `reference` names the turn in the log and in Slack.

    `joins`: it stands in a thread, whose earlier messages may be sent along. `quotes` is what it was sent with,
    forwarded messages and cards, `files` those that were sent with it; its `text` may then be empty. `teams` are the
    ids of the asker's organisation. With `decided` it is no question: a run that waits goes on with that decision.
    `asker_is_external`: the one who asked is of another organisation. `form` is what was filled in, where the flow
    begins with a form; then no words go along. `regenerable`: it can be asked anew when it is answered; `since` is set
    where it is, the `context_since` of its thread when it was asked first. `command` is the slash command that it was
    asked with, `wanted` the name of the flow that was chosen with it; empty for none. `answered_by` is what people are
    told that answers, empty where nothing else could.
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
    files: tuple[SharedFile, ...] = ()
    teams: tuple[str, ...] = ()
    asker_is_external: bool = False
    form: tuple[FormEntry, ...] = ()
    command: str = ""
    wanted: str = ""
    answered_by: str = ""

    @property
    def asker(self) -> str:
        """The id of the user who asked; of a decision, of the one whose question led to it."""
        return self.decided.asked.asker if self.decided else self.place.user

    @property
    def has_words(self) -> bool:
        """Whether there is something to read in it, its files apart."""
        return bool(self.text.strip()) or any(quote.text for quote in self.quotes)


@dataclass(frozen=True, slots=True)
class Asked:
    """What Flowise is asked for a question: its text, with all that goes along, and what is told of the asker; or a
    form, and the text is what Flowise stores of it.

    `is_first`: the answer will be the first one in a thread where the bot answers every message, and says so. `greets`:
    it will be the first one in a direct message.
    """

    text: str
    overrides: Overrides
    form: Mapping[str, object] = field(default_factory=dict)
    is_first: bool = False
    greets: bool = False


@dataclass(frozen=True, slots=True)
class AskerSettings:
    """What the flow is told of whoever asks: the names of FLOWISE_VARS, FLOWISE_STATE and BOT_INTRODUCE."""

    variables: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    introduced: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConversationSettings:
    """The settings of conversations with all flows, under the names of their variables.

    `who_decides` is the sentence that says who may make the decisions that a flow waits for. `regenerate`: whole
    answers have a button that asks their question anew. `file_limit` is in bytes; `outsiders_files`: files of other
    organisations are read too. `introduced` are the names of BOT_INTRODUCE.
    """

    context_messages: int = 20
    who_decides: str = wording.DECIDED_BY_ASKER
    regenerate: bool = True
    file_limit: int = 10 * 1024 * 1024
    outsiders_files: bool = False
    introduced: tuple[str, ...] = ()

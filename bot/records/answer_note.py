"""Defines what is stored of a whole answer for the buttons under it: whose it is, where it is stored, suggestions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """What the buttons under a message of ours need.

    `asker` is the user whose question it answers. `chat_id` and `message_id` say where Flowise has stored the answer;
    empty where it cannot be rated. `suggestions` are the whole texts of the questions that its buttons ask. `flow` is
    the name of the flow that has answered.
    """

    asker: str
    chat_id: str = ""
    message_id: str = ""
    suggestions: tuple[str, ...] = ()
    flow: str = ""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A note, and what became of the ratings of its answer.

    `row` is the id of the rating's row in Flowise, empty where none is known; `tried`: one may have been written.
    """

    note: AnswerNote
    row: str = ""
    tried: bool = False


@dataclass(frozen=True, slots=True)
class GivenRating:
    """A rating that the asker has given to the answer `reference` of the line `line`.

    `message` is the `ts` of the message with the buttons, in the thread `thread_ts` of `channel` (empty: outside
    threads). `comment` None: none was asked for. `flow` is the name of the flow that has answered.
    """

    line: str
    reference: str
    user: str
    good: bool
    channel: str
    thread_ts: str
    message: str
    comment: str | None = None
    flow: str = ""

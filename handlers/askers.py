"""Tells who has asked a stored question, and where, whichever surface it came through."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import Unreadable
from bot.records.codec import parsed
from bot.records.thread import Item, Thread
from bot.slack.fields import part, string


def asker_of(item: Item) -> str:
    """The id of the user who has asked a question, or made a decision; empty where this version cannot read it."""
    heard = _heard(item)
    of_question = string(part(heard, "message"), "user") or string(part(heard, "command"), "user")
    return of_question or string(heard, "user")  # of who has decided


def text_of(item: Item) -> str:
    """What that user has written, as Slack has given it."""
    heard = _heard(item)
    of_question = string(part(heard, "message"), "text") or string(part(heard, "command"), "text")
    return of_question or string(heard, "text")  # of a suggestion


def thread_of(item: Item) -> Thread | None:
    """The thread in which it was asked, in a direct message too, where all threads are one line; None: in none."""
    thread = Thread.of_line(item.line)
    if thread is None or thread.thread_ts:
        return thread
    heard = _heard(item)
    message = part(heard, "message")
    under = string(message or heard, "thread_ts")
    return replace(thread, thread_ts=under) if under != string(message, "ts") else thread


def message_of(item: Item) -> str:
    """The `ts` of the message that asked; empty where none did."""
    return string(part(_heard(item), "message"), "ts")


def _heard(item: Item) -> dict[str, object]:
    """What is stored of a question; of one that is asked anew, how it was asked first."""
    heard = _read(item.heard)
    first = heard.get("heard")
    return _read(first) if isinstance(first, str) else heard


def _read(written: str) -> dict[str, object]:
    try:
        heard = parsed(written)
    except Unreadable:
        return {}
    return heard if isinstance(heard, dict) else {}

"""Classifies a message of the bot: an answer, a closing sentence, or one that looks as if more came."""

from __future__ import annotations

import re

from benchmarks.chaos.answers import TOKEN, answer
from bot.errors import StoreUnavailable
from bot.records.thread import StopOutcome
from bot.slack import wording, wording_of_failures

# Every failure ends with the reference of the log.
_REFERENCE = re.compile(r"Reference for support: ([0-9a-f]{8})")
# Said where nothing was taken in, so that there is no turn to refer to.
_TURNED_AWAY = (wording.NOT_TAKEN, wording.NOT_KEPT, wording.DECISION_PENDING.replace("`", ""))
_STOPPED = tuple(wording.stopped(outcome) for outcome in StopOutcome)
_UNTAKEN = (wording.NOT_YET, wording_of_failures.failure(StoreUnavailable("")))
_WAITING = re.compile(r"I'll answer this (after|when)")
_WORKING = (
    wording.THINKING,
    wording.HELD_BACK,
    "isn't over yet. I'll start on yours",
    wording.NOT_YET,
    wording.FETCHING_REST,
    wording.FETCHING_ANSWER,
)
# What stands where a decision is waited for, as plain text, and what takes its place.
_BUTTONS = "Proceed Reject"
_CHOSEN = tuple(wording.decision_made("", label) for label in _BUTTONS.split())
_CHOSEN_BEFORE = tuple(wording.decision_made("", label, privately=True) for label in _BUTTONS.split())
_USING = re.compile(r"^Using .*…(?: \(\d+ min\))?$", re.MULTILINE)


def tokens(text: str) -> list[str]:
    """The tokens that are answered in a text, each once, in order."""
    return list(dict.fromkeys(found[:13] for found in re.findall(TOKEN.pattern.removesuffix(r"\b"), text)))


def reference(text: str) -> str:
    """The reference that a closing sentence gives; empty where there is none."""
    found = _REFERENCE.search(text)
    return found[1] if found else ""


def is_whole(text: str, token: str) -> bool:
    """Whether the text holds the whole answer to a question, each word once and in order, and looks finished."""
    if text.endswith((wording.GROWING, f"\n{wording.STOP}")):
        return False
    words, wanted = text.split(), answer(token).split()
    own = [word for word in words if token in word]
    return own == [word for word in wanted if token in word]


def apologises(text: str) -> bool:
    """Whether it says that the question was not taken in."""
    return any(words in text for words in _UNTAKEN)


def is_closed(text: str) -> bool:
    """Whether it says that no more will come, and what to do."""
    said = _REFERENCE.search(text) or any(words in text for words in (*_TURNED_AWAY, *_STOPPED))
    return bool(said) and not _WAITING.search(text)


def is_stopped(text: str) -> bool:
    """Whether it says that somebody has stopped it."""
    return any(words in text for words in _STOPPED)


def is_told(text: str) -> bool:
    """Whether it tells a person that nothing came of a press."""
    of_ratings = (wording.RATING_TOO_LATE, wording.RATING_UNKNOWN, wording.RATING_NOT_WRITTEN)
    return any(words in text for words in (wording.ENDED_ALREADY, wording.NOT_TAKEN, *of_ratings))


def is_not_asked(text: str) -> bool:
    """Whether it tells a person that what a button asks is not asked."""
    return any(words in text for words in (wording.NOT_KEPT, wording.NOT_TAKEN))


def is_not_regenerated(text: str) -> bool:
    """Whether it tells a person that nothing came of a press that asks anew."""
    refusals = (wording.NOT_THE_NEWEST, wording.REGENERATED_ALREADY, wording.QUESTION_GONE, wording.NOT_TAKEN)
    return any(words in text for words in refusals)


def is_open(text: str) -> bool:
    """Whether it has the buttons of a decision."""
    return _BUTTONS in text.splitlines()


def is_asking(text: str) -> bool:
    """Whether it asks for a decision, open or made, perhaps once more: the answer comes in a message of its own."""
    return is_open(text) or any(words in text for words in _CHOSEN)


def is_not_decided(text: str) -> bool:
    """Whether it tells a person that a decision of theirs does not count."""
    return any(words in text for words in (wording.DECISION_CLOSED, wording.NOT_TAKEN, *_CHOSEN_BEFORE))


def words_of(text: str, token: str) -> int:
    """How many words of an answer a text holds."""
    return len([word for word in text.split() if word.startswith(f"{token}w")])


def looks_busy(text: str) -> bool:
    """Whether it says that more will come."""
    return any(words in text for words in _WORKING) or bool(_WAITING.search(text) or _USING.search(text))

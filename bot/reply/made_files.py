"""Keeps which files the flow of an answer has made, and says which of them are not attached to it, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Final, Protocol

from bot.flowise.events import ResultFile, ResultFiles
from bot.flowise.result_content import shown_name
from bot.slack import wording_of_files as wording

REST: Final = "rest"
"""The key of the file with the text that fits into no message. No file of a flow has it: theirs have a colon."""

MOST_ATTACHED: Final = 10
"""The most files of a flow that are attached to an answer: each is a message of its own."""


class WhyLost(Enum):
    """Why a file is not attached."""

    NOT_FETCHED = auto()
    """Flowise does not give it, or it is too large."""
    NOT_ATTACHED = auto()
    """Slack does not take it, or there are too many."""


class _Sentence(Protocol):
    def __call__(self, names: Sequence[str], *, more: bool, alone: bool) -> str: ...


class MadeFiles:
    """The files of one answer. Unless it `attaches` them, it names them all."""

    def __init__(self, *, attaches: bool) -> None:
        self._attaches = attaches
        self._found = ResultFiles(())
        self._lost: dict[str, WhyLost] = {}

    def add(self, event: ResultFiles) -> bool:
        """Take files that have come; whether there is anything new."""
        found = self._found.and_later(event.without_contents)
        changed, self._found = found != self._found, found
        return changed

    def lose(self, key: str, why: WhyLost) -> None:
        """Note that a file cannot be attached."""
        self._lost[key] = why

    @property
    def attached(self) -> tuple[ResultFile, ...]:
        """Those that are to be attached, in order."""
        return self._found.files[:MOST_ATTACHED] if self._attaches else ()

    def remarks(self, *, alone: bool) -> tuple[str, ...]:
        """What is said of them. `alone`: there is no text above, and no other remark."""
        said: list[str] = []

        def say(sentence: _Sentence, wanted: Callable[[ResultFile], bool], *, more: bool = False) -> None:
            names = [shown_name(file) for file in self._found.files if wanted(file)]
            if names or more:
                said.append(sentence(names, more=more, alone=alone and not said))

        if not self._attaches:
            say(wording.not_here, lambda _: True, more=self._found.more)
            return tuple(said)
        there = [shown_name(file) for file in self.attached if file.key not in self._lost]
        if alone and there:
            said.append(wording.attached(there))
        say(wording.not_fetched_here, lambda file: self._why(file) is WhyLost.NOT_FETCHED, more=self._found.more)
        say(wording.not_attached, lambda file: self._why(file) is WhyLost.NOT_ATTACHED)
        return tuple(said)

    def _why(self, file: ResultFile) -> WhyLost | None:
        is_one_too_many = file in self._found.files[MOST_ATTACHED:]
        return WhyLost.NOT_ATTACHED if is_one_too_many else self._lost.get(file.key)

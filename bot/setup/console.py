"""Asks a person in the terminal: a line, a secret that is not shown, one of several, yes or no; or to go back."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from typing import Protocol

BACK = "back"
"""What is typed to go back to the question before."""

_YES, _NO = frozenset({"y", "yes"}), frozenset({"n", "no"})

Check = Callable[[str], str]


class GoBack(Exception):
    """The person wants to go back to the question before."""


class Unanswered(Exception):
    """Nobody is there to answer. The text names the setting or flag that would have."""


class Console(Protocol):
    """How questions are put and findings are told."""

    def say(self, text: str = "") -> None:
        """Show a line or several."""

    def line(self, question: str, check: Check, *, default: str = "", flag: str = "") -> str:
        """A line, as `check` returns it; asked anew while it raises ValueError. An empty one is `default`.

        `flag` names what answers the question where nobody is asked.

        Raises:
            GoBack: the person wants to go back.
            Unanswered: nobody can be asked, and there is no default.
        """

    def secret(self, question: str, check: Check, *, kept: str = "", optional: bool = False, flag: str = "") -> str:
        """As `line`, without showing what is typed. An empty one is `kept`, which is not shown either, or, if it is
        `optional`, empty."""

    def choose(self, question: str, options: Sequence[str], *, default: int = 0) -> int:
        """The number of one of several, counted from 0."""

    def confirm(self, question: str, *, default: bool = True) -> bool:
        """Whether the answer is yes."""


class Terminal:
    """Asks on the terminal that the program runs in: a `Console`. `asked` counts the questions."""

    def __init__(self) -> None:
        self.asked = 0

    def say(self, text: str = "") -> None:
        print(text, flush=True)  # this is what it is for

    def line(self, question: str, check: Check, *, default: str = "", flag: str = "") -> str:
        shown = f" [{default}]" if default else ""
        return self._until_right(lambda: input(f"{question}{shown}: "), check, default)

    def secret(self, question: str, check: Check, *, kept: str = "", optional: bool = False, flag: str = "") -> str:
        hint = " [Enter: the one that is set]" if kept else " [Enter: none]" if optional else ""
        asked = lambda: getpass.getpass(f"{question}{hint}: ")  # noqa: E731
        return self._until_right(asked, check, kept, empty=optional and not kept)

    def choose(self, question: str, options: Sequence[str], *, default: int = 0) -> int:
        self.say(question)
        for number, option in enumerate(options, start=1):
            self.say(f"  {number}  {option}")

        def check(value: str) -> str:
            if not (value.isascii() and value.isdecimal() and 1 <= int(value) <= len(options)):
                raise ValueError(f"expected a number from 1 to {len(options)}")
            return value

        return int(self.line("Number", check, default=str(default + 1))) - 1

    def confirm(self, question: str, *, default: bool = True) -> bool:
        def check(value: str) -> str:
            if value.lower() not in _YES | _NO:
                raise ValueError("expected y or n")
            return value.lower()

        return self.line(f"{question} (y/n)", check, default="y" if default else "n") in _YES

    def _until_right(self, ask: Callable[[], str], check: Check, default: str, *, empty: bool = False) -> str:
        self.asked += 1
        while True:
            typed = ask().strip()
            if typed.lower() == BACK:
                raise GoBack
            if not typed and empty:
                return ""
            try:
                return check(typed or default)
            except ValueError as error:
                self.say(f"  {_sentence(str(error))}")


class Unattended:
    """Answers every question with its default and asks nobody: a `Console`."""

    asked = 0

    def say(self, text: str = "") -> None:
        print(text, flush=True)

    def line(self, question: str, check: Check, *, default: str = "", flag: str = "") -> str:
        if not default:
            raise Unanswered(f"{flag} is not set")
        return _checked(check, default, flag)

    def secret(self, question: str, check: Check, *, kept: str = "", optional: bool = False, flag: str = "") -> str:
        if not kept and optional:
            return ""
        if not kept:
            raise Unanswered(f"{flag} is not set")
        return _checked(check, kept, flag)

    def choose(self, question: str, options: Sequence[str], *, default: int = 0) -> int:
        return default

    def confirm(self, question: str, *, default: bool = True) -> bool:
        return default


def _checked(check: Check, value: str, flag: str) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise Unanswered(f"{flag}: {error}") from None


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

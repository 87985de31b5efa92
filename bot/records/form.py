"""Defines the form that a flow may begin with, and what a person has filled in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# As many digits as Python, JSON and JavaScript write alike.
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")

YES, NO = "true", "false"
"""The texts of a filled field of the kind `boolean`."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form. `kind` is `string`, `number`, `boolean` or `options`."""

    name: str
    label: str
    kind: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """The form that an agent flow begins with."""

    title: str
    description: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class FormEntry:
    """A field that was filled in: its name, its kind, and the text of its value."""

    name: str
    kind: str
    text: str

    @property
    def value(self) -> str | int | float | bool:
        """The value as JSON has it."""
        if self.kind == "boolean":
            return self.text == YES
        if self.kind == "number" and is_number(self.text):
            return float(self.text) if "." in self.text else int(self.text)
        return self.text


def is_number(text: str) -> bool:
    """Whether a text is a number that is the same wherever it is read."""
    return _NUMBER.fullmatch(text) is not None


def as_question(entries: Iterable[FormEntry]) -> str:
    """A filled form as Flowise stores it in place of a question (measured on Flowise 3.1.4)."""
    return "\n".join(f"{entry.name}: {_written(entry.value)}" for entry in entries)


def _written(value: str | float | bool) -> str:
    """A value as JavaScript writes it."""
    if isinstance(value, bool):
        return YES if value else NO
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

"""Reads BOT_DECISIONS: who may make the decisions that a flow waits for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from bot.slack import wording

_PERSON = re.compile(r"[UW][A-Z0-9]{7,}")
_GROUP = re.compile(r"S[A-Z0-9]{7,}")
EXPECTED: Final = (
    "expected asker, thread, or the ids of people (U0123ABCD) and user groups (S0123ABCD) with commas between"
)


@dataclass(frozen=True, slots=True)
class Deciders:
    """Who may decide: the asker, with `thread` whoever has written in the thread; or else only the people and the
    members of the user groups that are listed, by their ids."""

    thread: bool = False
    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def is_list(self) -> bool:
        """Whether only those who are listed may."""
        return bool(self.people or self.groups)

    @property
    def sentence(self) -> str:
        """Says who may decide."""
        if self.is_list:
            return wording.DECIDED_BY_LISTED
        return wording.DECIDED_BY_THREAD if self.thread else wording.DECIDED_BY_ASKER


BY_ASKER: Final = Deciders()


def deciders(setting: str) -> Deciders:
    """Who may decide by the setting BOT_DECISIONS. Raises ValueError."""
    word = setting.strip().lower()
    if word in {"asker", "thread"}:
        return Deciders(thread=word == "thread")
    ids = [part.strip() for part in setting.split(",") if part.strip()]
    people = frozenset(filter(_PERSON.fullmatch, ids))
    groups = frozenset(filter(_GROUP.fullmatch, ids))
    if not ids or len(people) + len(groups) < len(set(ids)):
        raise ValueError(EXPECTED)
    return Deciders(people=people, groups=groups)

"""Declares how all replicas count together what people ask, as a protocol."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `most` questions within the last so many `seconds`."""

    most: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked: by one person, in one channel, and how many answers to one person may be under way. None:
    any number."""

    person: Frequency | None = None
    channel: Frequency | None = None
    at_once: int | None = None

    @property
    def are_none(self) -> bool:
        """Whether any number of everything may be asked."""
        return self == Limits()


@dataclass(frozen=True, slots=True)
class Granted:
    """The question may be asked, and is counted."""


@dataclass(frozen=True, slots=True)
class TooManyAtOnce:
    """As many answers to the person are under way as may be."""


@dataclass(frozen=True, slots=True)
class TooOften:
    """As much was asked as may be, by the person or, `in_channel`, there: one more may be asked after `wait` seconds,
    which is `at` in epoch seconds by the store's clock."""

    wait: float
    at: float
    in_channel: bool = False


Share: TypeAlias = Granted | TooManyAtOnce | TooOften
"""What comes of entering."""


class FairUseCounts(Protocol):
    """What people of a workspace ask. Every method may raise StoreUnavailable."""

    async def enter(self, team: str, user: str, channel: str, reference: str, limits: Limits, lease: float) -> Share:
        """Count a question, by its reference, where it may be asked, and its answer as under way for `lease` seconds.

        A question counts once, however often it enters.
        """
        ...

    async def renew(self, team: str, under_way: Collection[tuple[str, str]], lease: float) -> None:
        """Count answers, each by its asker and its reference, as under way for `lease` seconds from now."""
        ...

    async def leave(self, team: str, user: str, reference: str) -> None:
        """The answer to a question is no longer under way."""
        ...

"""Defines what replicas tell each other of their answers, and what a draw on the write budget returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.slack.tiers import Quota


@dataclass(frozen=True, slots=True)
class Counts:
    """The answers under way by how they grow: `editing` by edits or not yet, of which `standing` are visible in Slack,
    and `streaming` by native streams. `speed` is how fast those that grow by edits do so, all together, as far as is
    known, in characters a second."""

    editing: int = 0
    standing: int = 0
    streaming: int = 0
    speed: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.editing + other.editing,
            self.standing + other.standing,
            self.streaming + other.streaming,
            self.speed + other.speed,
        )

    def without(self, part: Counts) -> Counts:
        """These counts without a part of them, and never below 0."""
        return Counts(
            max(0, self.editing - part.editing),
            max(0, self.standing - part.standing),
            max(0, self.streaming - part.streaming),
            max(0.0, self.speed - part.speed),
        )


@dataclass(frozen=True, slots=True)
class ReplicaCounts:
    """What a replica, by its name, reports about its answers under way. Without a name: nothing."""

    replica: str = ""
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class Spent:
    """The result of a draw on the write budget: `wait` is 0 if the tokens were taken, otherwise the seconds until they
    can be.

    `shared_wait` is the part of it that any other draw from the first bucket would have to wait, too. `level` and
    `quota` are that bucket's tokens, and its size and rate, at present. `counts` are the sums of what all replicas
    reported recently.
    """

    wait: float
    level: float
    quota: Quota
    shared_wait: float = 0.0
    counts: Counts = field(default_factory=Counts)

"""Declares the notes that the store keeps for the buttons under answers, as protocols."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from bot.records.answer_note import AnswerNote, KeptAnswer
from bot.records.decision import KeptDecision, MadeDecision, PendingDecision
from bot.records.thread import Run


class PassageNotes(Protocol):
    """Notes of what answers have used. Every method may raise StoreUnavailable."""

    async def keep(self, line: str, reference: str, note: str, *, seconds: float | None = None) -> None:
        """Keep a note of an answer, in place of an earlier one; without `seconds`, as long as a conversation."""
        ...

    async def kept(self, line: str, reference: str) -> str | None:
        """The note of an answer; None if it is not kept any more."""
        ...


class Decisions(Protocol):
    """The decisions that flows wait for. Every method may raise StoreUnavailable."""

    async def offer(self, asked: PendingDecision, run: Run) -> None:
        """Keep a decision, and note the run that waits for it in place of any earlier note on its chat.

        Once it was made, nothing changes.
        """
        ...

    async def kept(self, line: str, reference: str) -> KeptDecision | None:
        """A decision that was asked for, and whether it was made; None if it is not kept any more."""
        ...

    async def is_newest(self, asked: PendingDecision) -> bool:
        """Whether its run is the newest of its chat and waits, and its thread has not been started over."""
        ...

    async def decide(self, asked: PendingDecision, made: MadeDecision) -> MadeDecision | None:
        """What was decided, by this call or an earlier one: it is decided once. None where it no longer can be, because
        its run is not the newest of its chat."""
        ...

    async def close(self, asked: PendingDecision) -> None:
        """Forget a decision that can no longer be made."""
        ...


class Answers(Protocol):
    """What the buttons under answers need. Every method may raise StoreUnavailable."""

    async def keep(self, line: str, reference: str, note: AnswerNote) -> None:
        """Keep a note of an answer. One that is kept already stays as it is."""
        ...

    async def kept(self, line: str, reference: str) -> KeptAnswer | None:
        """What is kept of an answer; None if it is not kept any more."""
        ...

    async def rating(self, line: str, reference: str) -> None:
        """Note that a rating is about to be written in Flowise: from now on there may be one that is not known."""
        ...

    async def rated(self, line: str, reference: str, row: str) -> None:
        """Note the row in which the rating of an answer stands."""
        ...


class Notices(Protocol):
    """What people were told of late. Every method may raise StoreUnavailable."""

    async def first(self, team: str, user: str, notice: str, seconds: float) -> bool:
        """Note that somebody is told something, over all replicas; whether they were not within so many seconds."""
        ...


class Certificates(Protocol):
    """What was verified of Slack in a workspace. Every method may raise StoreUnavailable."""

    async def keep(self, team: str, report: str) -> None:
        """Keep a workspace's report in place of an earlier one."""
        ...

    async def kept(self, team: str) -> str | None:
        """A workspace's report; None where there is none."""
        ...

    async def fail(self, team: str, name: str) -> None:
        """Note that an assumption has failed in daily use; it is doubted for a day."""
        ...

    async def failed(self, team: str) -> frozenset[str]:
        """The names of the assumptions that have failed within the last day."""
        ...

    async def note_remains(self, team: str, remains: str) -> None:
        """Note something that a run is about to post."""
        ...

    async def remains(self, team: str) -> Iterable[str]:
        """What runs have posted and not cleaned up."""
        ...

    async def forget_remains(self, team: str, remains: str) -> None:
        """Note that it is cleaned up."""
        ...

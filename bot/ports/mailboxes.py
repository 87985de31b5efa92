"""Declares what is needed of the mailboxes in the store, as protocols."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.records.thread import (
    Hold,
    Item,
    OpenAnswer,
    QuestionProgress,
    Run,
    StoppedQuestion,
    StopRequest,
    StopResult,
    Thread,
    UnansweredQuestion,
)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An item whose holder is gone, and what that holder noted of its answer.

    `failures` is how many holders failed to finish it, because they were killed or raised an error. One that was
    stopped and handed it over is not counted. `unreadable` says why this version cannot read the item or the note: of
    such an item, only the team, the line and the reference are known. `stopped`: a person no longer wants the answer.
    """

    hold: Hold
    opened: OpenAnswer
    failures: int = 0
    unreadable: str = ""
    stopped: StopRequest | None = None


class Stops(Protocol):
    """Which questions people no longer want an answer to. Every method may raise StoreUnavailable."""

    async def stop(self, line: str, reference: str, request: StopRequest) -> StopResult:
        """Note that a person no longer wants the answer of an item, whoever works on it."""
        ...

    async def stopped(self) -> tuple[StoppedQuestion, ...]:
        """What was stopped since this was last asked, in all mailboxes, with one request. Some of it may be told twice;
        what was stopped more than a minute ago is told with `Mailboxes.abandoned` alone."""
        ...


class Mailboxes(Protocol):
    """The questions that were accepted and are not settled, and who works on them.

    Every method may raise StoreUnavailable. Each thread has a mailbox. Its items are worked on in the order of their
    `ts`, one at a time; each is held by one process for a `lease`, in seconds, which that process must renew.
    """

    @property
    def stops(self) -> Stops:
        """Which of the items a person no longer wants an answer to."""
        ...

    async def accept(self, hold: Hold, lease: float, *, opens: Thread | None, opened: OpenAnswer) -> bool:
        """Store an item and claim its reference, in one step; False if that was claimed before.

        With `opens`, the bot takes part in that thread from now on. `opened` is what is already known of its answer.
        """
        ...

    async def stand(self, hold: Hold, lease: float) -> int | None:
        """Renew a hold. Returns how many items of the mailbox come before it, 0 if it is its turn; None if it is no
        longer ours, or does not exist."""
        ...

    async def stand_all(self, holds: Sequence[Hold], lease: float) -> list[int | None]:
        """As `stand`, for several holds of one mailbox in one round trip."""
        ...

    async def let_pass(self, hold: Hold, seconds: float) -> bool:
        """For so many seconds, let all others of its mailbox go before an item, even if it is its turn; with 0, no
        longer. False if it is not ours."""
        ...

    async def is_shown_before(self, hold: Hold) -> bool:
        """Whether all items before this one have something standing in Slack."""
        ...

    async def restore(self, hold: Hold, lease: float, opened: OpenAnswer) -> bool:
        """Store an item again after the store lost its data; False if it still exists or was settled."""
        ...

    async def note(self, hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool | StopRequest:
        """Note the state of an answer, and a run that starts now on its chat. False: the item is no longer ours.

        A run of a question that was stopped is not noted: the request that has stopped it is returned.
        """
        ...

    async def items(self, line: str) -> tuple[Item, ...]:
        """The items of a mailbox, in their order. Those that this version cannot read are left out."""
        ...

    async def settle(
        self, hold: Hold, again: UnansweredQuestion | None = None, *, run_over: str = ""
    ) -> StopRequest | None:
        """Delete a finished item; nothing happens if it is no longer ours. Returns who has stopped it, however late.

        `again` is kept for a while. The run on the chat `run_over`, if any, was seen to end.
        """
        ...

    async def release(self, hold: Hold, *, run_over: str = "", failed: bool = False) -> None:
        """Hand an item over for another process to take at once. The run on the chat `run_over`, if any, did not begin.

        `failed`: this process failed to finish it, and is counted among those that did.
        """
        ...

    async def put_aside(self, hold: Hold, reason: str) -> str:
        """Move an item that no process can finish out of its mailbox, and pass the turn on.

        It is kept for a while as it is, for an operator to look at. Returns the name of its key, empty if the item is
        no longer ours.
        """
        ...

    async def asked(self, line: str, reference: str) -> UnansweredQuestion | None:
        """A question that may be asked again."""
        ...

    async def progress(self, line: str, reference: str) -> QuestionProgress | None:
        """How far a question has come, whichever process works on it; None if it was never accepted."""
        ...

    async def abandoned(
        self, teams: Collection[str], process: str, lease: float, *, but_not: Collection[tuple[str, str]] = ()
    ) -> tuple[tuple[TakenOver, ...], Mapping[str, int]]:
        """Take the items of these teams whose lease ran out; and for each team the number of the other processes that
        have asked for its items of late.

        To be called every few seconds, because it also shows the others that this process is alive. Items in `but_not`,
        each a line and a reference, are left to the others.
        """
        ...

    async def others(self, team: str, process: str) -> int:
        """How many other processes have asked for items of a team of late and have not withdrawn, as of now."""
        ...

    async def withdraw(self, teams: Collection[str], process: str) -> None:
        """We take no more of these teams: the others must not count on us."""
        ...

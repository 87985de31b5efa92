"""Knows the three holes of the house: Flowise, Slack and the store, as the conversation needs them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.flowise.events import Event
from bot.flowise.prediction import Prediction
from bot.slack.calls import Call, Result
from bot.slack.messages import EarlierMessage, Marked
from bot.slack.tiers import Key, Quota
from bot.thread import Conversation, Expected, Hold, OpenAnswer, Progress, Run, Thread, UnansweredQuestion


class Flowise(Protocol):
    """One chatflow of one Flowise server."""

    @property
    def chatflow_id(self) -> str: ...

    def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        """Ask once and yield the events up to and with `End`.

        Raises:
            FlowiseError: the answer is not whole; `run` says what is known of the run. `ErrorReported` is never
                yielded: it becomes FlowiseFailed or KeyRefused when the stream has ended.
        """
        ...

    async def abort(self, chat_id: str) -> bool:
        """Ask Flowise to stop the run on a chat (it stops agent flows only): whether it took that; never raises."""
        ...

    async def newest_stored(self, chat_id: str) -> str | None:
        """The id of the newest row that is stored on a chat, empty for none; None where that cannot be known now."""
        ...

    async def has_stored(self, chat_id: str, expected: Expected) -> bool:
        """Whether the answer of that turn is stored on the chat. False where that cannot be known."""
        ...

    async def stored_answer(self, chat_id: str, expected: Expected) -> tuple[Event, ...] | None:
        """The answer of that turn, as it is stored on the chat.

        It is given as the events that a reply shows: `Token` with the whole text, `SourceDocuments`, `UsedTools`,
        `Action`, each where there is one; an empty tuple is an answer that says nothing. None: none is stored yet, or
        none that is certain to be of that turn. The text may differ from what was streamed: Flowise does not store what
        an agent said before it called a tool.

        Raises:
            KeyRefused: without the right key it will never be known.
            FlowiseUnreachable, FlowiseSlow, FlowiseBroke: not now; ask again later.
        """
        ...


class Slack(Protocol):
    """One workspace, as the bot's token sees it."""

    async def call(self, call: Call) -> Result:
        """Make one call, once. Never raises for what Slack or the network does: that is the result."""
        ...

    async def replies(self, thread: Thread, *, before: str, limit: int) -> tuple[EarlierMessage, ...]:
        """The last `limit` messages of a thread before the message `before`, oldest first.

        Raises:
            SlackRefused, SlackUnavailable: the thread cannot be read.
        """
        ...

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        """The messages of one question after the message `since`: those that we have posted under a mark which begins
        with `reference` and a hyphen. A message keeps its mark when it is edited.

        Raises:
            SlackRefused, SlackUnavailable: they cannot be read.
        """
        ...

    async def name(self, user: str) -> str:
        """The display name of a user id, kept for a while; the id itself where Slack does not tell."""
        ...


@dataclass(frozen=True, slots=True)
class Counts:
    """The answers under way by what they grow by: `editing` by edits or not yet by anything, of which `standing` can
    be seen in Slack, and `streaming` by native streams. `speed` is how fast those grow by edits, all together, as far
    as can be judged: in characters a second."""

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
        """What remains of these when some of them are not counted."""
        return Counts(
            max(0, self.editing - part.editing),
            max(0, self.standing - part.standing),
            max(0, self.streaming - part.streaming),
            max(0.0, self.speed - part.speed),
        )


@dataclass(frozen=True, slots=True)
class ReplicaCounts:
    """What a replica, by its name, tells of the answers it has under way. Without a name: nothing."""

    replica: str = ""
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a draw on the write budget gave: `wait` 0 when the tokens were taken, else the seconds until they can be.

    `shared_wait` is the part of it that any other draw from the first bucket would have to wait too. `level` and
    `quota` are of that bucket: the tokens left in it, and its size and rate at present. `counts` are the sums of what
    all replicas have told of late.
    """

    wait: float
    level: float
    quota: Quota
    shared_wait: float = 0.0
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An item whose holder is gone, and what that one has noted of its answer.

    `failures` is how many holders have not brought it to an end: killed, or beaten by it. One that was stopped and has
    handed it over is none of them. `unreadable` says why this version cannot read the item or the note: of such an item
    only the team, the line and the reference are known.
    """

    hold: Hold
    opened: OpenAnswer
    failures: int = 0
    unreadable: str = ""


class Mailboxes(Protocol):
    """The mailboxes: what was taken in and not settled, who works on it. Every method may raise StoreUnavailable.

    Each thread has a mailbox. Its items are worked on in the order of their `ts`, one at a time; each is held by one
    process for a `lease`, in seconds, that is to be renewed.
    """

    async def accept(self, hold: Hold, lease: float, *, opens: Thread | None, opened: OpenAnswer) -> bool:
        """Store an item and claim its reference, in one step; False when that was claimed before.

        With `opens`, the bot takes part in that thread from now on. `opened` is what is known of its answer already.
        """
        ...

    async def stand(self, hold: Hold, lease: float) -> int | None:
        """Renew a hold. Returns how many items of the mailbox are before it, 0 when it is its turn; None when it is
        not ours any more, or not there."""
        ...

    async def stand_all(self, holds: Sequence[Hold], lease: float) -> list[int | None]:
        """The same for several holds of one mailbox, at the cost of one."""
        ...

    async def is_shown_before(self, hold: Hold) -> bool:
        """Whether all items before this one have something standing in Slack."""
        ...

    async def restore(self, hold: Hold, lease: float, opened: OpenAnswer) -> bool:
        """Store an item anew that is not there: the store has lost its data. False: it is there, or was settled."""
        ...

    async def note(self, hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool:
        """Note what is open of an answer, and the run on its chat that starts now. False: not ours any more."""
        ...

    async def settle(self, hold: Hold, again: UnansweredQuestion | None = None, *, run_over: str = "") -> None:
        """The item is done; nothing happens if it is not ours any more.

        `again` is kept for a while. The run on the chat `run_over`, if any, was seen to end.
        """
        ...

    async def release(self, hold: Hold, *, run_over: str = "", failed: bool = False) -> None:
        """Let another process go on with an item at once. The run on the chat `run_over`, if any, did not begin.

        `failed`: we could not bring it to an end, and are counted among those that could not.
        """
        ...

    async def put_aside(self, hold: Hold, reason: str) -> str:
        """Take an item that nobody can bring to an end out of its mailbox, with its turn.

        It is kept for a while as it is, for an operator to look at. Returns the name of the key, or an empty text where
        the item is not ours any more.
        """
        ...

    async def asked(self, line: str, reference: str) -> UnansweredQuestion | None:
        """A question that may be asked again."""
        ...

    async def progress(self, line: str, reference: str) -> Progress | None:
        """How far a question has come, whoever works on it; None when nobody has taken it in."""
        ...

    async def abandoned(
        self, teams: Collection[str], process: str, lease: float, *, but_not: Collection[tuple[str, str]] = ()
    ) -> tuple[tuple[TakenOver, ...], Mapping[str, int]]:
        """Take the items of these teams whose lease ran out; and for each team the number of the other processes that
        have asked for its items of late.

        To be called every few seconds: it is also how the others know that we are there. Items of `but_not`, each a
        line and a reference, are left to the others.
        """
        ...

    async def withdraw(self, teams: Collection[str], process: str) -> None:
        """We take no more of these teams: the others must not count on us."""
        ...


class Store(Protocol):
    """What is kept across restarts and shared by replicas. Every method may raise StoreUnavailable."""

    @property
    def mailboxes(self) -> Mailboxes:
        """The mailboxes."""
        ...

    async def conversation(self, thread: Thread) -> Conversation | None: ...

    async def remember(
        self, thread: Thread, chat_id: str, chatflow_id: str, generation: int, now: float, *, answered: bool = False
    ) -> bool:
        """Write the chat of a thread and renew its lifetime; False, and nothing written, if the thread has meanwhile
        been started over (its generation is another one). Leaves the thread's being quiet as it is."""
        ...

    async def start_over(self, thread: Thread, now: float) -> int:
        """Begin the next generation of a thread, with no chat yet. Returns its number."""
        ...

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None: ...

    async def message_belongs(self, team: str, channel: str, ts: str, chat_id: str, chatflow_id: str) -> None:
        """Note the chat that a message of a direct message belongs to."""
        ...

    async def chat_of_message(self, team: str, channel: str, ts: str) -> tuple[str, str] | None:
        """The (chatId, chatflow id) that a message belongs to."""
        ...

    async def run_started(self, line: str, chat_id: str, run: Run) -> None:
        """Note that a run goes on on a chat of a line (replaces what was noted)."""
        ...

    async def run_ended(self, line: str, chat_id: str) -> None: ...

    async def run_on(self, line: str, chat_id: str) -> Run | None:
        """The run that has not been seen to end on a chat."""
        ...

    async def spend(
        self,
        team: str,
        keys: Sequence[Key],
        reserve: float,
        call: str,
        told: ReplicaCounts,
        *,
        due: float | None = None,
    ) -> Spent:
        """Draw one token from each bucket of a workspace's write budget, or nothing from any.

        `reserve` tokens must remain in the first. `call` names the draw: sent twice, it counts once. An urgent one says
        for how many seconds it has been `due`: under a lower limit that a refusal has taught it need not come evenly,
        and it goes before those of other replicas that were due later.
        """
        ...

    async def tell(self, team: str, told: ReplicaCounts) -> None:
        """Tell the other replicas without a draw."""
        ...

    async def refused(self, team: str, keys: Sequence[Key], retry_after: float, call: str) -> None:
        """Slack answered a call with 429: nothing from these buckets before `retry_after` seconds, and less later."""
        ...

    async def purge(self, team: str) -> int:
        """Delete what is kept of a workspace; returns how many things that were."""
        ...

    async def ping(self) -> None:
        """Raises StoreUnavailable when the store does not answer within about a second."""
        ...

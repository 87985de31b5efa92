"""Declares the three services that conversations need, as protocols: Flowise, Slack and the store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.answer_note import AnswerNote, KeptAnswer
from bot.decision import KeptDecision, MadeDecision, PendingDecision
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.decisions import PauseState
from bot.flowise.events import Event, SourceDocuments
from bot.flowise.feedback import AnswerRating
from bot.flowise.prediction import Prediction, Upload
from bot.flowise.uploads import Accepted
from bot.slack.calls import Call, Result
from bot.slack.messages import EarlierMessage, Marked
from bot.slack.people import Person
from bot.slack.shared_files import SharedFile
from bot.slack.tiers import Key, Quota
from bot.thread import (
    Conversation,
    Expected,
    Hold,
    Item,
    NewestAnswer,
    OpenAnswer,
    QuestionProgress,
    Run,
    StoppedQuestion,
    StopRequest,
    StopResult,
    Thread,
    UnansweredQuestion,
)


class Flowise(Protocol):
    """One chatflow of one Flowise server."""

    @property
    def chatflow_id(self) -> str: ...

    @property
    def files(self) -> FlowFiles:
        """What the flow takes of people's files."""
        ...

    def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        """Ask once and yield the events up to and with `End`.

        Raises:
            FlowiseError: the answer is incomplete; `run` says what is known of the run. `ErrorReported` is never
                yielded: it is raised as FlowiseFailed or KeyRefused at the end of the stream.
        """
        ...

    async def abort(self, chat_id: str) -> bool:
        """Ask Flowise to stop the run on a chat; whether it accepted. It stops agent flows only. Never raises."""
        ...

    async def newest_stored(self, chat_id: str) -> str | None:
        """The id of the newest row stored on a chat, empty if there is none; None if that cannot be determined now."""
        ...

    async def has_stored(self, chat_id: str, expected: Expected) -> bool:
        """Whether the answer of that turn is stored on the chat. False if that cannot be determined."""
        ...

    async def stored_answer(self, chat_id: str, expected: Expected) -> tuple[Event, ...] | None:
        """The answer of that turn, as it is stored on the chat.

        It is returned as the events that a reply shows, as far as there are any: `Token` with the whole text,
        `SourceDocuments`, `ResultFiles`, `UsedTools`; and `Decision` with the `Metadata` of its row. An empty tuple is
        an answer without content. None: none is stored yet, or none that certainly belongs to that turn. The text may
        differ from what was streamed: Flowise does not store what an agent said before it called a tool.

        Raises:
            KeyRefused: it can never be read without the right key.
            FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read now; try again later.
        """
        ...

    async def pause_state(self, chat_id: str, row_id: str, action_id: str) -> PauseState:
        """Whether the run that paused for the decision `action_id`, stored as the row `row_id`, still waits for it.

        Flowise resumes the newest run of a chat, whatever was decided: so anything newer on the chat is `OVER`.

        Raises:
            KeyRefused: it can never be read without the right key.
            FlowiseUnreachable, FlowiseSlow, FlowiseBroke: it cannot be read now; try again later.
        """
        ...

    async def asked_last(self, chat_id: str, expected: Expected) -> bool:
        """Whether the newest row that is stored on the chat is the question of that turn: its answer was not stored.
        False if that cannot be determined."""
        ...

    async def config(self) -> ChatbotConfig:
        """What the flow offers to people, as far as is known. Never raises."""
        ...

    async def rate(self, rating: AnswerRating, row: str = "", *, look: bool = False) -> str | None:
        """Write the rating of an answer, and return the id of the row it stands in; None: the answer is not known.

        `row` is that of an earlier rating of the answer, which is changed. With `look`, there may be one that is not
        known.

        Raises:
            FlowiseError: it could not be written now; try again later, with `look`.
        """
        ...

    async def stored_text(self, chat_id: str, message_id: str) -> str:
        """The text of the stored answer with that id; empty if it has none, or cannot be read within three seconds or
        in 1 MB. Never raises."""
        ...

    async def stored_sources(self, chat_id: str, message_id: str) -> SourceDocuments | None:
        """The documents of the stored answer with that id, with their passages; None if it has none.

        Raises:
            FlowiseError: it cannot be read within two seconds or in 1 MB.
        """
        ...


class FlowFiles(Protocol):
    """What one chatflow takes of people's files, and how files get there apart from a question."""

    async def accepted(self, *, may_store: bool) -> Accepted:
        """What the flow takes; nothing for its vector store unless files `may_store` be added there.

        Raises:
            FlowiseError: Flowise does not tell, so nothing was asked.
        """
        ...

    async def read(self, chat_id: str, file: Upload, *, most: int) -> str:
        """Have Flowise read a file, and keep it with a chat; returns its text, of at most `most` characters.

        It may be done again, with the same name on the same chat.

        Raises:
            TooMuchTextError: the file has more text.
            FlowiseFailed: Flowise does not take the file, or cannot read it.
            FlowiseError: it did not get there.
        """
        ...

    async def store(self, chat_id: str, file: Upload) -> int:
        """Add a file to the flow's vector store, for one chat; returns how many pieces were added, 0 if it was refused.

        Each time adds another copy, so it must never be done twice.

        Raises:
            FlowiseFailed, KeyRefused: Flowise does not take the file.
            FlowiseError: whether it was added is not known.
        """
        ...


class Slack(Protocol):
    """One workspace, as the bot's token sees it."""

    async def call(self, call: Call) -> Result:
        """Make one call, once. Errors of Slack and the network are results, and are not raised."""
        ...

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        """The last `limit` messages of a thread before the message `before`, oldest first.

        With `after`, those that others have written after the message `after`, read with one request: none where
        Slack does not tell all of them at once. What only tells the bot what to do (`help`, `quiet`) is left out.
        They hold the names of channels that the `asker`, a user id, can see.

        Raises:
            SlackRefused, SlackUnavailable: the thread cannot be read.
        """
        ...

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        """The bot's messages for one question after the message `since`: those posted with a mark that begins with
        `reference` and a hyphen. A message keeps its mark when it is edited.

        Raises:
            SlackRefused, SlackUnavailable: they cannot be read.
        """
        ...

    async def name(self, user: str) -> str:
        """The display name of a user id, cached for a while; empty if Slack does not tell."""
        ...

    async def person(self, user: str) -> Person | None:
        """Who a user is, cached for a while; None if Slack does not tell."""
        ...

    async def channel_name(self, channel: str) -> str:
        """The name of a public channel, cached for a while; empty for any other, or if Slack does not tell."""
        ...


class AttachedFiles(Protocol):
    """The files that people have attached in one workspace."""

    async def file(self, file_id: str) -> SharedFile:
        """A file by its id, where a message gives no more of it.

        Raises:
            SlackRefused, SlackUnavailable: Slack does not tell.
        """
        ...

    async def content(self, file: SharedFile) -> bytearray:
        """The bytes of a file: at most as many as its `size` says.

        Raises:
            FileRefusedError: it cannot be fetched.
        """
        ...


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


class Store(Protocol):
    """What survives restarts and is shared by replicas. Every method may raise StoreUnavailable."""

    @property
    def mailboxes(self) -> Mailboxes:
        """The mailboxes."""
        ...

    @property
    def answers(self) -> Answers:
        """What the buttons under answers need."""
        ...

    @property
    def passages(self) -> PassageNotes:
        """Notes of what answers have used."""
        ...

    @property
    def decisions(self) -> Decisions:
        """The decisions that flows wait for."""
        ...

    async def conversation(self, thread: Thread) -> Conversation | None: ...

    async def remember(  # noqa: PLR0913  # all that is noted of a conversation, most with a default
        self,
        thread: Thread,
        chat_id: str,
        chatflow_id: str,
        generation: int,
        now: float,
        *,
        answered: bool = False,
        context_since: str = "",
        asks: bool = False,
        newest: Item | None = None,
    ) -> bool:
        """Write the chat of a thread and renew its lifetime; False, with nothing written, if the thread has been
        started over meanwhile (its generation differs). `asks`: the answer ended with a question. Does not change
        whether the thread is quiet, and an earlier `context_since` than the one noted changes nothing.

        With `answered`, `newest` is the question that can be asked anew from now on, in place of the one before it;
        None: none can.
        """
        ...

    async def newest(self, thread: Thread) -> NewestAnswer | None:
        """The newest answer of a thread, until that is started over; None where it cannot be regenerated."""
        ...

    async def start_over(self, thread: Thread, now: float, *, context_since: str = "") -> int:
        """Begin the next generation of a thread, with no chat yet; `context_since` as in `remember`. Returns its
        number."""
        ...

    async def note_files(self, thread: Thread, files: str) -> None:
        """Note which files the flow of a thread has forgotten, in words; empty for none."""
        ...

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None: ...

    async def leave_out(self, thread: Thread, messages: Sequence[str], now: float) -> None:
        """Note messages of a thread, by `ts`, that no question is sent along with; see `Conversation.left_out`."""
        ...

    async def message_belongs(self, team: str, channel: str, ts: str, chat_id: str, chatflow_id: str) -> None:
        """Note the chat that a message in a direct message belongs to."""
        ...

    async def chat_of_message(self, team: str, channel: str, ts: str) -> tuple[str, str] | None:
        """The (chatId, chatflow id) that a message belongs to."""
        ...

    async def run_started(self, line: str, chat_id: str, run: Run) -> None:
        """Note that a run is under way on a chat of a line, in place of any earlier note."""
        ...

    async def run_ended(self, line: str, chat_id: str) -> None: ...

    async def run_on(self, line: str, chat_id: str) -> Run | None:
        """The run on a chat that was not seen to end."""
        ...

    async def begin_storing(self, line: str, chat_id: str, file_id: str, by: str) -> str:
        """Note that a file is now added to the vector store for a chat, unless that was noted before.

        Returns who noted it: `by`, which may go on, or another; `STORED` once `stored_file` was called. To be asked
        with the same `by` again if the answer was lost.
        """
        ...

    async def stored_file(self, line: str, chat_id: str, file_id: str) -> None:
        """Note that a file was added to the vector store for a chat."""
        ...

    async def spend(
        self,
        team: str,
        keys: Sequence[Key],
        reserve: float,
        call: str,
        report: ReplicaCounts,
        *,
        due: float | None = None,
    ) -> Spent:
        """Draw one token from each bucket of a workspace's write budget, or none from any.

        `reserve` tokens must remain in the first. `call` names the draw: sent twice, it counts once. An urgent draw
        says for how many seconds it has been `due`: under a limit learned from a refusal it need not be spread evenly,
        and it precedes draws of other replicas that became due later.
        """
        ...

    async def report_counts(self, team: str, report: ReplicaCounts) -> None:
        """Report this replica's counts to the others without a draw."""
        ...

    async def refused(self, team: str, keys: Sequence[Key], retry_after: float, call: str) -> None:
        """Note that Slack answered a call with 429: no draws from its buckets for `retry_after` seconds."""
        ...

    async def purge(self, team: str) -> int:
        """Delete what is kept of a workspace; returns how many things that were."""
        ...

    async def ping(self) -> None:
        """Raises StoreUnavailable if the store does not answer within about a second."""
        ...

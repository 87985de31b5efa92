"""Declares the store that all replicas share, as a protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bot.ports.budget import ReplicaCounts, Spent
from bot.ports.fair_use import FairUseCounts
from bot.ports.figures import FigureCounts
from bot.ports.home import HomeNotes
from bot.ports.mailboxes import Mailboxes
from bot.ports.notes import Answers, Certificates, Decisions, Notices, PassageNotes
from bot.records.thread import Conversation, Item, MessageChat, NewestAnswer, NotedFlow, Run, Thread
from bot.slack.tiers import Key


class Store(Protocol):
    """What survives restarts and is shared by replicas. Every method may raise StoreUnavailable."""

    @property
    def mailboxes(self) -> Mailboxes:
        """The mailboxes."""
        ...

    @property
    def figures(self) -> FigureCounts:
        """What is counted of a workspace."""
        ...

    @property
    def home(self) -> HomeNotes:
        """What people have set in Slack."""
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

    @property
    def certificates(self) -> Certificates:
        """What was verified of Slack in a workspace."""
        ...

    @property
    def fair_use(self) -> FairUseCounts:
        """What people ask, counted over all replicas."""
        ...

    @property
    def notices(self) -> Notices:
        """What people were told of late."""
        ...

    async def conversation(self, thread: Thread) -> Conversation | None: ...

    async def remember(  # noqa: PLR0913  # all that is noted of a conversation, most with a default
        self,
        thread: Thread,
        chat_id: str,
        flow: NotedFlow,
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

    async def start_over(self, thread: Thread, now: float, *, context_since: str = "", flow: str = "") -> int:
        """Begin the next generation of a thread, with no chat yet; `context_since` as in `remember`, `flow` the name
        of the flow that it keeps. Returns its number."""
        ...

    async def note_files(self, thread: Thread, files: str) -> None:
        """Note which files the flow of a thread has forgotten, in words; empty for none."""
        ...

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None: ...

    async def leave_out(self, thread: Thread, messages: Sequence[str], now: float) -> None:
        """Note messages of a thread, by `ts`, that no question is sent along with; see `Conversation.left_out`."""
        ...

    async def message_belongs(self, team: str, channel: str, ts: str, chat: MessageChat) -> None:
        """Note the chat that a message in a direct message belongs to."""
        ...

    async def chat_of_message(self, team: str, channel: str, ts: str) -> MessageChat | None:
        """The chat that a message belongs to."""
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

        Returns who noted it: `by`, which may go on, or another; `STORED` once `stored_file` said so. `by` is new for
        each time that a file would be sent, and the same again where the answer to this was lost.
        """
        ...

    async def stored_file(self, line: str, chat_id: str, file_id: str, *, added: bool) -> None:
        """Note that a file was added to the vector store for a chat; or that Flowise has not `added` anything of it, so
        that it may be sent again."""
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

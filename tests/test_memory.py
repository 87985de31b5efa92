"""What a process still holds of the questions that it has answered: nothing."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import count
from types import FunctionType, ModuleType
from typing import Any, cast

import pytest

from bot.conversation.prediction_state import PredictionState
from bot.conversation.question import Question
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.decisions import PauseState
from bot.flowise.events import End, Event, Metadata, SourceDocuments, Token
from bot.flowise.feedback import AnswerRating
from bot.flowise.prediction import Prediction
from bot.mailbox import leased_answer as keeping
from bot.mailbox.lease import Lease
from bot.ports.budget import ReplicaCounts, Spent
from bot.ports.fair_use import FairUseCounts, Limits, Share
from bot.ports.figures import FigureCounts
from bot.ports.flowise import FlowFiles
from bot.ports.home import HomeNotes
from bot.ports.mailboxes import Mailboxes, Stops, TakenOver
from bot.ports.notes import Answers, Certificates, Decisions, Notices, PassageNotes
from bot.records.answer_note import AnswerNote, KeptAnswer
from bot.records.decision import MadeDecision, PendingDecision
from bot.records.thread import (
    Conversation,
    Expected,
    Hold,
    Item,
    MessageChat,
    NewestAnswer,
    NotedFlow,
    OpenAnswer,
    QuestionProgress,
    Run,
    StoppedQuestion,
    StopRequest,
    StopResult,
    Thread,
    UnansweredQuestion,
)
from bot.reply.contract import LONGEST, Place
from bot.reply.observed import ObservedReply
from bot.slack.calls import Accepted, Call, Posted, PostMessage, Result, SendFile, Uploaded
from bot.slack.messages import EarlierMessage, Marked, StandingMessage
from bot.slack.payload import IncomingMessage
from bot.slack.people import Person
from bot.slack.shared_files import SharedFile
from bot.slack.tiers import Key, Quota
from bot.slack.token_state import TokenState
from bot.workspace.workspace import Workspace
from tests.workspace.made import made_workspace

pytestmark = pytest.mark.slow

CHANNELS = 20


class Flowise:
    """Says a sentence."""

    chatflow_id = "flow"

    @property
    def files(self) -> FlowFiles:
        return cast("FlowFiles", None)  # nobody attaches anything here

    async def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        assert prediction.asking is not None
        await prediction.asking()
        yield Token("An answer.")
        yield Metadata(f"of Flowise: {prediction.chat_id}")
        yield End()

    async def abort(self, chat_id: str) -> bool:
        return True

    async def newest_stored(self, chat_id: str) -> str | None:
        return None

    async def has_stored(self, chat_id: str, expected: Expected) -> bool:
        return True

    async def stored_answer(self, chat_id: str, expected: Expected) -> tuple[Event, ...] | None:
        return None

    async def asked_last(self, chat_id: str, expected: Expected) -> bool:
        return False

    async def config(self) -> ChatbotConfig:
        return ChatbotConfig()

    async def rate(self, rating: AnswerRating, row: str = "", *, look: bool = False) -> str | None:
        return None

    async def pause_state(self, chat_id: str, row_id: str, action_id: str) -> PauseState:
        return PauseState.OVER

    async def stored_text(self, chat_id: str, message_id: str) -> str:
        return ""

    async def stored_sources(self, chat_id: str, message_id: str) -> SourceDocuments | None:
        return None


class Slack:
    """Takes every call."""

    def __init__(self) -> None:
        self._ts = count(1)

    async def call(self, call: Call) -> Result:
        if isinstance(call, SendFile):
            return Uploaded(f"F{next(self._ts)}")
        return Posted(f"{next(self._ts)}.5") if isinstance(call, PostMessage) else Accepted()

    async def members(self, group: str) -> frozenset[str]:
        return frozenset()

    async def wrote(self, thread: Thread, user: str) -> bool:
        return False

    async def standing(self, thread: Thread, ts: str) -> StandingMessage | None:
        return None

    async def publish_home(self, user: str, view: Mapping[str, object]) -> Result:
        raise NotImplementedError

    async def suggest(self, channel: str, prompts: Sequence[str]) -> Result:
        raise AssertionError

    async def open_view(self, trigger_id: str, view: Mapping[str, object]) -> Result:
        return Accepted()

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        return ()

    async def marked(self, thread: Thread, reference: str, *, since: str) -> tuple[Marked, ...]:
        return ()

    async def name(self, user: str) -> str:
        return user

    async def file(self, file_id: str) -> SharedFile:
        return SharedFile(file_id, "")

    async def content(self, file: SharedFile) -> bytearray:
        return bytearray()

    async def names(self, text: str, *, asker: str) -> Mapping[str, str]:
        return {}

    async def written(self, thread: Thread, ts: str) -> IncomingMessage | None:
        return None

    async def person(self, user: str) -> Person | None:
        return None

    async def channel_name(self, channel: str) -> str:
        return ""

    async def bot_wrote(self, thread: Thread, *, app: str, bot: str) -> bool:
        return False

    @property
    def admission(self) -> TokenState:
        return TokenState()

    async def come_back(self, pause: Callable[[], Awaitable[None]]) -> None: ...


class KeptAnswers:
    """Keeps nothing."""

    async def keep(self, line: str, reference: str, note: AnswerNote) -> None: ...

    async def kept(self, line: str, reference: str) -> KeptAnswer | None:
        return None

    async def rating(self, line: str, reference: str) -> None: ...

    async def rated(self, line: str, reference: str, row: str) -> None: ...


class NoCertificates:
    """Nothing was ever verified: a `bot.ports.notes.Certificates`."""

    async def keep(self, team: str, report: str) -> None: ...

    async def kept(self, team: str) -> str | None: ...

    async def fail(self, team: str, name: str) -> None: ...

    async def failed(self, team: str) -> frozenset[str]:
        return frozenset()

    async def note_remains(self, team: str, remains: str) -> None: ...

    async def remains(self, team: str) -> tuple[str, ...]:
        return ()

    async def forget_remains(self, team: str, remains: str) -> None: ...


class Store:
    """Takes everything, keeps nothing: a `bot.ports.store.Store` and its mailboxes, with nobody else on it."""

    @property
    def mailboxes(self) -> Mailboxes:
        return self

    @property
    def stops(self) -> Stops:
        return self

    @property
    def passages(self) -> PassageNotes:
        return self

    @property
    def certificates(self) -> Certificates:
        return NoCertificates()

    async def keep(self, line: str, reference: str, note: str, *, seconds: float | None = None) -> None: ...

    @property
    def decisions(self) -> Decisions:
        return self

    @property
    def answers(self) -> Answers:
        return KeptAnswers()

    @property
    def home(self) -> HomeNotes:
        raise NotImplementedError

    @property
    def figures(self) -> FigureCounts:
        raise NotImplementedError

    @property
    def fair_use(self) -> FairUseCounts:
        return self

    async def enter(  # there is no limit
        self, team: str, user: str, channel: str, reference: str, limits: Limits, lease: float
    ) -> Share:
        raise NotImplementedError

    async def renew(self, team: str, under_way: Collection[tuple[str, str]], lease: float) -> None: ...

    async def leave(self, team: str, user: str, reference: str) -> None: ...

    async def let_pass(self, hold: Hold, seconds: float) -> bool:
        return True

    @property
    def notices(self) -> Notices:
        return self

    async def first(self, team: str, user: str, notice: str, seconds: float) -> bool:
        return True

    async def offer(self, asked: PendingDecision, run: Run) -> None: ...

    async def kept(self, line: str, reference: str) -> None: ...

    async def is_newest(self, asked: PendingDecision) -> bool:
        return False

    async def decide(self, asked: PendingDecision, made: MadeDecision) -> MadeDecision | None:
        return None

    async def close(self, asked: PendingDecision) -> None: ...

    async def stop(self, line: str, reference: str, request: StopRequest) -> StopResult:
        return StopResult.GONE

    async def stopped(self) -> tuple[StoppedQuestion, ...]:
        return ()

    async def items(self, line: str) -> tuple[Item, ...]:
        return ()

    async def accept(self, hold: Hold, lease: float, *, opens: Thread | None, opened: OpenAnswer) -> bool:
        return True

    async def stand(self, hold: Hold, lease: float) -> int | None:
        return 0

    async def stand_all(self, holds: Sequence[Hold], lease: float) -> list[int | None]:
        return [0 for _ in holds]

    async def put_aside(self, hold: Hold, reason: str) -> str:
        return ""

    async def progress(self, line: str, reference: str) -> QuestionProgress | None:
        return None

    async def is_shown_before(self, hold: Hold) -> bool:
        return True

    async def restore(self, hold: Hold, lease: float, opened: OpenAnswer) -> bool:
        return False

    async def note(self, hold: Hold, opened: OpenAnswer, run: Run | None = None) -> bool:
        return True

    async def settle(self, hold: Hold, again: UnansweredQuestion | None = None, *, run_over: str = "") -> None: ...

    async def release(self, hold: Hold, *, run_over: str = "", failed: bool = False) -> None: ...

    async def asked(self, line: str, reference: str) -> UnansweredQuestion | None:
        return None

    async def abandoned(
        self, teams: Collection[str], process: str, lease: float, *, but_not: Collection[tuple[str, str]] = ()
    ) -> tuple[tuple[TakenOver, ...], Mapping[str, int]]:
        return (), {}

    async def others(self, team: str, process: str) -> int:
        return 0

    async def withdraw(self, teams: Collection[str], process: str) -> None: ...

    async def purge(self, team: str) -> int:
        return 0

    async def conversation(self, thread: Thread) -> Conversation | None:
        return None

    async def remember(
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
        return True

    async def newest(self, thread: Thread) -> NewestAnswer | None:
        return None

    async def start_over(self, thread: Thread, now: float, *, context_since: str = "", flow: str = "") -> int:
        return 1

    async def note_files(self, thread: Thread, files: str) -> None: ...

    async def set_quiet(self, thread: Thread, quiet: bool, now: float) -> None: ...

    async def leave_out(self, thread: Thread, messages: Sequence[str], now: float) -> None: ...

    async def message_belongs(self, team: str, channel: str, ts: str, chat: MessageChat) -> None: ...

    async def chat_of_message(self, team: str, channel: str, ts: str) -> MessageChat | None:
        return None

    async def run_started(self, line: str, chat_id: str, run: Run) -> None: ...

    async def run_ended(self, line: str, chat_id: str) -> None: ...

    async def run_on(self, line: str, chat_id: str) -> Run | None:
        return None

    async def begin_storing(self, line: str, chat_id: str, file_id: str, by: str) -> str:
        return by

    async def stored_file(self, line: str, chat_id: str, file_id: str, *, added: bool) -> None: ...

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
        return Spent(0.0, 100.0, Quota(100, 6000))

    async def report_counts(self, team: str, report: ReplicaCounts) -> None: ...

    async def refused(self, team: str, keys: Sequence[Key], retry_after: float, call: str) -> None: ...

    async def ping(self) -> None: ...


class Talker(Flowise):
    """Goes on and on; notes how many pieces of its answer are held."""

    def __init__(self) -> None:
        self.held: list[tuple[int, ...]] = []

    async def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        assert prediction.asking is not None
        await prediction.asking()
        for piece in ("x" * 2_000, "y", "z"):
            for _ in range(LONGEST // 2_000 + 1):
                yield Token(piece)
            self.held.append(tuple(len(pieces) for pieces in _pieces()))
        yield End()


def _pieces() -> Iterator[Sequence[object]]:
    for one in gc.get_objects():
        match one:
            case PredictionState():
                yield one.text_so_far
            case ObservedReply():
                yield one._arrived
            case keeping.LeasedAnswer():
                yield one._journal._new


@asynccontextmanager
async def workspace(flowise: Flowise | None = None) -> AsyncIterator[Workspace]:
    """A workspace in which each question is answered by a flow."""
    slack, store, minutes = Slack(), Store(), count()

    async def answer(workspace: Workspace, lease: Lease) -> None:
        thread = Thread("T1", lease.item.heard, lease.item.ts)
        place = Place(thread.channel, thread.thread_ts, "U2")
        await workspace.answering.answer(Question(thread, place, lease.item.ts, "why?", lease.item.reference), lease)

    built = made_workspace(flowise or Flowise(), slack, store, {"message": answer})
    built.governor._now = lambda: 60.0 * next(minutes)  # it looks back over one
    yield built
    await built.tasks.end()
    await built.governor.stop()


async def asked(workspace: Workspace, numbers: range) -> None:
    """A question for each number, some at a time, in a thread of its own."""
    for number in numbers:
        channel, ts = f"{'D' if number % 2 else 'C'}{number % CHANNELS}", f"{number}.0"
        item = Item("T1", f"T1:{channel}:{ts}", f"{number:08x}", ts, "message", channel)
        lease = await workspace.mailbox.accept(item)
        assert lease is not None
        workspace.begin(lease)
        while workspace.tasks.under_way >= 50 or (number == numbers[-1] and workspace.tasks.under_way):  # noqa: ASYNC110
            await asyncio.sleep(0.002)


def held(root: object) -> Counter[str]:
    """How many objects of each kind can be reached from one, the program itself aside."""
    gc.collect()
    seen, found, waiting = {id(root)}, Counter[str](), [root]
    while waiting:
        one = waiting.pop()
        found[type(one).__name__] += 1
        for inner in gc.get_referents(one):
            if id(inner) not in seen and not isinstance(inner, type | ModuleType | FunctionType):
                seen.add(id(inner))
                waiting.append(inner)
    return found


def made() -> Counter[str]:
    """How many objects of our own classes there are at all."""
    gc.collect()
    kinds: list[type[Any]] = [type(one) for one in gc.get_objects()]
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith("bot."))


async def test_a_thousand_answered_questions_leave_nothing_behind() -> None:
    async with workspace() as built:
        await asked(built, range(100))
        few, few_made = held(built), made()
        await asked(built, range(100, 1_100))
        more, more_made = held(built) - few, made() - few_made
    assert more.total() < 100, more
    assert more_made.total() < 100, more_made


async def test_of_an_answer_that_never_ends_no_more_is_held_than_is_shown() -> None:
    talker = Talker()
    async with workspace(talker) as built:
        await asked(built, range(1))
    first, second, third = talker.held
    assert len(first) == 3
    assert all(many > 10 for many in first)
    assert second == third

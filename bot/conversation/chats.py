"""Chooses the Flowise chat that a question is asked on, and notes it for the questions that follow.

Starting over increments a generation, and a turn writes its chat only if its generation is still current, so an answer
that is recovered later cannot bring the old chat back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import uuid4

from bot.conversation.question import Question
from bot.errors import StoreUnavailable
from bot.ports.store import Store
from bot.records.thread import Conversation, Item, Thread


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat that a question is asked on, in a generation of its thread; `is_new`: nothing is stored on it yet."""

    chat_id: str
    generation: int
    is_new: bool = False


@dataclass(slots=True)
class _UnderWay:
    """What is known of a turn while its answer is written: its chat, once chosen, and the `ts` of its messages."""

    chat_id: str = ""
    messages: list[str] = field(default_factory=list)


class Chats:
    """The chats of one chatflow. `wall` returns epoch seconds. Every coroutine method may raise StoreUnavailable."""

    def __init__(self, store: Store, chatflow_id: str, *, wall: Callable[[], float]) -> None:
        self._store = store
        self._chatflow_id = chatflow_id
        self._wall = wall
        self._under_way: dict[str, _UnderWay] = {}

    async def of(self, question: Question, known: Conversation | None) -> Chat:
        """The chat that a question continues, or a new one; `known` is what is stored of its thread."""
        thread, chatflow = question.thread, self._chatflow_id
        generation = known.generation if known else 0
        if known and known.chat_id and known.chatflow_id == chatflow:
            return Chat(known.chat_id, generation)
        if known is None and thread.channel.startswith("D") and thread.thread_ts:
            root = await self._store.chat_of_message(thread.team, thread.channel, thread.thread_ts)
            if root and root[1] == chatflow:
                return Chat(root[0], generation)
        return Chat(_new_chat_id(), generation, is_new=True)

    async def remembers(self, question: Question, chat: Chat, known: Conversation | None) -> bool:
        """Whether the chat may hold an answered turn, which a new chat would not remember."""
        if chat.is_new:
            return False
        if known is not None and known.answered:
            return known.remembers
        thread = question.thread
        if not thread.channel.startswith("D") or not thread.thread_ts:
            return False
        # The chat of the message that this thread of a direct message was opened under, if it was not begun here.
        root = await self._store.chat_of_message(thread.team, thread.channel, thread.thread_ts)
        if root is None or root[0] != chat.chat_id:
            return False
        outside = await self._store.conversation(Thread(thread.team, thread.channel, ""))
        return outside is None or outside.chat_id != chat.chat_id or outside.remembers

    async def fresh(self, thread: Thread) -> Chat:
        """A new chat for a thread, which starts over."""
        generation = await self._store.start_over(thread, self._wall())
        return Chat(_new_chat_id(), generation, is_new=True)

    async def start_over(self, thread: Thread, *, since: str = "") -> None:
        """Have the thread's next question begin a new chat, without the messages up to `since`, a `ts`."""
        await self._store.start_over(thread, self._wall(), context_since=since)

    async def stopped(self, question: Question, messages: Sequence[str]) -> None:
        """Note that a question was stopped: neither it nor what had come of its answer, in `messages`, is quoted."""
        if not (question.place.response_url or question.thread.channel.startswith("D")):  # nothing is quoted there
            await self._store.leave_out(question.thread, (question.ts, *messages), self._wall())

    async def keep(self, question: Question, chat: Chat) -> None:
        """Note the chat of the thread and, in a direct message, of each message of the turn."""
        await self._keep(question, chat, self._turn(question), answered=False)

    def _turn(self, question: Question) -> _UnderWay:
        return self._under_way.get(question.reference, _UnderWay())

    async def _keep(
        self,
        question: Question,
        chat: Chat,
        turn: _UnderWay,
        *,
        answered: bool,
        asks: bool = False,
        newest: Item | None = None,
    ) -> None:
        if question.place.response_url:
            return  # nobody can ask a follow-up question there
        thread, chatflow = question.thread, self._chatflow_id
        # What was said while a decision was waited for is not known to the flow.
        since = question.ts if answered and question.decided is None else ""
        await self._store.remember(
            thread,
            chat.chat_id,
            chatflow,
            chat.generation,
            self._wall(),
            answered=answered,
            context_since=since,
            asks=asks,
            newest=newest,
        )
        if thread.channel.startswith("D") and turn.chat_id != chat.chat_id:
            turn.chat_id = chat.chat_id
            for ts in (question.ts, *turn.messages):
                await self._store.message_belongs(thread.team, thread.channel, ts, chat.chat_id, chatflow)

    def answered(
        self, question: Question, chat: Chat, *, asks: bool, newest: Item | None = None
    ) -> Callable[[], Awaitable[None]]:
        """The work that notes that the chat has answered, to be done when the answer is complete. `asks`: the answer
        ended with a question. `newest` is the question as it is stored, where its answer can be regenerated."""
        turn = self._turn(question)
        return lambda: self._keep(question, chat, turn, answered=True, asks=asks, newest=newest)

    def answered_again(
        self, question: Question, chat_id: str, *, asks: bool, newest: Item | None = None
    ) -> Callable[[], Awaitable[None]]:
        """As `answered`, unless the thread was started over meanwhile."""
        turn = self._turn(question)

        async def keep() -> None:
            known = await self._store.conversation(question.thread)
            if known is not None and known.chat_id == chat_id:
                chat = Chat(chat_id, known.generation)
                await self._keep(question, chat, turn, answered=True, asks=asks, newest=newest)

        return keep

    async def forgets(self, thread: Thread, files: str) -> None:
        """Note which files of the question that was answered last the flow no longer has, in words; empty for none."""
        await self._store.note_files(thread, files)

    def begin(self, question: Question) -> None:
        """Note that an answer is being written."""
        self._under_way[question.reference] = _UnderWay()

    async def posted(self, question: Question, ts: str) -> None:
        """Note a message of the answer: in a direct message, a thread opened under it continues its chat."""
        thread, turn = question.thread, self._under_way.get(question.reference)
        if turn is None or not thread.channel.startswith("D"):
            return
        turn.messages.append(ts)
        if turn.chat_id:
            with suppress(StoreUnavailable):
                await self._store.message_belongs(thread.team, thread.channel, ts, turn.chat_id, self._chatflow_id)

    def delivered(self, question: Question) -> None:
        """Note that the answer is complete."""
        self._under_way.pop(question.reference, None)


def _new_chat_id() -> str:
    """A chatId of our own, because Flowise reports the one it chooses only at the end, and not after an error."""
    return str(uuid4())

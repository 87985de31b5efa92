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
from bot.records.thread import Conversation, Item, MessageChat, NotedFlow, Thread


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat of a flow that a question is asked on, in a generation of its thread; `is_new`: nothing is stored on it
    yet."""

    chat_id: str
    generation: int
    flow: NotedFlow
    is_new: bool = False


@dataclass(slots=True)
class _UnderWay:
    """What is known of a turn while its answer is written: its chat, once chosen, and the `ts` of its messages."""

    chat: MessageChat | None = None
    messages: list[str] = field(default_factory=list)


class Chats:
    """The chats of one workspace. `wall` returns epoch seconds. Every coroutine method may raise StoreUnavailable."""

    def __init__(self, store: Store, *, wall: Callable[[], float]) -> None:
        self._store = store
        self._wall = wall
        self._under_way: dict[str, _UnderWay] = {}

    async def flow_of(self, thread: Thread, known: Conversation | None) -> NotedFlow | None:
        """The flow of a conversation; None where it has none yet. `known` is what is stored of its thread."""
        if known is not None or not _is_under_a_direct_message(thread):
            return known.noted_flow if known is not None else None
        root = await self._store.chat_of_message(thread.team, thread.channel, thread.thread_ts)
        return root.flow if root is not None else None

    async def preferred(self, thread: Thread, user: str) -> str:
        """The flow that a person has chosen for their direct messages; empty where none is."""
        return await self._store.home.flow(thread.team, user) if user else ""

    async def of(self, question: Question, known: Conversation | None, flow: NotedFlow) -> Chat:
        """The chat of that flow which a question continues, or a new one; `known` is what is stored of its thread."""
        thread = question.thread
        generation = known.generation if known else 0
        if known and known.chat_id and NotedFlow(known.flow, known.chatflow_id).has_chat_of(flow):
            return Chat(known.chat_id, generation, flow)
        if known is None and _is_under_a_direct_message(thread):
            root = await self._store.chat_of_message(thread.team, thread.channel, thread.thread_ts)
            if root is not None and root.flow.has_chat_of(flow):
                return Chat(root.chat_id, generation, flow)
        return Chat(_new_chat_id(), generation, flow, is_new=True)

    async def remembers(self, question: Question, chat: Chat, known: Conversation | None) -> bool:
        """Whether the chat may hold an answered turn, which a new chat would not remember."""
        if chat.is_new:
            return False
        if known is not None and known.answered:
            return known.remembers
        thread = question.thread
        if not _is_under_a_direct_message(thread):
            return False
        # The chat of the message that this thread of a direct message was opened under, if it was not begun here.
        root = await self._store.chat_of_message(thread.team, thread.channel, thread.thread_ts)
        if root is None or root.chat_id != chat.chat_id:
            return False
        outside = await self._store.conversation(Thread(thread.team, thread.channel, ""))
        return outside is None or outside.chat_id != chat.chat_id or outside.remembers

    async def fresh(self, thread: Thread, flow: NotedFlow) -> Chat:
        """A new chat for a thread, which starts over and keeps its flow."""
        generation = await self._store.start_over(thread, self._wall(), flow=flow.name)
        return Chat(_new_chat_id(), generation, flow, is_new=True)

    async def start_over(self, thread: Thread, *, since: str = "") -> None:
        """Have the thread's next question begin a new chat, of any flow, without the messages up to `since`, a `ts`."""
        await self._store.start_over(thread, self._wall(), context_since=since)

    async def quieten(self, thread: Thread) -> None:
        """Keep out of a thread until the bot is mentioned there."""
        await self._store.set_quiet(thread, True, self._wall())

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
        thread = question.thread
        # What was said while a decision was waited for is not known to the flow.
        since = question.ts if answered and question.decided is None else ""
        await self._store.remember(
            thread,
            chat.chat_id,
            chat.flow,
            chat.generation,
            self._wall(),
            answered=answered,
            context_since=since,
            asks=asks,
            newest=newest,
        )
        if thread.is_flat_direct and (turn.chat is None or turn.chat.chat_id != chat.chat_id):
            turn.chat = MessageChat(chat.chat_id, chat.flow)
            for ts in (question.ts, *turn.messages):
                await self._store.message_belongs(thread.team, thread.channel, ts, turn.chat)

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
                chat = Chat(chat_id, known.generation, NotedFlow(known.flow, known.chatflow_id))
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
        if turn is None or not thread.is_flat_direct:
            return
        turn.messages.append(ts)
        if turn.chat is not None:
            with suppress(StoreUnavailable):
                await self._store.message_belongs(thread.team, thread.channel, ts, turn.chat)

    def delivered(self, question: Question) -> None:
        """Note that the answer is complete."""
        self._under_way.pop(question.reference, None)


def _is_under_a_direct_message(thread: Thread) -> bool:
    """Whether it may continue the chat of the message that it was opened under."""
    return thread.is_flat_direct and bool(thread.thread_ts)


def _new_chat_id() -> str:
    """A chatId of our own, because Flowise reports the one it chooses only at the end, and not after an error."""
    return str(uuid4())

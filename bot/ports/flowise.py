"""Declares what conversations need of Flowise, as protocols."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.decisions import PauseState
from bot.flowise.events import Event, SourceDocuments
from bot.flowise.feedback import AnswerRating
from bot.flowise.prediction import Prediction, Upload
from bot.flowise.uploads import Accepted
from bot.records.thread import Expected


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
        `SourceDocuments`, `ResultFiles`, `UsedTools`; then `Decision`, if it ends with one, and the `Metadata` of its
        row, which alone is an answer without content. None: none is stored yet, or none that certainly belongs to that
        turn. The text may differ from what was streamed: Flowise does not store what an agent said before it called a
        tool.

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

    async def made(self, chat_id: str, name: str, *, largest: int) -> bytearray:
        """The bytes of a file that the flow has made on a chat, under its name there.

        Raises:
            FlowiseFailed: there is no such file, or it has more than `largest` bytes.
            FlowiseError: it has not come; it may when it is asked for again.
        """
        ...

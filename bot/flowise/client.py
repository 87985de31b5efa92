"""Asks Flowise a question and follows its answer to the end, with one prediction at most."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing

import aiohttp

from bot.errors import (
    FlowiseEmpty,
    FlowiseError,
    FlowiseRateLimited,
    KeyRefused,
    RunState,
)
from bot.flowise.answer_state import AnswerState
from bot.flowise.api import Api
from bot.flowise.asking import Asking
from bot.flowise.attachments import Attachments
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.config_reader import ChatbotConfigReader
from bot.flowise.decisions import PauseState, is_echo
from bot.flowise.events import (
    End,
    Event,
    Metadata,
    SourceDocuments,
    Token,
)
from bot.flowise.extra_headers import NO_HEADERS, secrets
from bot.flowise.feedback import AnswerRating, Feedback
from bot.flowise.limits import Limits
from bot.flowise.own_addresses import OwnAddresses
from bot.flowise.prediction import Prediction
from bot.flowise.refusals import reported
from bot.network.outgoing import DIRECT, Network
from bot.records.thread import Expected

__all__ = ["Client", "Limits", "new_session"]

log = logging.getLogger(__name__)

# Node closes an idle connection 5 s after its last answer, and a POST that is just then sent on it is lost
# (measured on Flowise 3.1.4).
_KEEPALIVE = 4.0


def new_session(network: Network = DIRECT) -> aiohttp.ClientSession:
    """The session for a Client; to be called in a running loop, and closed by the caller.

    No cookies, no total time-out (aiohttp's default ends a stream after 300 s), and as many connections as there are
    questions: waiting for a free one would look like a server that does not answer.
    """
    return network.session(
        keepalive_timeout=_KEEPALIVE,
        limit=0,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
    )


class Client:
    """One chatflow of one Flowise server: `bot.ports.flowise.Flowise`.

    `url` is the server's base address, with or without a path before `/api` and a slash at its end. `clock` is
    monotonic. `extra_headers` are sent with every request.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        chatflow_id: str,
        api_key: str | None,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        extra_headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        self._chatflow_id = chatflow_id
        self._api_key = api_key
        self._api = Api(session, url, chatflow_id, api_key, limits, clock, extra_headers)
        self._asking = Asking(session, self._api, chatflow_id, limits, clock, sleep)
        self._secrets = (*filter(None, (api_key,)), *secrets(extra_headers))
        has_key = api_key is not None
        self.files = Attachments(session, self._api, chatflow_id, limits, clock, has_key=has_key, config=self.config)
        """What the flow takes, and files sent apart from a question."""
        self._config = ChatbotConfigReader(self._api.config, clock)
        self._feedback = Feedback(self._api, chatflow_id)
        self._addresses = OwnAddresses(url)

    @property
    def chatflow_id(self) -> str:
        return self._chatflow_id

    async def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        """Ask once and yield the events up to and including `End`, without Flowise's own addresses.

        If it is closed or cancelled early, it closes the connection; the run goes on in Flowise.

        Raises:
            FlowiseError: the answer is not complete; `run` says what is known of the run.
        """
        async with aclosing(self._addresses.left_out(self._predicted(prediction))) as events:
            async for event in events:
                yield self._without_own_in_passages(event) if isinstance(event, SourceDocuments) else event

    async def _predicted(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        state = AnswerState()
        try:
            opened = await self._asking.opened(prediction)
            prediction.uploads.release()  # Flowise has them
            async with aclosing(opened) as events:
                async for event in events:
                    for news in state.news(event):
                        yield news
            if state.failure is None and not state.something:
                if text := await self._read_back(prediction, state.metadata):
                    yield Token(text)
                elif not state.files:
                    raise FlowiseEmpty("the flow ended without text", run=RunState.OVER)
        except FlowiseError as error:
            if state.failure is None:
                raise self._without_key(error) from error.__cause__
            # What Flowise has reported says more than how the stream ended after it.
            raise self._without_key(reported(state.failure, RunState.UNKNOWN)) from error
        if state.failure is not None:
            raise self._without_key(reported(state.failure, RunState.OVER))
        yield End(text_may_differ=state.differences.may_exist)

    async def abort(self, chat_id: str) -> bool:
        """Ask Flowise to stop the run on a chat; whether it accepted that. It stops agent flows only. Never raises."""
        try:
            return await self._api.abort(chat_id)
        except FlowiseError as error:
            log.warning("abort failed: %s", error)
            return False

    async def newest_stored(self, chat_id: str) -> str | None:
        """The id of the newest row that is stored on a chat, empty for none; None where it cannot be read now."""
        try:
            return await self._api.newest_stored(chat_id)
        except FlowiseError as error:
            log.debug("stored rows not read: %s", self._without_key(error))
            return None

    async def has_stored(self, chat_id: str, expected: Expected) -> bool:
        """Whether the answer of a turn is stored on the chat.

        False where that cannot be read: without a key, or when Flowise does not answer.
        """
        try:
            return await self._api.stored_answer(chat_id, expected) is not None
        except KeyRefused as error:
            log.debug("stored answer not read: %s", error)
            return False
        except FlowiseError as error:
            log.warning("stored answer not read: %s", error)
            return False

    async def stored_answer(self, chat_id: str, expected: Expected) -> tuple[Event, ...] | None:
        """The stored answer of a turn on a chat: see `bot.ports.flowise.Flowise`."""
        try:
            found = await self._api.stored_answer(chat_id, expected)
        except FlowiseError as error:
            raise self._without_key(error) from error.__cause__
        return None if found is None else tuple(map(self._without_own_addresses, found))

    async def stored_text(self, chat_id: str, message_id: str) -> str:
        """The text of one stored answer: see `bot.ports.flowise.Flowise`."""
        try:
            text = await self._api.stored_text(chat_id, message_id)
        except FlowiseError as error:
            log.warning("stored text not read: %s", self._without_key(error))
            return ""
        return self._addresses.without(text)

    async def stored_sources(self, chat_id: str, message_id: str) -> SourceDocuments | None:
        """The documents of one stored answer: see `bot.ports.flowise.Flowise`."""
        try:
            found = await self._api.stored_sources(chat_id, message_id)
        except FlowiseError as error:
            raise self._without_key(error) from error.__cause__
        return None if found is None else self._without_own_in_passages(found)

    async def pause_state(self, chat_id: str, row_id: str, action_id: str) -> PauseState:
        """Whether a run still waits for a decision: see `bot.ports.flowise.Flowise`."""
        try:
            return await self._api.pause_state(chat_id, row_id, action_id)
        except FlowiseError as error:
            raise self._without_key(error) from error.__cause__

    async def asked_last(self, chat_id: str, expected: Expected) -> bool:
        """Whether Flowise has stored the question of a turn as the newest row of the chat, without an answer.

        False where that cannot be read.
        """
        try:
            return await self._api.asked_last(chat_id, expected)
        except FlowiseError as error:
            log.debug("stored rows not read: %s", self._without_key(error))
            return False

    async def config(self) -> ChatbotConfig:
        """What the flow offers, as it was known within the last five minutes. Never raises."""
        return await self._config.current()

    def read_config_anew(self) -> None:
        """Read what the flow offers anew when it is next asked for."""
        self._config.read_anew()

    async def rate(self, rating: AnswerRating, row: str = "", *, look: bool = False) -> str | None:
        """Write the rating of an answer: see `bot.ports.flowise.Flowise`."""
        try:
            return await self._feedback.rate(rating, row, look=look)
        except FlowiseError as error:
            raise self._without_key(error) from error.__cause__

    async def check(self) -> None:
        """Check, without a prediction, that a question would be answered now.

        Raises:
            FlowiseError: what a question would raise. A refused key cannot be detected this way.
        """
        if await self._api.streams(fresh=True) is None:
            await self._api.check_it_is_flowise()

    async def _read_back(self, prediction: Prediction, metadata: Metadata | None) -> str:
        """The stored text of an answer whose stream held none: a known fault of Flowise's cloud and queue mode
        (Flowise issues 4926, 5253, 5592). Empty where there is none."""
        if not self._api_key or metadata is None or not metadata.chat_message_id:
            return ""
        text = await self.stored_text(metadata.chat_id or prediction.chat_id, metadata.chat_message_id)
        return text if text.strip() and not is_echo(text, prediction.choice) else ""

    def _without_own_in_passages(self, event: SourceDocuments) -> SourceDocuments:
        return SourceDocuments(event.documents, tuple(map(self._addresses.without, event.passages)))

    def _without_own_addresses(self, event: Event) -> Event:
        return Token(self._addresses.without(event.text)) if isinstance(event, Token) else event

    def _without_key(self, error: FlowiseError) -> FlowiseError:
        """The same error without the API key and what is sent to a proxy, in case they were repeated."""
        error.args = (self._redacted(str(error)),)
        if isinstance(error, FlowiseRateLimited):
            error.notice = self._addresses.without(self._redacted(error.notice))
        return error

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "<key>")
        return text

"""Asks Flowise a question and follows its answer to the end, with one prediction at most."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import assert_never

import aiohttp

from bot.errors import (
    FlowiseBroke,
    FlowiseEmpty,
    FlowiseError,
    FlowiseRateLimited,
    FlowiseUnreachable,
    KeyRefused,
    NotFlowise,
    RunState,
)
from bot.flowise.api import Api
from bot.flowise.attachments import Attachments
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.config_reader import ChatbotConfigReader
from bot.flowise.decisions import PauseState, is_echo, without_tool_request
from bot.flowise.differences import Differences
from bot.flowise.events import (
    AgentflowStarted,
    AgentsSpoke,
    CalledTools,
    Decision,
    End,
    ErrorReported,
    Event,
    Metadata,
    ModelThinking,
    ResultFiles,
    SourceDocuments,
    Step,
    Token,
    UsedTools,
    WordsWhole,
)
from bot.flowise.extra_headers import NO_HEADERS, secrets
from bot.flowise.feedback import AnswerRating, Feedback
from bot.flowise.limits import Limits
from bot.flowise.own_addresses import OwnAddresses
from bot.flowise.parse import parse, whole_answer
from bot.flowise.prediction import Prediction
from bot.flowise.refusals import HttpReply, refusal, reported, seconds_to_wait
from bot.flowise.stream import NotAStreamError, PredictionStream
from bot.network.outgoing import DIRECT, Network
from bot.records.thread import Expected

__all__ = ["Client", "Limits", "new_session"]

log = logging.getLogger(__name__)

# A message of more characters is decoded in a step of the event loop of its own.
_LARGE = 4 * 1024

# So many tokens are remembered: more than an agent says before it calls a tool.
_LAST_TOKENS = 1_000

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
        self._session = session
        self._chatflow_id = chatflow_id
        self._api_key = api_key
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._api = Api(session, url, chatflow_id, api_key, limits, clock, extra_headers)
        self._secrets = (*filter(None, (api_key,)), *secrets(extra_headers))
        has_key = api_key is not None
        self.files = Attachments(session, self._api, chatflow_id, limits, clock, has_key=has_key)
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
        state = _StreamState()
        try:
            opened = await self._opened(prediction)
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

    async def _opened(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        """Ask, and return the events of the answer. It asks a second time only if no run can have started."""
        try:
            return await self._asked(prediction)
        except FlowiseUnreachable as error:
            if error.run is not RunState.NOT_STARTED:
                raise
            pause = self._limits.refused_pause
        except FlowiseRateLimited as error:
            if error.retry_after is None or error.retry_after > self._limits.retry_after_cap:
                raise
            pause = error.retry_after
        await self._sleep(pause)
        return await self._asked(prediction)

    async def _asked(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        # A server that does not know the probe is asked for a stream nevertheless.
        streaming = await self._api.streams() is not False
        stream = PredictionStream(
            self._session,
            self._api.address("prediction", self._chatflow_id),
            {**prediction.asks, "chatId": prediction.chat_id, "streaming": streaming},
            self._api.headers,
            self._limits,
            streaming=streaming,
            clock=self._clock,
            uploads=prediction.uploads,
        )
        if prediction.asking is not None:
            await prediction.asking()
        try:
            await stream.connect()
        except NotAStreamError as other:
            if other.reply.status == 200 and "json" in other.reply.content_type:
                return self._whole(other.reply)
            raise refusal(other.reply, seconds_to_wait(other.reply)) from None
        return self._streamed(stream)

    async def _streamed(self, stream: PredictionStream) -> AsyncGenerator[Event, None]:
        try:
            async for message in stream:
                is_large = len(message.data) > _LARGE
                if is_large:
                    await asyncio.sleep(0)
                event = parse(message.message, message.data)
                if is_large:
                    await asyncio.sleep(0)
                if event is not None:
                    yield event
                if isinstance(event, End):
                    return
        except NotAStreamError as other:
            raise refusal(other.reply, None) from None
        finally:
            await stream.close()
        raise FlowiseBroke("the stream ended without Flowise's end event")

    async def _whole(self, reply: HttpReply) -> AsyncGenerator[Event, None]:
        if not reply.whole:
            text = f"the answer is over {self._limits.frame_bytes} bytes (FLOWISE_FRAME_LIMIT)"
            raise FlowiseBroke(text, run=RunState.OVER)
        body = reply.json()
        await asyncio.sleep(0)
        events = whole_answer(body)
        del body
        if events is None:
            raise NotFlowise("HTTP 200: JSON, but no answer of Flowise's", run=RunState.NOT_STARTED)
        for event in events:
            yield event
        yield End()

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


class _StreamState:
    """What one answer's events have said so far.

    `something`: there is an answer. `files`: there are files, which are an answer if there is no text. `failure`: the
    error that Flowise has reported, in its own words. `differences`: whether its stored text may be another one.
    """

    def __init__(self) -> None:
        self.something = False
        self.files = False
        self.metadata: Metadata | None = None
        self.failure: str | None = None
        self.differences = Differences()
        self._agentflow = False
        self._words_whole = False
        self._thinks = False
        self._said: deque[str] = deque(maxlen=_LAST_TOKENS)

    def news(self, event: Event) -> Iterator[Event]:
        """Note an event, and yield what is passed on now: an error and the end are reported after the stream."""
        if isinstance(event, Token):
            event = self._without_request(event)
        self.differences.note(event)
        if isinstance(event, AgentflowStarted | Step | AgentsSpoke) and not self._agentflow:
            self._agentflow = True
            yield AgentflowStarted()
        if self._is_news(event):
            yield event

    def _without_request(self, token: Token) -> Token:
        """A token without the call of a tool that a person is to allow. With that an agent says its whole turn anew,
        which was said before as far as it streams (measured on Flowise 3.1.4)."""
        text = without_tool_request(token.text)
        if text != token.text and "".join(self._said).endswith(text):
            text = ""
        self._said.append(text)
        return Token(text)

    def _is_news(self, event: Event) -> bool:  # noqa: C901, PLR0911 - one case an event
        thought, self._thinks = self._thinks, isinstance(event, ModelThinking) and not event.ended
        match event:
            case ErrorReported(message):
                self.failure = message
                return False
            case End():
                return False
            case AgentflowStarted():
                return False
            case ModelThinking():  # one frame for each piece of a thought
                return thought != self._thinks
            case Token(text):
                self.something = self.something or bool(text.strip())
                return bool(text)
            case Decision():
                self.something = True
            case ResultFiles():
                self.files = True
            case Metadata():
                self.metadata = event
            case WordsWhole():
                news, self._words_whole = not self._words_whole, True
                return news
            case SourceDocuments() | UsedTools() | CalledTools() | Step() | AgentsSpoke():
                pass  # without text beside them they are no answer
            case _:
                assert_never(event)
        return True

"""Puts a circuit breaker around Flowise: decides what is asked, when to probe, and what counts as a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import structlog

from bot.errors import (
    FlowiseBroke,
    FlowiseEmpty,
    FlowiseError,
    FlowiseFailed,
    FlowiseRateLimited,
    FlowiseResting,
    FlowiseSlow,
    FlowiseUnreachable,
    FlowStartedElsewhere,
    KeyRefused,
    ProxyFailed,
    RunState,
    UnknownChatflow,
)
from bot.flowise.breaker import PROBE_SECONDS, Breaker, Probe, Rest
from bot.flowise.chatbot_config import ChatbotConfig
from bot.flowise.decisions import PauseState
from bot.flowise.events import Event, SourceDocuments
from bot.flowise.feedback import AnswerRating
from bot.flowise.limits import CONNECT_SETTING, HEADERS_SETTING
from bot.flowise.prediction import Prediction, Upload
from bot.flowise.uploads import Accepted
from bot.ports.flowise import FlowFiles, Flowise
from bot.records.thread import Expected

log = structlog.get_logger(__name__)

# Errors that come from Flowise itself, and so show that it is up.
_ITS_OWN_WORDS = (
    FlowiseFailed,
    FlowiseEmpty,
    FlowiseRateLimited,
    FlowStartedElsewhere,
    KeyRefused,
    UnknownChatflow,
)


class Guarded:
    """A `bot.ports.flowise.Flowise` around another one, which asks no questions while the breaker rests.

    `check` tests, without a prediction, whether a question would be answered, and is given `probe_seconds`; `clock`
    returns monotonic seconds; `flow` is the name of the flow, empty for none. The small requests about a chat always go
    through: they are cheap, and an answer waits for each.
    """

    def __init__(
        self,
        flowise: Flowise,
        check: Callable[[], Awaitable[None]],
        clock: Callable[[], float],
        probe_seconds: float = PROBE_SECONDS,
        *,
        flow: str = "",
    ) -> None:
        self._about = {"flow": flow} if flow else {}
        self._flowise = flowise
        self._check = check
        self._clock = clock
        self._probe_seconds = probe_seconds
        self._breaker = Breaker()

    @property
    def chatflow_id(self) -> str:
        return self._flowise.chatflow_id

    @property
    def files(self) -> FlowFiles:
        return _GuardedFiles(self._flowise.files, self._may_ask)

    @property
    def resting(self) -> bool:
        """Whether the breaker rests."""
        return self._breaker.resting

    def state(self) -> str:
        """The state of Flowise, without secrets: "ok", "resting for 12 s: no connection"."""
        return self._breaker.state(self._clock())

    def probe_soon(self) -> None:
        """End a rest early: the next question probes Flowise, and is asked if it is there."""
        self._breaker.probe_soon(self._clock())

    async def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        """Like the inner Flowise, except that `FlowiseResting` is raised while the breaker rests."""
        await self._may_ask()
        began = False
        try:
            async with aclosing(self._flowise.predict(prediction)) as events:
                async for event in events:
                    if not began:
                        began = True
                        self._breaker.answered()
                    yield event
        except FlowiseError as error:
            self._judge(error, began=began)
            raise

    async def abort(self, chat_id: str) -> bool:
        return await self._flowise.abort(chat_id)

    async def newest_stored(self, chat_id: str) -> str | None:
        return await self._flowise.newest_stored(chat_id)

    async def has_stored(self, chat_id: str, expected: Expected) -> bool:
        return await self._flowise.has_stored(chat_id, expected)

    async def stored_answer(self, chat_id: str, expected: Expected) -> tuple[Event, ...] | None:
        return await self._flowise.stored_answer(chat_id, expected)

    async def pause_state(self, chat_id: str, row_id: str, action_id: str) -> PauseState:
        return await self._flowise.pause_state(chat_id, row_id, action_id)

    async def asked_last(self, chat_id: str, expected: Expected) -> bool:
        return await self._flowise.asked_last(chat_id, expected)

    async def config(self) -> ChatbotConfig:
        return await self._flowise.config()

    async def rate(self, rating: AnswerRating, row: str = "", *, look: bool = False) -> str | None:
        return await self._flowise.rate(rating, row, look=look)

    async def stored_text(self, chat_id: str, message_id: str) -> str:
        return await self._flowise.stored_text(chat_id, message_id)

    async def stored_sources(self, chat_id: str, message_id: str) -> SourceDocuments | None:
        return await self._flowise.stored_sources(chat_id, message_id)

    async def _may_ask(self) -> None:
        """Return when Flowise may be asked.

        Raises:
            FlowiseResting: it may not be asked for now.
        """
        decision = self._breaker.decide(self._clock())
        if isinstance(decision, Probe):
            await self._probe()
            decision = self._breaker.decide(self._clock())
        if isinstance(decision, Rest):
            raise FlowiseResting(f"not asked: {self.state()}", retry_after=decision.seconds)

    async def _probe(self) -> None:
        try:
            async with asyncio.timeout(self._probe_seconds):
                await self._check()
        except TimeoutError:
            self._breaker.probe_failed(self._clock(), "no answer to a probe")
        except FlowiseError as error:
            why = _why(error, began=False)
            if why:
                self._breaker.probe_failed(self._clock(), why)
            else:  # any other error, the question is to meet by itself
                self._breaker.probed(self._clock())
        else:
            self._breaker.probed(self._clock())
        finally:
            self._breaker.probe_cancelled()
        log.warning("Flowise probed", state=self.state(), **self._about)

    def _judge(self, error: FlowiseError, *, began: bool) -> None:
        if isinstance(error, _ITS_OWN_WORDS):
            self._breaker.answered()
            return
        rested, why = self.resting, _why(error, began=began)
        if why:
            self._breaker.failed(self._clock(), why)
        if self.resting and not rested:
            kind, reason = type(error).__name__, str(error)
            log.warning("Flowise requests paused", state=self.state(), error=kind, reason=reason, **self._about)


class _GuardedFiles:
    """A `bot.ports.flowise.FlowFiles` whose first question is asked only while the breaker does not rest."""

    def __init__(self, files: FlowFiles, may_ask: Callable[[], Awaitable[None]]) -> None:
        self._files = files
        self._may_ask = may_ask

    async def accepted(self, *, may_store: bool) -> Accepted:
        """Raises FlowiseResting too."""
        await self._may_ask()
        return await self._files.accepted(may_store=may_store)

    async def read(self, chat_id: str, file: Upload, *, most: int) -> str:
        return await self._files.read(chat_id, file, most=most)

    async def store(self, chat_id: str, file: Upload) -> int:
        return await self._files.store(chat_id, file)

    async def made(self, chat_id: str, name: str, *, largest: int) -> bytearray:
        return await self._files.made(chat_id, name, largest=largest)


def _why(error: FlowiseError, *, began: bool) -> str:
    """Why an error is the server's fault; empty if it is not, or if that is unknown.

    An answer that broke off in the middle, or took too long, does not mean that the next one would.
    """
    match error:
        case FlowiseUnreachable(run=run):
            return "no connection" if run is RunState.NOT_STARTED else "server errors"
        case ProxyFailed():
            return "the proxy on the way"
        case FlowiseSlow(setting=setting) if setting == CONNECT_SETTING:
            return "no connection in time"
        case FlowiseSlow(setting=setting) if setting == HEADERS_SETTING:
            return "no answer in time"
        case FlowiseBroke(run=RunState.UNKNOWN) if not began:
            return "connections that break"
    return ""

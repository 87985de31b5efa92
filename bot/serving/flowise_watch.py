"""Watches whether Flowise can be asked at all, so that /readyz and the log say it and not only people in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import structlog

from bot.errors import (
    FlowiseEmpty,
    FlowiseError,
    FlowiseFailed,
    FlowiseUnreachable,
    FlowiseUntrusted,
    KeyRefused,
    NotFlowise,
    ProxyFailed,
    UnknownChatflow,
    advice,
)
from bot.flowise.events import Event
from bot.flowise.prediction import Prediction
from bot.metrics.flowise import MeteredFlowise

log = structlog.get_logger(__name__)

# Seconds between two looks at a Flowise that could not be asked: two small requests each.
_LOOK_AGAIN = 30.0
# What only the operator can mend, or which lasts until somebody starts Flowise. Other failures are of one question.
_LASTING = (FlowiseUnreachable, FlowiseUntrusted, ProxyFailed, KeyRefused, UnknownChatflow, NotFlowise)


class WatchedFlowise(MeteredFlowise):
    """A Flowise client that remembers why Flowise could not be asked, until it can."""

    _failure: FlowiseError | None = None

    def state(self, otherwise: str = "ok") -> str:
        """In words without secrets: what the operator is to do; `otherwise` where nothing is wrong.

        After "error: " where no question will ever be answered, after "failing: " where that may pass.
        """
        if self._failure is None:
            return otherwise
        return f"{'error' if _is_lost(self._failure) else 'failing'}: {advice(type(self._failure))}"

    async def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        try:
            async with aclosing(super().predict(prediction)) as events:
                async for event in events:
                    self._failure = None
                    yield event
        except FlowiseError as error:
            self._note(error)
            raise

    async def check(self) -> None:
        try:
            await super().check()
        except FlowiseError as error:
            self._note(error)
            raise
        if not isinstance(self._failure, KeyRefused):  # which no small request shows
            self._failure = None

    async def watch(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look at the start, and again and again while Flowise cannot be asked; log the first result and the end.

        A Flowise that is down at the start may be up when the first question comes: a warning. A chatflow that it does
        not have is an error, and yet no exit: somebody has to take what Slack sends, and to say that this is broken.
        """
        try:
            await self.check()
        except FlowiseError as error:
            _tell(error)
        while True:
            await sleep(_LOOK_AGAIN)
            if self._failure is not None and not isinstance(self._failure, KeyRefused):
                await self._look_again()

    async def _look_again(self) -> None:
        try:
            await self.check()
        except FlowiseError:
            return
        log.info("Flowise ready again")

    def _note(self, error: FlowiseError) -> None:
        if isinstance(error, _LASTING):
            self._failure = error
        elif isinstance(error, FlowiseFailed | FlowiseEmpty):  # the flow has run, so it can be asked
            self._failure = None


def _tell(error: FlowiseError) -> None:
    about = {"error": type(error).__name__, "reason": str(error), "do": advice(type(error))}
    if _is_lost(error):
        log.error("Flowise not ready", **about)
    else:
        log.warning("Flowise not ready", **about)


def _is_lost(error: FlowiseError) -> bool:
    """Whether waiting cannot help: Flowise itself has said that there is no such flow."""
    return isinstance(error, UnknownChatflow)

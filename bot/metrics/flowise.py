"""Counts predictions: how soon Flowise begins to answer, how soon it finishes, and how it fails."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

import aiohttp
from prometheus_client import Counter, Histogram

from bot.errors import FlowiseError
from bot.flowise.client import Client, Limits
from bot.flowise.events import End, Event
from bot.flowise.extra_headers import NO_HEADERS
from bot.flowise.prediction import Prediction
from bot.metrics.families import WAITS, Children, Families


class FlowiseMetrics:
    """The metrics of predictions, by flow where flows have names."""

    def __init__(self, families: Families, *, by_flow: bool) -> None:
        labels = ["flow"] if by_flow else []
        self._first = families.histogram(
            "flowise_first_event_seconds",
            "Time from a request to Flowise to the first event of its answer.",
            WAITS,
            labels,
        )
        self._whole = families.histogram(
            "flowise_answer_seconds", "Time from a request to Flowise to the end of its answer.", WAITS, labels
        )
        self._errors = families.counter(
            "flowise_errors", "Predictions that did not give a complete answer, by error.", [*labels, "error"]
        )
        self._by_flow = by_flow

    def of(self, flow: str) -> FlowMetrics:
        """Those of one flow, by its name, which is empty where flows have none."""
        if not self._by_flow:
            return FlowMetrics(self._first, self._whole, lambda error: self._errors.labels(error=error))
        first, whole = self._first.labels(flow=flow), self._whole.labels(flow=flow)
        return FlowMetrics(first, whole, lambda error: self._errors.labels(flow=flow, error=error))


class FlowMetrics:
    """The metrics of the predictions of one flow."""

    def __init__(self, first: Histogram, whole: Histogram, error: Callable[[str], Counter]) -> None:
        self.first = first
        self.whole = whole
        self.errors: Children[str, Counter] = Children(error)
        for kind in FlowiseError.__subclasses__():
            _ = self.errors[kind.__name__]


class MeteredFlowise(Client):
    """A Flowise client whose predictions are counted."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        chatflow_id: str,
        api_key: str | None,
        limits: Limits,
        metrics: FlowMetrics,
        extra_headers: Mapping[str, str] = NO_HEADERS,
    ) -> None:
        super().__init__(session, url, chatflow_id, api_key, limits, extra_headers=extra_headers)
        self._metrics = metrics

    async def predict(self, prediction: Prediction) -> AsyncGenerator[Event, None]:
        began, has_begun = time.monotonic(), False
        try:
            async with aclosing(super().predict(prediction)) as events:
                async for event in events:
                    if not has_begun:
                        has_begun = True
                        self._metrics.first.observe(time.monotonic() - began)
                    if isinstance(event, End):
                        self._metrics.whole.observe(time.monotonic() - began)
                    yield event
        except FlowiseError as error:
            self._metrics.errors[type(error).__name__].inc()
            raise

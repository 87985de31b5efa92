"""Counts calls to Slack by method and result, and exports what is left of the write budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import aiohttp
from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SlackUnavailable
from bot.metrics.families import CALLS, NAMESPACE, Children, Families
from bot.pacing.governor import Governor
from bot.records.thread import Thread
from bot.slack.calls import Accepted, Call, Limited, Lost, Posted, Refused, Result, Uploaded, method_of
from bot.slack.client import SlackClient
from bot.slack.messages import EarlierMessage
from bot.slack.tiers import QUOTAS

_RESULTS: Final = {
    Posted: "ok",
    Accepted: "ok",
    Uploaded: "ok",
    Limited: "limited",
    Refused: "refused",
    Lost: "lost",
}
_THREAD: Final = "conversations.replies"
_RESPONSE_URL: Final = "response_url"
_METHODS: Final = (*QUOTAS, _THREAD, _RESPONSE_URL)


class SlackMetrics:
    """The metrics of calls to Slack."""

    def __init__(self, families: Families) -> None:
        calls = families.counter("slack_calls", "Calls to Slack, by method and result.", ["method", "result"])
        self.calls: Children[tuple[str, str], Counter] = Children(
            lambda key: calls.labels(method=key[0], result=key[1])
        )
        latency = families.histogram("slack_call_seconds", "Duration of calls to Slack, by method.", CALLS, ["method"])
        self.latency: Children[str, Histogram] = Children(lambda method: latency.labels(method=method))
        for method in _METHODS:  # so that a first 429 shows as a rise from 0
            for result in set(_RESULTS.values()):
                _ = self.calls[method, result]

    def called(self, method: str, result: str, seconds: float) -> None:
        self.calls[method, result].inc()
        self.latency[method].observe(seconds)


class MeteredSlack(SlackClient):
    """A Slack client whose calls are counted, except those for people's names: they are cached, and so are rare."""

    def __init__(
        self,
        web: AsyncWebClient,
        session: aiohttp.ClientSession,
        metrics: SlackMetrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(web, session, clock=clock)
        self._metrics = metrics
        self._clock = clock

    async def call(self, call: Call) -> Result:
        began = self._clock()
        result = await super().call(call)
        self._metrics.called(method_of(call) or _RESPONSE_URL, _RESULTS[type(result)], self._clock() - began)
        return result

    async def replies(
        self, thread: Thread, *, before: str, limit: int, after: str = "", asker: str = ""
    ) -> tuple[EarlierMessage, ...]:
        began, result = self._clock(), "refused"
        try:
            read = await super().replies(thread, before=before, limit=limit, after=after, asker=asker)
            result = "ok"
        except SlackUnavailable:
            result = "lost"
            raise
        finally:
            self._metrics.called(_THREAD, result, self._clock() - began)
        return read


class BudgetMetrics(Collector):
    """Exports what is left of the write budgets of all workspaces, added up.

    The governors are read only when the metrics are scraped.
    """

    def __init__(self, governors: Callable[[], Iterable[Governor]]) -> None:
        self._governors = governors

    def collect(self) -> Iterator[Metric]:
        left = _gauge(
            "slack_budget_left",
            "Calls that the write budgets of all workspaces would allow now, as last seen by this process.",
        )
        size = _gauge(
            "slack_budget_size", "Calls that the write budget would allow at once when full; a 429 lowers it."
        )
        waiting = _gauge("slack_budget_waiting", "Answers of this process that are waiting for a permit to call Slack.")
        governors = tuple(self._governors())
        for method in QUOTAS:
            stocks = [governor.stock(method) for governor in governors]
            left.add_metric([method], sum(stock.level for stock in stocks))
            size.add_metric([method], float(sum(stock.quota.burst for stock in stocks)))
            waiting.add_metric([method], float(sum(governor.waiting(method) for governor in governors)))
        yield from (left, size, waiting)


def _gauge(name: str, help_text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{NAMESPACE}_{name}", help_text, labels=["method"])

"""Counts how old text is when Slack accepts it, in a histogram that takes thousands of pieces in one step.

Every token of every answer is counted, so counting one must cost next to nothing. The pieces in a call are in order of
arrival, so the bounds of the buckets are found by bisection: a dozen times a call, however many pieces there are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry


class Ages(Collector):
    """A histogram of ages in seconds, with these upper `bounds`. `help_text` is its help text."""

    def __init__(self, name: str, help_text: str, bounds: Sequence[float], registry: CollectorRegistry) -> None:
        self._name = name
        self._help_text = help_text
        self._bounds = tuple(bounds)
        self._labels = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        self._below = [0] * len(self._bounds)
        self._count = 0
        self._sum = 0.0
        registry.register(self)

    def observe(self, began: Sequence[float], now: float) -> None:
        """Count pieces that arrived at the times `began`, in ascending order, and were shown at `now`."""
        for place, bound in enumerate(self._bounds):
            self._below[place] += len(began) - bisect_left(began, now - bound)
        self._count += len(began)
        self._sum += len(began) * now - sum(began)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._help_text)
        buckets = [*zip(self._labels, self._below, strict=False), (self._labels[-1], self._count)]
        family.add_metric([], buckets=[(label, float(count)) for label, count in buckets], sum_value=self._sum)
        yield family

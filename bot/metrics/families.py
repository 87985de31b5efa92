"""Creates metrics under the bot's namespace, and caches the children of those with labels.

prometheus-client's `labels()` costs more than counting does, so what is counted often keeps its child.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

NAMESPACE: Final = "flowise_slack"

QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Buckets, in seconds, for what takes milliseconds: Redis, the event loop."""

CALLS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Buckets, in seconds, for a call to Slack: of a message it is given up after 8 s (`bot.slack.wire`)."""

WAITS: Final = (0.25, 0.5, 1.0, 2.0, 3.5, 5.5, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Buckets, in seconds, for what a person waits for. First text is held back for at most 5.5 s (`bot.pacing.policy`)."""

K = TypeVar("K", bound=Hashable)
M = TypeVar("M")

# Prometheus does not need the creation times of counters, which would double the number of series.
disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client left it untyped


class Families:
    """Creates metrics in a registry of its own, because tests run several bots in one process.

    `help_text` is the help text of a metric. `labels` has the names of each one's labels, by its own name: a registry
    tells them only of those that were used.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.labels: dict[str, tuple[str, ...]] = {}

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        self._note(name, labels)
        return Counter(name, help_text, labels, namespace=NAMESPACE, registry=self.registry)

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        self._note(name, labels)
        return Gauge(name, help_text, labels, namespace=NAMESPACE, registry=self.registry)

    def histogram(self, name: str, help_text: str, buckets: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
        self._note(name, labels)
        return Histogram(name, help_text, labels, namespace=NAMESPACE, registry=self.registry, buckets=buckets)

    def _note(self, name: str, labels: Sequence[str]) -> None:
        self.labels[f"{NAMESPACE}_{name}"] = tuple(labels)


class Children(Generic[K, M]):
    """The children of a metric by their labels; `make` is called once for each."""

    def __init__(self, make: Callable[[K], M]) -> None:
        self._make = make
        self._kept: dict[K, M] = {}

    def __getitem__(self, key: K) -> M:
        child = self._kept.get(key)
        if child is None:
            child = self._kept[key] = self._make(key)
        return child

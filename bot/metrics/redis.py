"""Counts requests to Redis: how long each took, and how it failed."""

from __future__ import annotations

from typing import Final

from bot.metrics.families import QUICK, Families

_OTHER: Final = "other"
_ERRORS: Final = (
    *("TimeoutError", "ConnectionError", "ConnectionRefusedError", "OSError"),
    *("AuthenticationError", "NoPermissionError", "ReadOnlyError", "OutOfMemoryError", "BusyLoadingError"),
    *("ClusterDownError", "ResponseError", "NoScriptError", "MaxConnectionsError", _OTHER),
)
"""The names of redis-py's and Python's errors; all others count as "other", so that the number of labels is fixed."""


class RedisMetrics:
    """Observes a `RedisStore`."""

    def __init__(self, families: Families) -> None:
        self._seconds = families.histogram("redis_seconds", "Duration of requests to Redis, including retries.", QUICK)
        errors = families.counter("redis_errors", "Requests to Redis that failed, by error.", ["error"])
        self._errors = {name: errors.labels(error=name) for name in _ERRORS}

    def __call__(self, seconds: float, error: str) -> None:
        self._seconds.observe(seconds)
        if error:
            self._errors.get(error, self._errors[_OTHER]).inc()

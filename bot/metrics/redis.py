"""Knows what is counted of Redis: how long each question to it took, and how it failed."""

from __future__ import annotations

from typing import Final

from bot.metrics.families import QUICK, Families

_OTHER: Final = "other"
_ERRORS: Final = (
    *("TimeoutError", "ConnectionError", "ConnectionRefusedError", "OSError"),
    *("AuthenticationError", "NoPermissionError", "ReadOnlyError", "OutOfMemoryError", "BusyLoadingError"),
    *("ClusterDownError", "ResponseError", "NoScriptError", "MaxConnectionsError", _OTHER),
)
"""redis-py's own names, and Python's; what is not among them counts as another one, so that there are no more."""


class RedisMetrics:
    """The observer of a `RedisStore`."""

    def __init__(self, families: Families) -> None:
        self._seconds = families.histogram("redis_seconds", "How long questions to Redis took, with all tries.", QUICK)
        errors = families.counter("redis_errors", "Questions that Redis did not answer as it should.", ["error"])
        self._errors = {name: errors.labels(error=name) for name in _ERRORS}

    def __call__(self, seconds: float, error: str) -> None:
        self._seconds.observe(seconds)
        if error:
            self._errors.get(error, self._errors[_OTHER]).inc()

"""Names the question in every line that is logged while something is done for it, and its flow once that is known.

A task that is started meanwhile shares what is known: the flow is found in one of them, and the others' lines name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from structlog.contextvars import bound_contextvars
from structlog.types import EventDict, WrappedLogger


class _Known:
    flow = ""


_known: ContextVar[_Known | None] = ContextVar("what is known of the question", default=None)


@contextmanager
def lines_of_question(reference: str) -> Iterator[None]:
    """Have what logs a line meanwhile, in this task or in one that it starts, name the question."""
    token = _known.set(_Known())
    try:
        with bound_contextvars(ref=reference):
            yield
    finally:
        _known.reset(token)


def flow_known(name: str) -> None:
    """Have the lines of the question name its flow from now on; an empty name, that of the only flow, is left out."""
    if (known := _known.get()) is not None:
        known.flow = name


def with_flow(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the flow of the question to a line, as a structlog processor; a line that names one keeps it."""
    if (known := _known.get()) is not None and known.flow:
        event.setdefault("flow", known.flow)
    return event

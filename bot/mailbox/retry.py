"""Repeats what needs the store until it can be reached: a question that was taken in is not lost to an outage."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.errors import StoreUnavailable

log = structlog.get_logger(__name__)

T = TypeVar("T")

PAUSE = 1.0
"""Seconds between two attempts: short beside a lease, and one request a second for each question that waits."""


async def retried(
    work: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]], *, pause: float = PAUSE, **about: str
) -> T:
    """The result of `work`, which is called again every `pause` seconds for as long as it raises StoreUnavailable.

    An outage is logged once, with the keys `about`: the `ref` of the question it is done for, or the `team`.
    """
    is_logged = False
    while True:
        try:
            return await work()
        except StoreUnavailable as error:
            if not is_logged:
                log.info("store unreachable", reason=str(error), **about)
            is_logged = True
            await sleep(pause)

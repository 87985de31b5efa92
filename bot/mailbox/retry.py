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
    work: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]], *, ref: str, pause: float = PAUSE
) -> T:
    """The result of `work`, which is called again every `pause` seconds for as long as it raises StoreUnavailable.

    `ref` is the reference of the question it is done for; an outage is logged under it once.
    """
    is_logged = False
    while True:
        try:
            return await work()
        except StoreUnavailable as error:
            if not is_logged:
                log.info("store unreachable", ref=ref, reason=str(error))
            is_logged = True
            await sleep(pause)

"""Keeps the faults that a test has asked for: which call is to go wrong next, and how."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["refuse", "limit", "drop_reply", "break_before", "server_error", "hold_before", "hold_after"]
_ANY = ""


@dataclass(slots=True)
class Fault:
    """`word` is the error of a refusal, `retry_after` the seconds of a 429; `channel` None: in any channel. So many
    calls that it would meet are let past first as `after` says; with `blocks`, it meets only those that have some. A
    call that is held waits for `wait`.
    """

    kind: Kind
    method: str
    times: int
    word: str = ""
    retry_after: float = 0.0
    channel: str | None = None
    after: int = 0
    blocks: bool = False
    wait: Callable[[], Awaitable[object]] | None = None

    async def hold(self, kind: Kind) -> None:
        """Wait, where it is one of that kind."""
        if self.wait is not None and self.kind == kind:
            await self.wait()


class Faults:
    """Faults in the order they were asked for; each is used up after its `times`."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._waiting.append(fault)

    def to_all(self, kind: Kind, times: int) -> None:
        """Let this happen to the next `times` calls of any method, and to no more."""
        self._waiting = [fault for fault in self._waiting if (fault.kind, fault.method) != (kind, _ANY)]
        if times > 0:
            self._waiting.append(Fault(kind, _ANY, times))

    def left_to_all(self, kind: Kind) -> int:
        """To how many more calls of any method this will happen."""
        return sum(fault.times for fault in self._waiting if (fault.kind, fault.method) == (kind, _ANY))

    def clear(self) -> None:
        """Forget all faults that have not happened yet."""
        self._waiting.clear()

    def take(self, method: str, channel: str, *, blocks: bool = False) -> Fault | None:
        """The fault for this call, which has `blocks` or not; it is used up by it."""
        for fault in self._waiting:
            if fault.method in (_ANY, method) and fault.channel in (None, channel) and blocks >= fault.blocks:
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

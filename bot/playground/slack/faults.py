"""Knows the faults that a test has asked for: which call is to go wrong next, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["refuse", "limit", "drop_reply", "break_before", "server_error"]
_ANY = ""


@dataclass(slots=True)
class Fault:
    """`word` is the error of a refusal, `retry_after` the seconds of a 429; `channel` None: in any channel."""

    kind: Kind
    method: str
    times: int
    word: str = ""
    retry_after: float = 0.0
    channel: str | None = None


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
        """Nothing that was asked for and has not happened yet will happen."""
        self._waiting.clear()

    def take(self, method: str, channel: str) -> Fault | None:
        """The fault that meets this call."""
        for fault in self._waiting:
            if fault.method in (_ANY, method) and fault.channel in (None, channel):
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return None

"""Decides whether Flowise may be asked: a circuit breaker without a clock, which is given each event with its time.

    closed     every question is asked.                       The third failure in a row: resting.
    resting    no question is asked.                          The rest is over and a question comes: probing.
    probing    one question checks that Flowise answers.      It does: on trial. It does not: resting, longer.
    on trial   every question is asked.                       One failure: resting, longer. A while without: closed.

An answer closes the breaker in every state. The trial is there because a probe is a small request, and a server may
answer those while it answers no question. All times are seconds of one monotonic clock.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

# After FAILURES failures in a row within WITHIN seconds Flowise rests. A single one may be a restart or a lost packet.
# A server that accepts connections and stays silent fails a question after 40 s (10 s for the probe of the chatflow,
# 30 s for the headers), so three that were asked one after the other come within two minutes. A trial lasts as long.
FAILURES = 3
WITHIN = 120.0

# The first rest is as long as a start of Flowise (about 15 s, measured on 3.1.4); each that follows is twice as long.
FIRST_REST = 15.0
LONGEST_REST = 120.0

# How long a probe may take. Flowise answers one in some 10 ms (measured on 3.1.4).
PROBE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class GoAhead:
    """Flowise may be asked."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Flowise is to be probed first; then call `probed`, `probe_failed` or `probe_cancelled`."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Flowise is not to be asked for these `seconds`."""

    seconds: float


Decision: TypeAlias = GoAhead | Probe | Rest


class Breaker:
    """The breaker for one server in one process. Replicas do not share it: each counts its own failures."""

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._rest = 0.0
        self._rests_until: float | None = None
        self._probing = False
        self._trial_until = -math.inf
        self._why = ""

    def decide(self, now: float) -> Decision:
        """What a new question is to do."""
        if self._rests_until is None:
            return GoAhead()
        if now < self._rests_until:
            return Rest(self._rests_until - now)
        if self._probing:
            return Rest(PROBE_SECONDS)
        self._probing = True
        return Probe()

    def answered(self) -> None:
        """Flowise has begun to answer a question, or has refused one in its own words: it works."""
        self._close()
        self._rest, self._trial_until = 0.0, -math.inf

    def failed(self, now: float, why: str) -> None:
        """A question failed as if there were no Flowise. During a rest it is ignored: it is older."""
        if self._rests_until is not None:
            return
        self._failures.append(now)
        if now < self._trial_until:
            self._begin_rest(now, why)
        elif len(self._failures) == FAILURES and now - self._failures[0] <= WITHIN:
            self._rest = 0.0
            self._begin_rest(now, why)

    def probed(self, now: float) -> None:
        """The probe found Flowise."""
        self._close()
        self._trial_until = now + WITHIN

    def probe_failed(self, now: float, why: str) -> None:
        """The probe did not find Flowise."""
        self._begin_rest(now, why)

    def probe_soon(self, now: float) -> None:
        """End a rest early: the next question probes. Somebody says that Flowise may be there again."""
        if self._rests_until is not None:
            self._rests_until = min(self._rests_until, now)

    def probe_cancelled(self) -> None:
        """The probe was given up without a result: the next question makes another."""
        self._probing = False

    @property
    def resting(self) -> bool:
        """Whether a new question would be probed for or refused."""
        return self._rests_until is not None

    def state(self, now: float) -> str:
        """In words: "ok", or for example "resting for 12 s: no connection"."""
        if self._rests_until is None:
            return f"on trial, after {self._why}" if now < self._trial_until else "ok"
        if now < self._rests_until:
            return f"resting for {math.ceil(self._rests_until - now)} s: {self._why}"
        return f"to be tried again: {self._why}"

    def _close(self) -> None:
        self._rests_until, self._probing = None, False
        self._failures.clear()

    def _begin_rest(self, now: float, why: str) -> None:
        self._rest = min(2 * self._rest, LONGEST_REST) if self._rest else FIRST_REST
        self._rests_until, self._probing, self._why = now + self._rest, False, why
        self._failures.clear()

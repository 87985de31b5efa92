"""Says how long a hold on a question lasts and how often it is looked after."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Durations:
    """All in seconds. A process that does not renew its hold within a `lease` has lost it: a killed one holds nobody up
    for longer.

    `call` is the longest that a Slack call may take: less than what is left of a lease that is renewed in time. `poll`
    is how often the first of those that wait asks whether it is its turn; the others are told when it has moved on, so
    that hundreds that wait cost what one does. `note` is how often what is open of an answer is written into the store
    at most. `stops` is how often a process asks which of its questions people have stopped. `store` is how soon a store
    that cannot be reached is asked again where a question waits for it, and `settling` where one waits to be settled;
    for `unreachable` after it did not answer, it is taken to be so still.
    """

    lease: float = 15.0
    renewal: float = 4.0
    call: float = 8.0
    poll: float = 0.4
    note: float = 0.5
    stops: float = 0.5
    store: float = 1.0
    settling: float = 1.0
    unreachable: float = 8.0


DURATIONS = Durations()
"""Those of every process: all that share a store must agree on the lease."""

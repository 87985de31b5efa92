"""Holds which flows a chaos run has asked against what was promised: a thread keeps its flow, which routes led to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from benchmarks.chaos.records import Asked, Predicted, Record
from benchmarks.chaos.verdicts import Violation

# Seconds after which each replica goes by what stands in the file: 5 are promised, and a busy machine is slower.
_IN_FORCE = 10.0


def of_flows(record: Record) -> Iterator[Violation]:
    """What was asked of a flow that should not have been; nothing where there is one flow."""
    if not record.routes:
        return
    places: defaultdict[str, list[Asked]] = defaultdict(list)
    for asked in record.asked:
        places[asked.place].append(asked)
    for place, line in places.items():
        tokens = {asked.token for asked in line}
        predicted = sorted((one for one in record.predicted if one.token in tokens), key=lambda one: one.at)
        if not predicted or "@" in place:
            continue  # what is answered to its asker alone is in no thread
        for one, two in pairwise(predicted):
            if one.flow != two.flow:
                yield Violation("flow changed", f"{place}: {one.flow} for {one.token}, {two.flow} for {two.token}")
        first = predicted[0]
        if first.flow not in (led := _led(record, line, first)):
            yield Violation("asked of another flow", f"{first.token} in {place}: {first.flow}, not of {sorted(led)}")


def _led(record: Record, line: Sequence[Asked], first: Predicted) -> set[str]:
    """Where routes led from the place, from its first question on until the first prediction. The flow may have been
    chosen for a question before that one."""
    led: set[str] = set()
    for asked in line:
        if asked.at <= first.at:
            since = _read_since(record, asked.at, first.at)
            channel = asked.place.partition(":")[0]
            led |= {
                routes.lead(channel, asked.surface, is_command=asked.is_command)
                for (begin, routes), end in zip(record.routes, _ends(record), strict=True)
                if begin <= first.at and end >= since
            }
    return led


def _ends(record: Record) -> list[float]:
    """When each version of the routes was replaced."""
    return [*(at for at, _ in record.routes[1:]), float("inf")]


def _read_since(record: Record, begin: float, end: float) -> float:
    """The oldest time from which a replica may still have what stood in the file then. One that was frozen goes on with
    what it had read before."""
    since = begin - _IN_FORCE
    for frozen, thawed in sorted(record.frozen, reverse=True):
        if thawed >= since and frozen <= end:
            since = min(since, frozen - _IN_FORCE)
    return since

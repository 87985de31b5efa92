"""Tests that the bulk histogram counts as prometheus-client's own does one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from bot.metrics.ages import Ages

BOUNDS = (0.5, 1.0, 2.5)
# Quarters are exact in binary, so that both sums are the same to the last digit.
ages = st.lists(st.integers(0, 16).map(lambda quarters: quarters / 4), max_size=20)


@given(st.lists(ages, max_size=4))
def test_it_is_the_same_histogram(calls: list[list[float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counted = Ages("age_seconds", "How old.", BOUNDS, ours)
    one_by_one = Histogram("age_seconds", "How old.", registry=theirs, buckets=BOUNDS)
    for call in calls:
        counted.observe(sorted(100.0 - age for age in call), 100.0)
        for age in call:
            one_by_one.observe(age)
    assert generate_latest(ours) == generate_latest(theirs)

"""Tests when leases may expire by the clock of Redis, compared with this process's own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.server_clock import ServerClock

LEASE = 15.0

looks = st.lists(st.tuples(st.floats(0.1, 600.0), st.floats(0.0, 2.0), st.floats(0.0, 1.0)), min_size=1, max_size=20)


@settings(deadline=None)
@given(looks=looks, ahead=st.floats(-1e6, 1e6))
def test_a_clock_that_goes_on_is_trusted_however_long_its_word_takes(
    looks: list[tuple[float, float, float]], ahead: float
) -> None:
    clock, now = ServerClock(), 1e4
    for pause, way, part in looks:
        asked_at = now + pause
        now = asked_at + way
        assert clock.is_trusted(asked_at + way * part + ahead, asked_at, now, LEASE)


@settings(deadline=None)
@given(jump=st.floats(5.1, 1e6), first=st.floats(-1e6, 1e6))
def test_one_that_was_set_forward_is_not_for_a_lease(jump: float, first: float) -> None:
    clock = ServerClock()
    assert clock.is_trusted(first, 0.0, 0.01, LEASE)
    assert not clock.is_trusted(first + jump + 4.0, 4.0, 4.01, LEASE)
    assert not clock.is_trusted(first + jump + 19.0, 19.0, 19.005, LEASE)
    assert clock.is_trusted(first + jump + 19.1, 19.1, 19.11, LEASE)


def test_one_that_was_set_back_is_trusted() -> None:
    clock = ServerClock()
    assert clock.is_trusted(5000.0, 0.0, 0.01, LEASE)
    assert clock.is_trusted(1400.0, 4.0, 4.01, LEASE)
    assert clock.is_trusted(1404.0, 8.0, 8.01, LEASE)

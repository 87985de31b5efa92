"""Which Homes are drawn anew, and when: time is a number."""

from __future__ import annotations

from bot.workspace.open_homes import OpenHomes


def test_only_what_has_changed_is_drawn_anew_and_once_a_minute_at_most() -> None:
    homes = OpenHomes(60.0)
    homes.opened("ada", "D1", 0.0)
    assert (homes.take_due(100.0), homes.wake_at(100.0)) == ((), None)
    drawn = []
    for second in range(100, 600):
        homes.changed()
        if homes.take_due(float(second)):
            drawn.append(second)
    assert drawn == [100, 160, 220, 280, 340, 400, 460, 520, 580]
    homes.changed()
    assert homes.wake_at(600.0) is None, "it was opened ten minutes ago"
    assert homes.take_due(1_000.0) == ()


def test_a_change_right_after_a_drawing_waits_for_the_minute() -> None:
    homes = OpenHomes(60.0)
    homes.opened("ada", "D1", 0.0)
    homes.opened("ben", "D2", 30.0)
    homes.changed()
    assert homes.wake_at(31.0) == 60.0
    assert homes.take_due(59.9) == ()
    assert homes.take_due(60.0) == (("ada", "D1"),)
    assert homes.wake_at(60.0) == 90.0
    homes.forget("ben")
    assert homes.wake_at(60.0) is None


def test_opening_it_again_draws_it_and_counts() -> None:
    homes = OpenHomes(60.0)
    homes.opened("ada", "D1", 0.0)
    homes.changed()
    homes.opened("ada", "D1", 50.0)
    assert homes.wake_at(50.0) is None
    homes.changed()
    assert homes.wake_at(50.0) == 110.0

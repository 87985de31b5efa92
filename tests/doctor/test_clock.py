"""Tests how far a clock may be off, by the Date header of a response."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from bot.doctor.clock import clock
from bot.doctor.findings import About, Verdict

SLACK = About("Slack")
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("ahead", "signed", "state"),
    [
        (0, True, Verdict.WELL),
        (30, True, Verdict.WELL),
        (-30, True, Verdict.WELL),
        (31, True, Verdict.WARNING),
        (300, True, Verdict.WARNING),
        (301, True, Verdict.WRONG),
        (-301, True, Verdict.WRONG),
        # Over a socket nothing is signed.
        (301, False, Verdict.WARNING),
    ],
)
def test_how_far_is_too_far(ahead: float, signed: bool, state: Verdict) -> None:
    finding = clock(SLACK, formatdate(NOW - ahead, usegmt=True), NOW, signed=signed)
    assert finding.state is state
    assert bool(finding.do) == (state is not Verdict.WELL)


def test_it_says_which_way() -> None:
    assert "400 s ahead" in clock(SLACK, formatdate(NOW - 400), NOW, signed=True).found
    assert "400 s behind" in clock(SLACK, formatdate(NOW + 400), NOW, signed=True).found


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_without_a_date_nothing_is_known(date: str) -> None:
    assert clock(SLACK, date, NOW, signed=True).state is Verdict.UNKNOWN

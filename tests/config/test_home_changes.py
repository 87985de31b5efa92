"""What admins set in App Home: one setting at a time, the others as they were."""

from __future__ import annotations

import pytest

from bot.config.home_changes import (
    UnusableSettingError,
    as_json,
    channels_of,
    home_settings,
    with_channels,
    with_default,
)
from bot.config.model import HomeSettings

C1, C2, C3 = "C0000000001", "C0000000002", "C0000000003"
OTHERS = (
    '{"routes":[{"flow":"hr","channels":["C0000000001"],"follow_ups":"mentions"},{"flow":"hr","keywords":["pay"]}],'
    '"fairness":{"questions_per_person":"30/hour"}}'
)


def test_a_channel_leads_to_one_flow_and_what_is_chosen_replaces_what_was() -> None:
    home = with_channels(HomeSettings(), "it", (C1, C2))
    home = with_channels(home, "hr", (C2, C3))
    assert {flow: channels_of(home, flow) for flow in ("it", "hr")} == {"it": (C1,), "hr": (C2, C3)}
    home = with_channels(home, "it", (C3,))
    assert {flow: channels_of(home, flow) for flow in ("it", "hr")} == {"it": (C3,), "hr": (C2,)}
    home = with_channels(with_channels(home, "it", ()), "hr", ())
    assert as_json(home) == "{}"


def test_the_default_is_set_and_taken_back() -> None:
    home = with_default(HomeSettings(), "it")
    assert as_json(home) == '{"default":"it"}'
    assert as_json(with_default(home, "")) == "{}"


def test_other_settings_stay_as_they_are() -> None:
    before = home_settings(OTHERS)
    after = with_channels(with_default(before, "it"), "hr", (C2,))
    assert after.routes[:2] == before.routes
    assert (after.fairness, after.default, channels_of(after, "hr")) == (before.fairness, "it", (C2,))
    assert as_json(with_default(with_channels(after, "hr", ()), "")) == OTHERS
    assert home_settings(as_json(after)) == after


@pytest.mark.parametrize("channels", [("D0000000001",), ("no channel",), (C1, "")])
def test_what_is_no_channel_changes_nothing(channels: tuple[str, ...]) -> None:
    with pytest.raises(UnusableSettingError):
        with_channels(HomeSettings(), "it", channels)


@pytest.mark.parametrize("text", ["{", "[]", '{"flows": {}}', '{"default": 5}'])
def test_what_cannot_be_read_is_not_overwritten(text: str) -> None:
    with pytest.raises(UnusableSettingError):
        home_settings(text)

"""Tests what a flow is told of whoever asks: facts of Slack's, as short lines in which nothing has an effect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import wording_of_quotes
from bot.slack.asker import FIELDS, INTRODUCED, Asker, fields, introduced
from bot.slack.people import LONGEST_NAME, Person, person_of
from bot.slack.text.escaping import units

ADA = Asker("U1", "T1", "C1", Person("Ada", email="ada@example.com", locale="en-GB"), "support")


def test_every_field_is_told_by_its_name() -> None:
    assert ADA.told(FIELDS) == {
        "user_id": "U1",
        "user_name": "Ada",
        "email": "ada@example.com",
        "channel_id": "C1",
        "channel_name": "support",
        "locale": "en-GB",
        "team_id": "T1",
    }
    assert ADA.told(("user_id",)) == {"user_id": "U1"}


@pytest.mark.parametrize(
    ("asker", "told"),
    [
        (Asker("U1", "T1", "C1"), {"user_id", "channel_id", "team_id"}),
        (Asker("U1", "T1", "C1", Person("", email="no address", locale="{{x}}")), {"user_id", "channel_id", "team_id"}),
        (Asker("U1", "T1", "C1", ADA.person, "support", is_external=True), {"user_id"}),
    ],
)
def test_what_is_not_known_is_left_out_and_of_outsiders_all_but_the_id(asker: Asker, told: set[str]) -> None:
    assert asker.told(FIELDS).keys() == told


@pytest.mark.parametrize(
    ("asker", "parts", "line"),
    [
        (ADA, ("name", "channel"), "Asked by Ada in #support"),
        (ADA, ("name",), "Asked by Ada"),
        (ADA, ("channel",), "Asked in #support"),
        (ADA, INTRODUCED, "Asked by Ada (ada@example.com) in #support"),
        (ADA, ("email",), "Asked by ada@example.com"),
        (ADA, (), ""),
        (Asker("U1", "T1", "D1", ADA.person), ("name", "channel"), "Asked by Ada"),
        (Asker("U1", "T1", "C1", ADA.person, "support", is_external=True), INTRODUCED, ""),
    ],
)
def test_the_line_before_a_question(asker: Asker, parts: tuple[str, ...], line: str) -> None:
    assert wording_of_quotes.asked_by(*asker.introduction(parts)) == line
    assert wording_of_quotes.introduced(line, "Why?").splitlines()[-1] == "Why?"


@given(name=st.text(), email=st.text(), locale=st.text(), channel=st.text())
def test_nothing_that_people_choose_is_more_than_a_short_line(name: str, email: str, locale: str, channel: str) -> None:
    profile = {"profile": {"display_name": name, "email": email}, "locale": locale}
    asker = Asker("U1", "T1", "C1", person_of(profile), channel)
    line = wording_of_quotes.asked_by(*asker.introduction(INTRODUCED))
    for value in (*asker.told(FIELDS).values(), line):
        assert value.splitlines() == ([value] if value else [])
        assert not set(value) & set("<>{}\x00\u202e")
    assert units(asker.told(FIELDS).get("user_name", "")) <= LONGEST_NAME
    assert wording_of_quotes.introduced(line, "Why?").endswith("Why?")


def test_settings_list_names_in_any_order() -> None:
    assert fields(" team_id , User_ID,") == ("user_id", "team_id")
    assert fields("") == introduced("") == ()
    assert introduced("channel,name") == ("name", "channel")
    with pytest.raises(ValueError, match="user_id, user_name"):
        fields("user_id,password")
    with pytest.raises(ValueError, match="name, email, channel"):
        introduced("user_name")

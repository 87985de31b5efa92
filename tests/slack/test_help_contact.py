"""Tests BOT_HELP_CONTACT: each form is a link that pings nobody, and what is none of them is refused."""

from __future__ import annotations

import pytest

from bot.playground.slack.pings import pings
from bot.slack.help_contact import EXPECTED, asks


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", "Tell your admin."),
        ("C0123ABCD", "Ask in <#C0123ABCD>."),
        ("U0123ABCD|Ada", "Ask <https://slack.com/app_redirect?channel=U0123ABCD|Ada>."),
        ("U0123ABCD", "Ask <https://slack.com/app_redirect?channel=U0123ABCD|the person who looks after me>."),
        ("https://help.example.com/bot | the help desk", "Ask <https://help.example.com/bot|the help desk>."),
        ("https://help.example.com/?a=1&b=2", "Ask <https://help.example.com/?a=1&amp;b=2|help.example.com>."),
        ("U0123ABCD|<!channel>|x", "Ask <https://slack.com/app_redirect?channel=U0123ABCD|&lt;!channel&gt;x>."),
    ],
)
def test_a_contact_is_a_link_and_pings_nobody(setting: str, expected: str) -> None:
    assert asks(setting) == expected
    assert pings(asks(setting), (), (), frozenset(), parse=False) == []


@pytest.mark.parametrize("setting", ["#it-help", "@ada", "c0123abcd", "ftp://x", "https://a b", "https://", "C1"])
def test_another_form_is_refused_with_what_is_expected(setting: str) -> None:
    with pytest.raises(ValueError, match="expected the id of a channel") as refused:
        asks(setting)
    assert str(refused.value) == EXPECTED

"""Where the bot may go when Slack gives it an address: a table, and any text at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.slack.addresses import Addresses

REAL = "https://slack.com/api/"
LOCAL = "http://127.0.0.1:4321/api/"
MIRROR = "https://slack.example.com/api/"
SIX = "http://[::1]:4321/api/"


@pytest.mark.parametrize(
    ("api", "address"),
    [
        (REAL, "wss://wss-primary.slack.com/link/?ticket=a-b_c%3D&app_id=1"),
        (REAL, "https://hooks.slack.com/commands/T1/2/x"),
        (REAL, "https://files.slack.com/upload/v1/ABC"),
        (REAL, "https://slack.com/x"),
        (REAL, "HTTPS://Files.Slack.COM/upload"),
        (REAL, "https://hooks.slack.com:443/x"),
        (LOCAL, "http://127.0.0.1:4321/response/1"),
        (LOCAL, "ws://127.0.0.1:9999/link/?ticket=1"),
        (LOCAL, "wss://wss-primary.slack.com/link/"),
        (MIRROR, "wss://slack.example.com/link/"),
        (MIRROR, "https://files.slack.com/upload"),
        (SIX, "ws://[::1]:4321/link/"),
        ("http://local_slack:3000/api/", "ws://local_slack:3000/link/"),
    ],
)
def test_slack_s_own_addresses_are_gone_to(api: str, address: str) -> None:
    assert Addresses(api).objection(address) == ""


@pytest.mark.parametrize(
    ("api", "address", "why"),
    [
        (REAL, "http://hooks.slack.com/x", "http is not safe"),
        (REAL, "ws://wss-primary.slack.com/link", "ws is not safe"),
        (LOCAL, "http://hooks.slack.com/x", "http is not safe"),
        (MIRROR, "http://slack.example.com/x", "http is not safe"),
        (REAL, "file:///etc/passwd", "host cannot be read"),
        (REAL, "ftp://slack.com/x", "ftp is not safe"),
        (REAL, "//slack.com/x", "no scheme"),
        (REAL, "slack.com/x", "host cannot be read"),
        (REAL, "", "host cannot be read"),
        (REAL, "https:///x", "host cannot be read"),
        (REAL, "https://evil.example/x", "neither"),
        (REAL, "https://slack.com.evil.example/x", "neither"),
        (REAL, "https://notslack.com/x", "neither"),
        (REAL, "https://slack.com./x", "host cannot be read"),
        (REAL, "https://.slack.com/x", "host cannot be read"),
        (REAL, "https://127.0.0.1/x", "neither"),
        (REAL, "https://169.254.169.254/latest/meta-data", "neither"),
        (REAL, "https://[::1]/x", "neither"),
        (REAL, "https://[slack.com]/x", "cannot be read"),
        (LOCAL, "http://127.0.0.2/x", "neither"),
        (LOCAL, "http://localhost:4321/x", "neither"),
        (REAL, "https://slack.com@evil.example/x", "host cannot be read"),
        (REAL, "https://evil.example@slack.com/x", "host cannot be read"),
        (REAL, "https://evil.example\\@slack.com/x", "characters"),
        (REAL, "https://slack.com\\.evil.example/x", "characters"),
        (REAL, "https://evil.example\t.slack.com/x", "characters"),
        (REAL, "https://slack.com/\r\nHost: evil.example", "characters"),
        (REAL, " https://slack.com/x", "characters"),
        (REAL, "https://sl\u0430ck.com/x", "characters"),
        (REAL, "https://slack.com\uff0fevil/x", "characters"),
        (REAL, "https://slack%2ecom/x", "host cannot be read"),
        (REAL, "https://slack.com:99999/x", "cannot be read"),
        (REAL, "https://slack.com:x/x", "cannot be read"),
    ],
)
def test_all_others_are_refused_with_the_reason(api: str, address: str, why: str) -> None:
    assert why in Addresses(api).objection(address)


def test_an_objection_tells_no_secret() -> None:
    for address in ("https://evil.example/commands/s3cret?ticket=s3cret", "https://s3cret@slack.com/s3cret"):
        assert "s3cret" not in Addresses(REAL).objection(address)


PIECES = [
    *("https://", "http://", "wss://", "//", "/", "\\", "@", ":", "#", "?", ".", "%2f", "443", "\u3002"),
    *("slack.com", "evil.example", "127.0.0.1", "[::1]"),
]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map("".join))
def test_what_is_gone_to_is_on_the_same_host_for_the_one_who_connects(address: str) -> None:
    if Addresses(REAL).objection(address):
        return
    host = URL(address).host
    assert host is not None
    assert host == "slack.com" or host.endswith(".slack.com")
    assert URL(address).scheme in {"https", "wss"}

"""Tests how REDIS_URL is parsed, and that every password in it is found."""

from __future__ import annotations

import pytest

from bot.store.address import Address, read, secrets


@pytest.mark.parametrize("url", ["redis://h", "rediss://u:p@h:1/2?ssl_ca_certs=x", "unix:///run/r.sock?db=1"])
def test_one_server_is_left_as_it_stands(url: str) -> None:
    assert read(url) == Address("server", (url,))


def test_sentinels_share_all_but_the_host() -> None:
    address = read("redis+sentinel://me:p%40ss@one:26380,two,[::1],[::2]:7/main?db=3&ssl_check_hostname=no")
    assert address.service == "main"
    assert address.urls == tuple(
        f"redis://me:p%40ss@{host}/?db=3&ssl_check_hostname=no"
        for host in ("one:26380", "two:26379", "[::1]:26379", "[::2]:7")
    )
    assert address.sentinel_password is None


def test_sentinels_may_have_a_password_of_their_own() -> None:
    address = read("rediss+sentinel://one/main?sentinel_username=watch&sentinel_password=s3%2Bcret")
    assert (address.sentinel_username, address.sentinel_password) == ("watch", "s3+cret")
    assert address.urls == ("rediss://one:26379/?",)


def test_a_cluster_is_its_nodes() -> None:
    assert read("rediss+cluster://:pw@one,two:7001").urls == ("rediss://:pw@one:6379/?", "rediss://:pw@two:7001/?")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "expected redis://"),
        ("http://h", "expected redis://"),
        ("redis://", "expected redis://"),
        ("unix+cluster://h", "expected redis://"),
        ("redis+://h", "expected redis://"),
        ("redis+proxy://:s3cret@h", "expected redis://"),
        ("redis+cluster://:s3cret@h:99999", "expected redis://"),
        ("redis+cluster://:s3cret@h,,i", "expected redis://"),
        ("redis+cluster://:s3cret@h/1", "database 0 alone"),
        ("redis+cluster://:s3cret@h?db=1", "database 0 alone"),
        ("redis+cluster://h?sentinel_password=s3cret", "no Sentinels"),
        ("redis+sentinel://:s3cret@h,i", "the master's name"),
        ("redis+sentinel://:s3cret@h/main/0", "the master's name"),
    ],
)
def test_what_cannot_be_read_is_not_repeated(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        read(url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("redis://h", set()),
        ("redis://user@h", set()),
        ("redis://user:one@h", {"one"}),
        ("redis://:p%40ss@h", {"p%40ss", "p@ss"}),
        ("redis://:p@ss@h", {"p@ss"}),
        ("redis://h?password=a%20b&db=1", {"a%20b", "a b"}),
        ("rediss://h?ssl_password=key+word", {"key+word", "key word"}),
        ("redis+sentinel://:one@h,i/main?sentinel_password=two&db=0", {"one", "two"}),
        ("nonsense://:one@h?x", {"one"}),
        ("", set()),
    ],
)
def test_every_password_is_known(url: str, known: set[str]) -> None:
    assert secrets(url) == known


def test_it_does_not_show_its_passwords() -> None:
    shown = repr(read("redis+sentinel://:one-s3cret@h/main?sentinel_password=two-s3cret"))
    assert "s3cret" not in shown

"""Tests which proxy an address goes through, by a table of what people write into NO_PROXY."""

from __future__ import annotations

import pytest
from yarl import URL

from bot.errors import SettingsError
from bot.network.proxies import Proxies, proxy_url
from bot.settings.settings import checked, read_settings

TLS, PLAIN = "http://tls.example:3128", "http://plain.example:3128"


@pytest.mark.parametrize(
    ("address", "proxy"),
    [
        ("https://slack.com/api/", TLS),
        ("wss://wss-primary.slack.com/link/?ticket=1", TLS),
        ("http://flowise.example/", PLAIN),
        ("ws://127.0.0.1:1/", PLAIN),
        ("https://localhost/", TLS),
    ],
)
def test_the_scheme_decides(address: str, proxy: str) -> None:
    assert Proxies(TLS, PLAIN).of(URL(address)) == URL(proxy)
    assert Proxies().of(URL(address)) is None


@pytest.mark.parametrize(
    ("no_proxy", "address", "direct"),
    [
        ("*", "https://slack.com", True),
        ("a.example, *", "https://slack.com", True),
        ("example.com", "https://example.com", True),
        ("example.com", "https://flowise.example.com:8443", True),
        ("example.com", "https://notexample.com", False),
        ("example.com", "https://example.com.evil.example", False),
        (".example.com", "https://example.com", True),
        (".example.com", "https://a.b.example.com", True),
        ("*.example.com", "https://a.example.com", True),
        ("EXAMPLE.com", "https://Example.COM", True),
        ("example.com", "https://example.com.", True),
        ("example.com.", "https://example.com", True),
        ("one.example two.example\tthree.example", "https://three.example", True),
        (" one.example ,, two.example ,", "https://two.example", True),
        (",", "https://slack.com", False),
        (".", "https://slack.com", False),
        ("example.com:8443", "https://example.com:8443", True),
        ("example.com:8443", "https://example.com", False),
        ("example.com:443", "https://a.example.com", True),
        ("example.com:80", "http://example.com", True),
        ("localhost", "http://localhost:3000", True),
        ("localhost", "http://127.0.0.1:3000", False),
        ("127.0.0.1", "http://127.0.0.1:3000", True),
        ("127.0.0.1:3001", "http://127.0.0.1:3000", False),
        ("127.0.0.0/8", "http://127.1.2.3", True),
        ("10.0.0.0/8,192.168.0.0/16", "http://192.168.7.7:3000", True),
        ("10.0.0.0/8", "http://11.0.0.1", False),
        ("10.1.2.3/8", "http://10.9.9.9", True),
        ("10.0.0.0/8:3000", "http://10.9.9.9:3000", True),
        ("10.0.0.0/8:3000", "http://10.9.9.9", False),
        ("10.0.0.0/8", "http://ten.example", False),
        ("0.0.0.1", "http://10.0.0.1", False),
        ("::1", "http://[::1]:3000", True),
        ("[::1]", "http://[::1]:3000", True),
        ("[::1]:3000", "http://[::1]:3000", True),
        ("[::1]:3001", "http://[::1]:3000", False),
        ("fd00::/8", "http://[fd12::7]", True),
        ("fd00::/8", "http://[fe80::7]", False),
        ("10.0.0.0/8", "http://[::ffff:10.0.0.1]", True),
        ("10.0.0.0/99", "http://10.0.0.1", False),
        ("bücher.example", "https://bücher.example", True),
        ("xn--bcher-kva.example", "https://bücher.example", True),
        ("svc", "http://flowise.default.svc", True),
        ("cluster.local", "http://flowise.default.svc.cluster.local:3000", True),
    ],
)
def test_what_is_reached_directly(no_proxy: str, address: str, direct: bool) -> None:
    assert (Proxies(TLS, PLAIN, no_proxy).of(URL(address)) is None) == direct


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example:3128/", "http://proxy.example:3128/"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("me:p%40ss@proxy.example:3128", "http://me:p%40ss@proxy.example:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
    ],
)
def test_a_proxy(value: str, url: str) -> None:
    assert proxy_url(value) == URL(url)


@pytest.mark.parametrize(
    "value",
    [
        "socks5://me:secretvalue@proxy.example:1080",
        "https://me:secretvalue@proxy.example",
        "http://me:secretvalue@:3128",
        "http://me:secretvalue@proxy.example:port",
        "http://me:secretvalue@proxy.example:99999",
        "http://me:secretvalue@proxy.example/path",
        "http://",
        "://",
    ],
)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "HTTP_PROXY"])
def test_what_is_no_proxy_is_told_without_its_password(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        checked(GOOD | {name: value})
    assert str(refusal.value).startswith(f"{name}: expected the address of an HTTP proxy")
    assert "secretvalue" not in str(refusal.value)


GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "FLOWISE_URL": "http://localhost:3100/",
    "FLOWISE_CHATFLOW_ID": "abc-123",
}


def test_either_case_is_read_and_the_lower_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    for order in (("https_proxy", "HTTPS_PROXY"), ("HTTPS_PROXY", "https_proxy")):
        for name in order:  # whichever stands first in the environment
            monkeypatch.delenv(name, raising=False)
        for name in order:
            monkeypatch.setenv(name, TLS if name.islower() else PLAIN)
        assert read_settings(None).https_proxy == TLS
    monkeypatch.setenv("https_proxy", "")
    monkeypatch.setenv("HTTP_PROXY", PLAIN)
    monkeypatch.setenv("no_proxy", "localhost")
    read = read_settings(None)
    assert (read.https_proxy, read.http_proxy, read.no_proxy) == (PLAIN, PLAIN, "localhost")


def test_the_password_is_a_secret_of_the_log_and_hidden_in_print() -> None:
    settings = checked(GOOD | {"HTTPS_PROXY": "http://me:p%40ss-word@proxy.example:3128"})
    assert {"p%40ss-word", "p@ss-word"} <= set(settings.secrets())
    assert "ss-word" not in repr(settings)

"""Tests what is reported about proxies and trusted certificates."""

from __future__ import annotations

from pathlib import Path

from bot.doctor.checks import examined
from bot.doctor.findings import Verdict
from bot.doctor.network import network
from bot.network.outgoing import Network
from bot.network.proxies import Proxies
from bot.playground.sandbox import Sandbox
from bot.settings.environment import configuration_of
from tests.network.proxying import forward_proxy

PROXY = "http://me:secretvalue@proxy.example:3128"
BOTH = {"Slack": "https://slack.com/api/", "Flowise": "http://flowise.example:3000"}


def test_without_a_proxy() -> None:
    proxy, certificates = network(Network(), BOTH)
    assert (proxy.state, proxy.found) == (Verdict.WELL, "none: Slack and Flowise are reached directly")
    assert (certificates.state, certificates.found) == (
        Verdict.WELL,
        "the system's certificate authorities are trusted",
    )


def test_each_way_is_told_without_the_password() -> None:
    proxy, _ = network(Network(Proxies(PROXY, PROXY, "flowise.example")), BOTH)
    assert proxy.state is Verdict.WELL
    assert proxy.found == "Slack through proxy.example:3128 (HTTPS_PROXY); Flowise directly"
    proxy, _ = network(Network(Proxies("", PROXY)), BOTH)
    assert proxy.found == "Slack directly; Flowise through proxy.example:3128 (HTTP_PROXY)"
    proxy, _ = network(Network(Proxies(PROXY, PROXY, "*")), BOTH)
    assert proxy.found == "none: Slack and Flowise are reached directly, because of NO_PROXY or their scheme"


def test_this_machine_through_a_proxy_is_a_warning() -> None:
    for host in ("localhost", "127.0.0.1", "127.0.0.2", "[::1]"):
        out = Network(Proxies(PROXY, PROXY))
        proxy, _ = network(out, BOTH | {"Flowise": f"http://{host}:3000"})
        assert proxy.state is Verdict.WARNING
        assert proxy.do.startswith(f"Add {host.strip('[]')} to NO_PROXY")


def test_certificates_that_cannot_be_read_are_wrong(tmp_path: Path) -> None:
    _, finding = network(Network(ca_file=tmp_path / "none.pem"), BOTH)
    assert finding.state is Verdict.WRONG
    assert "SSL_CERT_FILE" in finding.do


async def test_the_examination_goes_the_bot_s_own_way_and_on_without_the_certificates(
    home: Sandbox, tmp_path: Path
) -> None:
    async with forward_proxy() as proxy:
        settings = home.settings(http_proxy=proxy.url, ssl_cert_file=tmp_path / "none.pem", slack_app_token="xapp-1")
        findings = await examined(settings, configuration_of(settings))
        proxy.refusal = 403
        refused = await examined(settings, configuration_of(settings))
    by_check = {(finding.about, finding.check): finding for finding in findings}
    assert by_check["Network", "certificates"].state is Verdict.WRONG
    assert by_check["Network", "proxy"].state is Verdict.WARNING  # this machine's own addresses, through it
    assert by_check["Slack", "bot token"].state is Verdict.WELL
    assert {line.split()[1].split("/")[3] for line in proxy.asked} == {"api"}
    assert len([finding for finding in refused if "the proxy does not let us through" in finding.found]) >= 3

"""Tests the real bot, Socket Mode included, behind a real forward proxy, and what happens if the proxy refuses.

The names slack.test and flowise.test cannot be resolved on this machine: what reaches them went through the proxy.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from yarl import URL

import bot.flowise.client as flowise
from bot.app import Bot
from bot.errors import BotError, ProxyFailed, RunState, SettingsError, SlackUnavailable
from bot.flowise.limits import Limits
from bot.flowise.prediction import Prediction
from bot.metrics.tracing import exported
from bot.network.outgoing import Network
from bot.network.proxies import Proxies
from bot.playground.sandbox import Sandbox
from bot.reply.observed import Outcome
from bot.serving.socket_mode import open_connection
from bot.slack.calls import Lost, Posted, PostMessage, Respond, SendFile
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client
from tests.metrics.test_tracing import ASKED, collector
from tests.network.certificate import CERTIFICATE, showing_it
from tests.network.proxying import HOST, ForwardProxy, _pipe, forward_proxy
from tests.serving.test_startup import free_port

NAMES = ("slack.test", "flowise.test")
COLLECTOR = "collector.test"


@pytest.fixture
async def proxy() -> AsyncIterator[ForwardProxy]:
    async with forward_proxy() as running:
        yield running


def renamed(url: str, host: str, port: int | None = None, scheme: str = "http") -> str:
    return str(URL(url).with_scheme(scheme).with_host(host).with_port(port or URL(url).port))


def at(home: Sandbox, slack: int | None = None, flowise: int | None = None, scheme: str = "http") -> dict[str, object]:
    """Settings with which both are known by their names alone, on other ports where these are given."""
    api = renamed(home.slack.url, "slack.test", slack, scheme)
    home.slack.reached_at(str(URL(api).origin()))
    return {"slack_api_url": api, "flowise_url": renamed(home.flowise.url, "flowise.test", flowise, scheme)}


async def test_the_whole_bot_behind_a_proxy_by_http(home: Sandbox, proxy: ForwardProxy) -> None:
    async with home.bot(http_proxy=proxy.url, **at(home)):
        [answer] = await home.answered(await home.ask(f"{home.mention} hello"))
    assert "hello" in answer
    assert proxy.hosts == set(NAMES)
    assert [line for line in proxy.asked if line.startswith("GET ws://slack.test")]
    assert [line for line in proxy.asked if "/api/v1/prediction/" in line]


@asynccontextmanager
async def behind_tls(port: int) -> AsyncIterator[int]:
    """TLS before a server on this machine; the port."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HOST, port)
        await asyncio.gather(_pipe(reader, far_writer), _pipe(far_reader, writer))

    server = await asyncio.start_server(relay, HOST, 0, ssl=showing_it())
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_the_whole_bot_behind_a_proxy_by_https_with_a_ca_of_ones_own(home: Sandbox, proxy: ForwardProxy) -> None:
    slack_port, flowise_port = URL(home.slack.url).port, URL(home.flowise.url).port
    assert slack_port is not None
    assert flowise_port is not None
    async with behind_tls(slack_port) as slack, behind_tls(flowise_port) as far:
        settings = at(home, slack, far, "https")
        async with home.bot(https_proxy=proxy.url, ssl_cert_file=CERTIFICATE, **settings):
            [answer] = await home.answered(await home.ask(f"{home.mention} hello"))
    assert "hello" in answer
    assert proxy.hosts == set(NAMES)
    assert {line.split()[0] for line in proxy.asked} == {"CONNECT"}


async def test_what_no_proxy_lists_is_reached_directly(home: Sandbox, proxy: ForwardProxy) -> None:
    async with home.bot(http_proxy=proxy.url, https_proxy=proxy.url, no_proxy="127.0.0.0/8"):
        await home.answered(await home.ask(f"{home.mention} hello"))
    assert proxy.asked == []


async def test_nobody_has_a_rule_of_his_own(home: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):  # slack_sdk and requests read them by themselves
        monkeypatch.setenv(name, f"http://{HOST}:{free_port()}")
        monkeypatch.setenv(name.lower(), f"http://{HOST}:{free_port()}")
    async with home.bot():
        await home.answered(await home.ask(f"{home.mention} hello"))


def through(proxy: ForwardProxy, credentials: str = "") -> Network:
    url = proxy.url.replace("//", f"//{credentials}@") if credentials else proxy.url
    return Network(Proxies(url, url))


async def test_uploads_and_response_urls_take_the_same_way(home: Sandbox, proxy: ForwardProxy) -> None:
    slack = home.slack
    api = str(at(home)["slack_api_url"])
    async with new_session(through(proxy)) as session:
        client = SlackClient(web_client(slack.bot_token, api, session), session)
        assert isinstance(await client.call(PostMessage(home.channel, "hello", (), mark="m")), Posted)
        await client.call(SendFile("rest", "answer.md", b"# hello"))
        await client.call(Respond(f"{URL(api).origin()}/response/none", "hello", ()))
    paths = {URL(line.split()[1]).path.split("/")[1] for line in proxy.asked}
    assert paths == {"api", "upload", "response"}


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_so_do_traces(proxy: ForwardProxy, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):  # which requests would read
        monkeypatch.setenv(name, f"http://{HOST}:{free_port()}")
    exports: list[ExportTraceServiceRequest] = []
    async with collector(exports) as plain:
        number = URL(plain).port
        assert number is not None
        async with behind_tls(number) as tls:
            port = tls if scheme == "https" else number
            network = Network(Proxies(proxy.url, proxy.url), CERTIFICATE)
            async with exported(f"{scheme}://{COLLECTOR}:{port}", network) as traces:
                traces.answer(ASKED).ended(Outcome.FINISHED, None)
    assert len(exports) == 1
    assert proxy.hosts == {COLLECTOR}


async def test_a_proxy_that_wants_a_password(home: Sandbox) -> None:
    api = str(at(home)["slack_api_url"])
    async with forward_proxy("me:p@ss w\u00f6rd") as proxy:
        async with new_session(through(proxy, "me:p%40ss%20w%C3%B6rd")) as session:
            await SlackClient(web_client(home.slack.bot_token, api, session), session).identity()
        async with new_session(through(proxy)) as session:
            with pytest.raises(SlackUnavailable, match="the proxy wants a name and password"):
                await SlackClient(web_client(home.slack.bot_token, api, session), session).identity()


# The proxy's fault ----------------------------------------------------------------------------------------------------


async def failure(network: Network, url: str) -> BotError:
    async with flowise.new_session(network) as session:
        client = flowise.Client(session, url, "flow", None, Limits(refused_pause=0))
        with pytest.raises(BotError) as raised:
            async for _ in client.predict(Prediction("hello?", "chat-1")):
                pass
    return raised.value


@pytest.mark.parametrize("status", [403, 407, 502, 503, 504])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_is_blamed(proxy: ForwardProxy, scheme: str, status: int) -> None:
    proxy.refusal = status
    error = await failure(through(proxy), f"{scheme}://flowise.test")
    assert isinstance(error, ProxyFailed)
    assert str(error).startswith("the proxy ")
    assert str(status) in str(error)
    not_sent = scheme == "https" or status in {403, 407}
    assert error.run is (RunState.NOT_STARTED if not_sent else RunState.UNKNOWN)
    async with new_session(through(proxy)) as session:
        web = web_client("xoxb-1", f"{scheme}://slack.test/api/", session)
        client = SlackClient(web, session)
        with pytest.raises(SlackUnavailable, match="the proxy "):
            await client.identity()
        with pytest.raises(SlackUnavailable, match="the proxy "):
            await open_connection(web, "xapp-1")
        lost = await client.call(Respond(f"{scheme}://slack.test/response/1", "hello", ()))
        assert isinstance(lost, Lost)
        assert "the proxy " in lost.reason


async def test_a_proxy_that_lets_all_but_sockets_through_is_blamed_in_the_log(
    home: Sandbox, proxy: ForwardProxy, caplog: pytest.LogCaptureFixture
) -> None:
    proxy.refuses_sockets = True
    running = Bot(home.settings(http_proxy=proxy.url, **at(home)))
    serving = asyncio.create_task(running.run())
    async with asyncio.timeout(10):
        while "the proxy does not let us through (HTTP 403)" not in caplog.text:  # noqa: ASYNC110  # the log has no event
            await asyncio.sleep(0.02)
        running.stop()
        await serving


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there_is_blamed(scheme: str) -> None:
    nobody = free_port()
    network = Network(Proxies(f"http://me:secretvalue@{HOST}:{nobody}", f"http://me:secretvalue@{HOST}:{nobody}"))
    error = await failure(network, f"{scheme}://flowise.test")
    assert isinstance(error, ProxyFailed)
    assert str(error) == f"the proxy {HOST}:{nobody} cannot be reached"
    assert error.run is RunState.NOT_STARTED


async def test_what_flowise_itself_refuses_is_not_blamed_on_the_proxy(home: Sandbox, proxy: ForwardProxy) -> None:
    url = str(at(home)["flowise_url"])
    error = await failure(through(proxy), url)  # there is no chatflow of that id
    assert type(error).__name__ == "UnknownChatflow"


# Certificates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "there are none in it"),
        (b"-----BEGIN CERTIFICATE-----\nx", "there are none in it"),
    ],
)
async def test_a_file_without_certificates_is_told(tmp_path: Path, content: bytes | None, reason: str) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    for wrong in (file, tmp_path) if content is None else (file,):
        with pytest.raises(SettingsError, match=r"^SSL_CERT_FILE: no certificates can be read") as refusal:
            Network(ca_file=wrong).session()
        assert reason in str(refusal.value) or wrong is tmp_path


def test_the_authorities_of_the_system_stay_trusted() -> None:
    before = {entry["serialNumber"] for entry in ssl.create_default_context().get_ca_certs()}
    trusted = Network(ca_file=CERTIFICATE).trusted
    assert trusted is not None
    after = {entry["serialNumber"] for entry in trusted.get_ca_certs()}
    assert before < after


async def test_a_certificate_that_is_not_trusted_is_named_for_slack_too(home: Sandbox) -> None:
    port = URL(home.slack.url).port
    assert port is not None
    async with behind_tls(port) as far, new_session() as session:
        client = SlackClient(web_client(home.slack.bot_token, f"https://{HOST}:{far}/api/", session), session)
        with pytest.raises(SlackUnavailable, match="the certificate is not trusted"):
            await client.identity()


async def test_a_session_without_settings_is_aiohttp_s_own() -> None:
    async with Network().session(timeout=aiohttp.ClientTimeout(total=1)) as session:
        assert session.timeout.total == 1
        assert not session.trust_env

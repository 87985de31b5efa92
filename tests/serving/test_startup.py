"""How the program starts, or says in a line why it cannot; and that no secret is ever in what it writes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bot.app import Bot
from bot.errors import SettingsError
from bot.playground.flowise.scripts import Script
from bot.playground.program import environment
from bot.playground.sandbox import Sandbox, sandbox
from bot.settings.settings import checked
from bot.store.connections import connect

pytestmark = pytest.mark.program

_SECONDS = 20.0
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-77-very-secret",
    "SLACK_APP_TOKEN": "xapp-77-very-secret",
    "SLACK_SIGNING_SECRET": "0badc0ffee-signing",
    "FLOWISE_API_KEY": "flow-key-secret",
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def started(folder: Path, settings: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m bot` in a folder without a .env, with these settings and no others; killed if it is still there."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot"),
        cwd=folder,
        env=environment(os.environ, settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def refused(folder: Path, settings: dict[str, str]) -> list[str]:
    """The lines on stderr of a start that ends by itself with status 2, without a stack trace."""
    async with started(folder, settings) as process, asyncio.timeout(_SECONDS):
        out, err = await process.communicate()
    lines = err.decode().splitlines()
    assert process.returncode == 2, lines
    assert out == b""
    assert "Traceback" not in err.decode()
    assert not [secret for secret in SECRETS.values() if secret in err.decode()]
    return lines


def settings(home: Sandbox, **changes: str) -> dict[str, str]:
    """The house's settings as they stand in an environment; an empty value takes one away."""
    given = {
        "SLACK_BOT_TOKEN": home.slack.bot_token,
        "SLACK_APP_TOKEN": home.slack.app_token,
        "SLACK_API_URL": home.slack.url,
        "FLOWISE_URL": home.flowise.url,
        "FLOWISE_CHATFLOW_ID": home.flowise.chatflow_id,
        "REDIS_URL": home.redis_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    return given | changes


COMPLETE = {
    **SECRETS,
    "FLOWISE_URL": "http://127.0.0.1:9",
    "FLOWISE_CHATFLOW_ID": "abc-1",
    "HOST": "127.0.0.1",
    "PORT": "0",
}


# Settings that cannot work --------------------------------------------------------------------------------------------


async def test_without_any_setting_each_that_is_needed_is_named(tmp_path: Path) -> None:
    first, *lines = await refused(tmp_path, {})
    assert first == "The settings cannot work:"
    assert [line.split(":")[0].strip() for line in lines] == [
        *(".env", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FLOWISE_URL", "FLOWISE_CHATFLOW_ID")
    ]
    assert all("expected" in line for line in lines)


async def test_each_malformed_setting_has_its_line(tmp_path: Path) -> None:
    wrong = {
        "SLACK_BOT_TOKEN": SECRETS["SLACK_APP_TOKEN"],
        "SLACK_APP_TOKEN": SECRETS["SLACK_BOT_TOKEN"],
        "FLOWISE_URL": "https://flowise.example/api/v1/prediction/1",
        "FLOWISE_CHATFLOW_ID": "a/b",
        "REDIS_URL": "http://127.0.0.1",
        "PORT": "70000",
        "BOT_FOLLOW_UPS": "some",
    }
    _, *lines = await refused(tmp_path, COMPLETE | wrong)
    assert sorted(line.split(":")[0].strip() for line in lines) == sorted(wrong)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"REDIS_REQUIRED": "true"}, "REDIS_URL"),
        ({"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": ""}, "SLACK_APP_TOKEN"),
    ],
)
async def test_settings_that_contradict_each_other(tmp_path: Path, changes: dict[str, str], name: str) -> None:
    _, line = await refused(tmp_path, COMPLETE | changes)
    assert line.strip().startswith(f"{name}: not set; expected")


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _, line = await refused(tmp_path, COMPLETE | {"PORT": port})
    assert line.strip().startswith(f"PORT: cannot listen on 127.0.0.1:{port}")


@pytest.mark.parametrize("host", ["192.0.2.1", "host.invalid", "a..b", "http://0.0.0.0", "0.0.0.0:3000"])
async def test_a_host_that_is_none_of_this_machine_s_is_not_blamed_on_the_port(host: str) -> None:
    with pytest.raises(SettingsError, match=r"^HOST: cannot listen on ") as refusal:
        await Bot(checked(COMPLETE | {"HOST": host})).run()
    assert "PORT" not in str(refusal.value)


# Ready ----------------------------------------------------------------------------------------------------------------


async def test_the_start_asks_slack_two_things_side_by_side_and_no_more(own_redis: str, tmp_path: Path) -> None:
    async with sandbox(own_redis, tokens_per_second=10_000, latency=0.5) as home:
        async with started(tmp_path, settings(home)) as process:
            await home.slack.until(lambda: home.slack.sockets == 1, _SECONDS)
            process.send_signal(signal.SIGTERM)
            await process.communicate()
        first, second = home.slack.calls
    assert {first.method, second.method} == {"auth.test", "apps.connections.open"}
    assert second.at < first.done_at


async def test_it_is_not_ready_before_it_hears_slack(own_redis: str, tmp_path: Path) -> None:
    async with sandbox(own_redis, tokens_per_second=10_000) as home:
        home.slack.server_error("apps.connections.open", times=100)
        port = free_port()
        async with started(tmp_path, settings(home, PORT=str(port))) as process, aiohttp.ClientSession() as session:
            await home.slack.until(lambda: len(home.slack.calls) >= 4, _SECONDS)
            async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                assert response.status == 503
                assert (await response.json())["missing"] == ["slack"]
            process.send_signal(signal.SIGTERM)
            await process.communicate()


# Slack says no --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
async def test_a_token_that_slack_refuses(home: Sandbox, tmp_path: Path, name: str) -> None:
    *_, line = await refused(tmp_path, settings(home, **{name: SECRETS[name]}))
    assert line.strip().startswith(f"{name}: Slack refuses it (invalid_auth); expected")
    assert home.slack.sockets == 0


async def test_an_address_that_is_no_slack_ends_the_start(home: Sandbox) -> None:
    elsewhere = settings(home, SLACK_API_URL=f"{home.slack.origin}/nowhere/")
    async with asyncio.timeout(_SECONDS):
        with pytest.raises(SettingsError, match=r"^SLACK_API_URL: .*HTTP 404, text/plain.*expected https://slack.com/"):
            await Bot(checked(elsewhere)).run()


async def test_a_slack_that_is_away_is_waited_for(home: Sandbox, tmp_path: Path) -> None:
    home.slack.server_error("auth.test", times=1)
    async with started(tmp_path, settings(home)) as process:
        await home.slack.until(lambda: home.slack.sockets == 1, _SECONDS)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert err.decode().count("Slack not reached") == 1


async def test_waiting_for_slack_can_be_stopped(home: Sandbox, tmp_path: Path) -> None:
    home.slack.server_error("auth.test", times=100)
    async with started(tmp_path, settings(home)) as process:
        await home.slack.until(lambda: bool(home.slack.calls), _SECONDS)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_SECONDS):
            await process.communicate()
    assert process.returncode == 0


async def test_a_slack_that_is_silent_does_not_hold_a_stop_up(own_redis: str) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/"
    bot = Bot(checked(COMPLETE | {"SLACK_API_URL": url, "REDIS_URL": own_redis}))
    running = asyncio.create_task(bot.run())
    await asyncio.wait_for(asked.wait(), _SECONDS)
    bot.stop()
    _, late = await asyncio.wait({running}, timeout=4)  # a call is waited for 8 s, and LAST_RESPONSES is one
    server.close()
    await running
    assert not late


# Flowise is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "level", "error"),
    [
        ({"FLOWISE_URL": "http://127.0.0.1:9"}, "warning", "FlowiseUnreachable"),
        ({"FLOWISE_CHATFLOW_ID": "00000000-0000-4000-8000-000000000000"}, "error", "UnknownChatflow"),
    ],
)
async def test_a_flowise_that_cannot_answer_now_is_told_and_the_bot_serves(
    home: Sandbox, tmp_path: Path, changes: dict[str, str], level: str, error: str
) -> None:
    async with started(tmp_path, settings(home, **changes)) as process:
        await home.slack.until(lambda: home.slack.sockets == 1, _SECONDS)
        root = await home.ask(f"{home.mention} are you there?")
        await home.slack.until(lambda: len(home.answers(root)) == 1)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 0
    [line] = [line for line in err.decode().splitlines() if "Flowise not ready" in line]
    assert f"error={error}" in line
    assert f"[{level}" in line
    assert home.flowise.predictions == []


async def test_a_redis_that_cannot_keep_what_it_is_given_is_a_warning(home: Sandbox, tmp_path: Path) -> None:
    redis = connect(home.redis_url)
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    await redis.aclose()
    [line] = await warned(home, settings(home), tmp_path, "Redis warning received")
    assert "maxmemory-policy is allkeys-lru" in line


async def test_a_redis_that_is_away_is_a_warning(home: Sandbox, tmp_path: Path) -> None:
    away = settings(home, REDIS_URL="redis://:very-secret@127.0.0.1:9")
    [line] = await warned(home, away, tmp_path, "Redis not ready")
    assert "Redis cannot be reached (ConnectionError)" in line
    assert "very-secret" not in line


async def warned(home: Sandbox, settings: dict[str, str], folder: Path, what: str) -> list[str]:
    """The warnings of a kind in the log of a bot that was started, and stopped after the first of them."""
    async with started(folder, settings) as process:
        await home.slack.until(lambda: home.slack.sockets == 1, _SECONDS)
        assert process.stderr is not None
        seen = b""
        async with asyncio.timeout(_SECONDS):
            while what.encode() not in seen:
                seen += await process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        _, rest = await process.communicate()
    assert process.returncode == 0
    return [line for line in (seen + rest).decode().splitlines() if what in line and "[warning" in line]


# No secret ------------------------------------------------------------------------------------------------------------


async def test_at_the_finest_level_no_secret_and_no_word_of_a_person_is_in_the_log(
    own_redis: str, tmp_path: Path
) -> None:
    password = "p%2Fass-word-9"  # as it stands in a URL; a Redis without users takes any
    async with sandbox(own_redis, tokens_per_second=10_000, api_key=SECRETS["FLOWISE_API_KEY"]) as home:
        home.flowise.script("rag", Script(error="refused Bearer flow-key-secret"))
        given = settings(
            home,
            LOG_LEVEL="DEBUG",
            FLOWISE_API_KEY=SECRETS["FLOWISE_API_KEY"],
            SLACK_SIGNING_SECRET=SECRETS["SLACK_SIGNING_SECRET"],
            REDIS_URL=f"unix://:{password}@{own_redis.removeprefix('unix://')}",
        )
        async with started(tmp_path, given) as process:
            await home.slack.until(lambda: home.slack.sockets == 1, _SECONDS)
            failing = await home.ask(f"{home.mention} a whispered question")
            await home.slack.until(lambda: "Reference" in "".join(home.answers(failing)))
            root = await home.ask(f"{home.mention} a whispered question")
            await home.slack.until(lambda: "stand-in model" in "".join(home.answers(root)) and not home.growing(root))
            process.send_signal(signal.SIGTERM)
            out, err = await process.communicate()
        written = (out + err).decode()
        tokens = [home.slack.bot_token, home.slack.app_token, SECRETS["FLOWISE_API_KEY"]]
        hidden = [*tokens, SECRETS["SLACK_SIGNING_SECRET"], password, "p/ass-word-9", "ticket="]
    assert process.returncode == 0
    assert "turn failed" in written
    assert "turn finished" in written
    assert [secret for secret in hidden if secret in written] == []
    assert "private message sent" not in written

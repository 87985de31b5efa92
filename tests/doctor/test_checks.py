"""Tests all checks together: bounded in time, concurrent, without secrets; and the program's exit status."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from bot.doctor.checks import bounded, examine, examined
from bot.doctor.findings import About, Finding, Verdict
from bot.playground.program import environment
from bot.playground.sandbox import Sandbox
from bot.settings.environment import configuration_of
from bot.settings.settings import Settings

_SECONDS = 30.0
NAMES = ("it", "law", "away")


def given(home: Sandbox, **changes: str) -> dict[str, str]:
    """The sandbox's settings as environment variables; an empty value removes one."""
    return {
        "SLACK_BOT_TOKEN": home.slack.bot_token,
        "SLACK_APP_TOKEN": home.slack.app_token,
        "SLACK_API_URL": home.slack.url,
        "FLOWISE_URL": home.flowise.url,
        "FLOWISE_CHATFLOW_ID": home.flowise.chatflow_id,
        "REDIS_URL": home.redis_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    } | changes


async def run(folder: Path, settings: dict[str, str], *arguments: str) -> tuple[int | None, str]:
    """`python -m bot doctor` in a folder of its own: its exit status and what it printed. Nothing may be on stderr."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", *arguments),
        cwd=folder,
        env=environment(os.environ, settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_SECONDS):
        out, err = await process.communicate()
    assert err.decode() == ""
    return process.returncode, out.decode()


@pytest.mark.program
async def test_all_well_is_status_0_and_asks_no_question(home: Sandbox, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BOT_FOLLOW_UPS=mentions\n")
    status, out = await run(tmp_path, given(home))
    assert status == 0, out
    assert str(tmp_path / ".env") in out
    assert "\x1b" not in out
    assert [line for line in out.splitlines() if line and not line.startswith(" ")][:-1] == [
        "Settings",
        "Network",
        "Slack",
        "Flowise",
        "Redis",
        "This machine",
    ]
    assert home.flowise.predictions == []
    assert {call.method for call in home.slack.calls} == {"auth.test", "apps.connections.open", "bots.info"}


@pytest.mark.program
async def test_what_must_be_changed_is_status_1(home: Sandbox, tmp_path: Path) -> None:
    status, out = await run(tmp_path, given(home, FLOWISE_CHATFLOW_ID="gone"), "--json")
    told = json.loads(out)
    assert status == told["status"] == 1
    [wrong] = [row for row in told["findings"] if row["state"] == "wrong"]
    assert (wrong["about"], wrong["check"]) == ("Flowise", "chatflow")
    assert wrong["do"]


@pytest.mark.program
async def test_every_flow_of_the_configuration_is_looked_at(home: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "bot.toml").write_text(
        'default = "it"\n[flows.it]\n[flows.law]\nchatflow_id = "gone"\n[flows.away]\nurl = "http://127.0.0.1:9"\n'
    )
    status, out = await run(tmp_path, given(home, BOT_CONFIG="bot.toml"), "--json")
    found = json.loads(out)["findings"]
    assert status == 1
    assert {row["about"] for row in found if "Flowise" in row["about"]} == {f"Flowise, {name}" for name in NAMES}
    wrong = [(row["about"], row["check"]) for row in found if row["state"] == "wrong"]
    assert wrong == [("Flowise, law", "chatflow"), ("Flowise, away", "server")]


@pytest.mark.program
async def test_what_is_wrong_with_the_configuration_file_is_status_2(home: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "bot.toml").write_text('default = "it"\n[flows.law]\nchatflow_id = "l"\n')
    status, out = await run(tmp_path, given(home, BOT_CONFIG="bot.toml"), "--json")
    [wrong] = [row for row in json.loads(out)["findings"] if row["state"] == "wrong"]
    assert (status, wrong["check"]) == (2, "bot.toml:1")


@pytest.mark.program
async def test_settings_that_cannot_be_read_are_status_2(tmp_path: Path) -> None:
    status, out = await run(tmp_path, {"SLACK_BOT_TOKEN": "xapp-77-very-secret", "PORT": "70000"}, "--json")
    told = json.loads(out)
    assert status == told["status"] == 2
    assert [row["check"] for row in told["findings"]] == [
        ".env",
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "FLOWISE_URL",
        "FLOWISE_CHATFLOW_ID",
        "PORT",
    ]
    assert str(tmp_path) in told["findings"][0]["found"]
    assert all("expected" in row["found"] for row in told["findings"][1:])
    assert "very-secret" not in out


@pytest.mark.program
async def test_no_secret_is_printed_though_others_repeat_it(home: Sandbox, tmp_path: Path) -> None:
    secrets = {"SLACK_SIGNING_SECRET": "0badc0ffee-signing", "FLOWISE_API_KEY": "flow-key-secret"}
    tokens = [home.slack.bot_token, home.slack.app_token, *secrets.values(), "p%2Fass-word-9", "p/ass-word-9"]
    home.slack.refuse("auth.test", f"bad_{secrets['FLOWISE_API_KEY']}")
    home.slack.refuse("apps.connections.open", home.slack.app_token)
    url = f"unix://:p%2Fass-word-9@{home.redis_url.removeprefix('unix://')}"
    status, out = await run(tmp_path, given(home, **secrets, REDIS_URL=url))
    assert status == 1
    assert out.count("[hidden]") == 2
    assert [token for token in tokens if token in out] == []


async def test_it_can_be_run_beside_the_bot(home: Sandbox, tmp_path: Path) -> None:
    async with home.bot() as running:
        settings = Settings.model_validate(home.settings().model_dump() | {"port": running.port})
        found = await examined(settings, configuration_of(settings), question="Who are you?")
    assert [finding for finding in found if finding.state in {Verdict.WRONG, Verdict.WARNING}] == []
    [port] = [finding for finding in found if finding.check == "port"]
    assert "itself" in port.found
    assert [prediction.question for prediction in home.flowise.predictions] == ["Who are you?"]
    [key] = [finding for finding in found if (finding.about, finding.check) == ("Flowise", "key")]
    assert key.state is Verdict.WELL


async def test_silence_of_one_does_not_keep_the_others_waiting() -> None:
    about, came = About("Flowise"), Finding("Redis", "server", Verdict.WELL, "Valkey")
    never = asyncio.Event()

    async def silent() -> list[Finding]:
        await never.wait()
        return []

    async def prompt() -> list[Finding]:
        return [came]

    [lost], [told] = await asyncio.gather(bounded(about, silent(), 0.01), bounded(about, prompt(), 5.0))
    assert lost.state is Verdict.WRONG
    assert told is came


async def test_servers_that_keep_silent_do_not_keep_a_person_waiting() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    settings = Settings.model_validate(
        {
            "slack_bot_token": "xoxb-1",
            "slack_app_token": "xapp-1",
            "slack_api_url": f"http://127.0.0.1:{number}/api/",
            "flowise_url": f"http://127.0.0.1:{number}",
            "flowise_chatflow_id": "a-1",
            "redis_url": f"redis://127.0.0.1:{number}",
            "host": "127.0.0.1",
            "port": 0,
        }
    )
    async with asyncio.timeout(5.0):
        found = await examined(settings, configuration_of(settings), patience=0.1)
    server.close()
    wrong = [(finding.about, finding.check) for finding in found if finding.state is Verdict.WRONG]
    assert wrong == [("Slack", "answer"), ("Flowise", "answer"), ("Redis", "answer")]


@pytest.mark.parametrize(("variables", "colour"), [({"TERM": "xterm"}, True), ({}, False)])
@pytest.mark.parametrize("no_colour", [False, True])
def test_colours_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], colour: bool, no_colour: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    terminal, other_end = os.openpty()
    with os.fdopen(other_end, "w", encoding="utf-8") as out, os.fdopen(terminal, "rb", 0) as screen:
        status = examine(out, variables | ({"NO_COLOR": "1"} if no_colour else {}))
        shown = screen.read(65_536).decode()
    assert status == 2
    assert "SLACK_BOT_TOKEN" in shown
    assert ("\x1b" in shown) == (colour and not no_colour)


def test_an_output_without_all_letters_shows_what_it_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    path = tmp_path / "out"
    with path.open("w", encoding="ascii") as out:
        assert examine(out, {}) == 2
    assert "xoxb-?" in path.read_text("ascii")

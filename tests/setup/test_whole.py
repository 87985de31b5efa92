"""Tests `python -m bot setup` as it is run: in a terminal up to the first answer in Slack, and by a script."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values

from bot.playground.flowise import LocalFlowise
from bot.playground.program import environment
from bot.playground.slack import LocalSlack
from bot.setup.manifest import App, manifest
from bot.slack.wording import HELLO
from tests.setup.conversation import talking

pytestmark = pytest.mark.program

_SECONDS = 30.0
_KEY = "the-key-of-flowise"


def around(slack: LocalSlack, **more: str) -> dict[str, str]:
    """The environment of a set-up: with the local Slack, and nothing else."""
    return environment(os.environ, {"SLACK_API_URL": slack.url, "HOST": "127.0.0.1", "TERM": "dumb", **more})


async def scripted(folder: Path, given: dict[str, str], *flags: str) -> tuple[int | None, str, str]:
    """`python -m bot setup --yes` in a folder: its exit status, what it printed, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "setup", "--yes", *flags),
        cwd=folder,
        env=given,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_SECONDS):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_four_pastes_lead_to_the_first_answer(tmp_path: Path) -> None:
    scopes = App().scopes
    async with LocalSlack(scopes=scopes) as slack, LocalFlowise(tokens_per_second=1_000, api_key=_KEY) as flowise:
        ada = slack.user("ada")
        channel = slack.channel("general", members=[ada], bot_is_member=False)
        refresh_token = slack.apps.refresh_token
        (tmp_path / ".env").write_text("# mine\nBOT_FOLLOW_UPS=mentions\nPORT=0\n")
        async with talking(tmp_path, around(slack), "setup") as person:
            await person.answer("paste its address.*: ", "http://127.0.0.1:9/")
            await person.answer(r"cannot be reached|refused.*\n.*: ", flowise.url)
            await person.answer("FLOWISE_API_KEY.*: ", _KEY)
            listed = await person.answer("Which flow[^#]*Number.*: ", "back")
            assert "  rag\n" in listed
            await person.answer("FLOWISE_API_KEY.*: ")
            names = (await person.until("Which flow[^#]*Number.*: ")).splitlines()
            [number] = [line.split()[0] for line in names if line.endswith("  rag")]
            await person.answer("", number)
            await person.answer("Ask the flow a question now.*: ")
            await person.until("The flow answers: ")
            await person.answer("make the app like this.*: ")
            await person.answer("How is the app made[^#]*Number.*: ", "2")
            await person.answer("app configuration token.*: ", "xoxb-1")
            await person.answer("Expected an app configuration token.*\n.*: ", refresh_token)
            await person.until("The app is made")
            await person.answer("Bot User OAuth Token.*: ", slack.app_token)
            await person.answer("belongs in SLACK_APP_TOKEN.*\n.*: ", slack.bot_token)
            await person.answer("app-level token.*: ", slack.app_token)
            await person.until("All is well")
            await person.answer("Say hello in a channel.*: ")
            await person.until("I am in no channel yet[^#]*Number.*: ")
            slack.invite(ada, channel, slack.bot_user_id)
            await person.answer("")
            await person.answer("In which channel[^/]*Number.*: ")
            await person.answer("Start the bot now.*: ")
            await slack.until(lambda: slack.sockets == 1, _SECONDS)
            root = await slack.say(ada, channel, f"<@{slack.bot_user_id}> What is a lease?")
            await slack.until(lambda: any("stand-in model" in each.plain for each in slack.thread(channel, root)), 20)
            assert await person.interrupt() == 0
    [made] = slack.apps.created
    assert made == manifest(App())
    assert HELLO in [message.plain for message in slack.messages(channel)]
    written = tmp_path / ".env"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert written.read_text().startswith("# mine\nBOT_FOLLOW_UPS=mentions\nPORT=0\n")
    assert dotenv_values(written) == {
        "BOT_FOLLOW_UPS": "mentions",
        "PORT": "0",
        "FLOWISE_URL": flowise.url,
        "FLOWISE_CHATFLOW_ID": flowise.chatflow_id,
        "FLOWISE_API_KEY": _KEY,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
    }
    secrets = [slack.bot_token, slack.app_token, _KEY, refresh_token, slack.apps.token, slack.signing_secret]
    assert [secret for secret in secrets if secret in person.shown] == []


async def test_a_script_gives_all_at_once_and_hello_is_said(tmp_path: Path) -> None:
    async with LocalSlack(scopes=App().scopes) as slack, LocalFlowise(tokens_per_second=1_000) as flowise:
        channel = slack.channel("general")
        tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
        flow = f"{flowise.url}/canvas/{flowise.chatflow_id}"
        flags = ("--flowise-url", flow, "--hello", "#general", "--no-question")
        status, out, err = await scripted(tmp_path, around(slack, PORT="0", **tokens), *flags)
    assert (status, err) == (0, "")
    assert "All is well" in out
    assert [message.plain for message in slack.messages(channel)] == [HELLO]
    assert flowise.predictions == []
    assert dotenv_values(tmp_path / ".env").items() >= {"FLOWISE_URL": flowise.url, **tokens}.items()
    assert [token for token in tokens.values() if token in out] == []


async def test_a_script_that_makes_the_app_keeps_what_is_known_and_says_what_is_left(tmp_path: Path) -> None:
    async with LocalSlack() as slack, LocalFlowise(tokens_per_second=1_000) as flowise:
        given = around(slack, SLACK_CONFIG_TOKEN=slack.apps.token, FLOWISE_URL=flowise.url)
        flags = (
            "--chatflow",
            flowise.chatflow_id,
            "--way",
            "token",
            "--http",
            "https://bot.example.com",
            "--agent-view",
        )
        status, out, err = await scripted(tmp_path, given, *flags)
    assert status == 1
    assert slack.apps.created == [manifest(App(host="https://bot.example.com", agent=True))]
    assert "Install the app: https://slack.com/oauth/v2/authorize" in out
    assert "SLACK_BOT_TOKEN is not set" in err
    assert "--way exists" in err
    assert len(flowise.predictions) == 1
    written = {"FLOWISE_CHATFLOW_ID": flowise.chatflow_id, "SLACK_SIGNING_SECRET": slack.signing_secret}
    written["BOT_AGENT_VIEW"] = "true"
    assert dotenv_values(tmp_path / ".env") == {"FLOWISE_URL": flowise.url, **written}


async def test_a_script_that_lacks_something_is_told_all_of_it(tmp_path: Path) -> None:
    async with LocalSlack() as slack:
        status, out, err = await scripted(tmp_path, around(slack))
    assert (status, out) == (2, "")
    assert all(f"{name}: not set" in err for name in ("FLOWISE_CHATFLOW_ID", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"))
    assert not (tmp_path / ".env").exists()

"""Tests `python -m bot` as it is run: with nothing but its environment, stopped by signals, started again."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from bot.playground.flowise.scripts import Script
from bot.playground.program import environment
from bot.playground.sandbox import Sandbox

pytestmark = pytest.mark.program

_START_SECONDS = 20.0
_STOP_SECONDS = 20.0


def settings(home: Sandbox, **changes: str) -> dict[str, str]:
    """The house's settings as they stand in an environment; an empty value takes one away."""
    given = {
        "SLACK_BOT_TOKEN": home.slack.bot_token,
        "SLACK_APP_TOKEN": home.slack.app_token,
        "SLACK_API_URL": home.slack.url,
        "SLACK_EDIT_INTERVAL": "0.4",
        "FLOWISE_URL": home.flowise.url,
        "FLOWISE_CHATFLOW_ID": home.flowise.chatflow_id,
        "REDIS_URL": home.redis_url,
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    return given | changes


@pytest.fixture(params=["with uvloop", "without uvloop"])
def loop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The event loop that the program is to find: uvloop's where it is installed, and asyncio's where it is not."""
    if request.param == "with uvloop":
        return "uvloop" if find_spec("uvloop") else "asyncio"
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "uvloop.py").write_text('raise ImportError("as if it were not installed")')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"), prepend=os.pathsep)
    return "asyncio"


class Program:
    """A running `python -m bot`; its log is what it has written so far."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    async def ended(self, number: signal.Signals | None = None) -> int:
        """Send a signal, if any, and wait for the end; the exit status."""
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(_STOP_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def running(home: Sandbox, folder: Path, **changes: str) -> AsyncIterator[Program]:
    """The program in a folder without a .env, connected to Slack; killed at the end if it is still there."""
    path, before = folder / f"{uuid4().hex}.log", home.slack.sockets
    with path.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot"),
            cwd=folder,
            env=environment(os.environ, settings(home, **changes)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    program = Program(process, path)
    try:
        await home.slack.until(lambda: "] ready" in program.log or process.returncode is not None, _START_SECONDS)
        assert process.returncode is None, program.log
        assert home.slack.sockets == before + 1
        yield program
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def answered(home: Sandbox, root: str, count: int = 1) -> str:
    """Wait for an answer's last edit; the last of `count` answers."""
    await home.slack.until(
        lambda: (
            len(home.answers(root)) == count and "stand-in model" in home.answers(root)[-1] and not home.growing(root)
        )
    )
    return home.answers(root)[-1]


async def begun(home: Sandbox, *, held: asyncio.Event) -> str:
    """A question whose answer has begun and goes on when `held` is set; the thread."""
    home.flowise.script("rag", Script(tokens=["The first half", " and the second"], hold=held, hold_after=1))
    root = await home.ask(f"{home.mention} tell me")
    await home.slack.until(lambda: home.answers(root) == ["The first half"])
    return root


async def test_a_stop_with_a_grace_period_lets_the_answer_be_finished(home: Sandbox, tmp_path: Path, loop: str) -> None:
    held = asyncio.Event()
    async with running(home, tmp_path, BOT_STOP_GRACE="15") as program:
        assert f"loop={loop}" in program.log
        program.process.send_signal(signal.SIGUSR1)
        root = await begun(home, held=held)
        assert "Flowise probe requested" in program.log
        program.process.send_signal(signal.SIGTERM)
        await home.slack.until(lambda: home.slack.sockets == 0)
        assert program.process.returncode is None
        held.set()
        assert await program.ended() == 0
    [answer] = home.answers(root)
    assert answer.startswith("The first half and the second")
    assert "Reference" not in answer
    assert home.slack.status(home.channel, root) == ""


async def test_a_stop_without_grace_closes_the_message(home: Sandbox, tmp_path: Path) -> None:
    async with running(home, tmp_path, BOT_STOP_GRACE="0") as program:
        root = await begun(home, held=asyncio.Event())
        assert await program.ended(signal.SIGTERM) == 0
        assert "Traceback" not in program.log
    [answer] = home.answers(root)
    assert answer.startswith("The first half")
    assert "I was restarted before I was done. Please try again." in answer
    assert "incomplete" in answer
    [reference] = re.findall(r"Reference for support: ([0-9a-f]{8})", answer)
    assert reference in program.log
    assert home.slack.status(home.channel, root) == ""


async def test_a_stop_before_the_first_word_takes_the_status_away(home: Sandbox, tmp_path: Path) -> None:
    home.flowise.script("rag", Script(silent=True))
    async with running(home, tmp_path, BOT_STOP_GRACE="0") as program:
        root = await home.ask(f"{home.mention} tell me")
        await home.slack.until(lambda: home.slack.status(home.channel, root) != "")
        assert await program.ended(signal.SIGTERM) == 0
    [answer] = home.answers(root)
    assert answer.startswith("I was restarted before I was done.")
    assert home.slack.status(home.channel, root) == ""


async def test_ctrl_c_is_a_good_end(home: Sandbox, tmp_path: Path, loop: str) -> None:
    async with running(home, tmp_path) as program:
        assert f"loop={loop}" in program.log
        assert await program.ended(signal.SIGINT) == 0
        assert "Traceback" not in program.log
    assert home.slack.sockets == 0


async def test_killed_between_two_turns_it_goes_on_with_the_same_chat(home: Sandbox, tmp_path: Path) -> None:
    async with running(home, tmp_path) as program:
        root = await home.ask(f"{home.mention} my name is Ada")
        await answered(home, root)
        await home.slack.until(
            lambda: "question settled" in program.log
        )  # else its hold on the thread would outlive it
        assert await program.ended(signal.SIGKILL) == -signal.SIGKILL
    await home.slack.until(lambda: home.slack.sockets == 0)
    async with running(home, tmp_path):
        await home.ask("what is my name?", thread_ts=root)
        assert "Ada" in await answered(home, root, 2)
    first, second = home.flowise.predictions
    assert first.chat_id == second.chat_id


async def test_the_embedded_store_keeps_the_conversation_over_a_restart(
    home: Sandbox, tmp_path: Path, loop: str
) -> None:
    data = str(tmp_path / "data")
    async with running(home, tmp_path, REDIS_URL="", DATA_DIR=data) as program:
        assert "one replica only" in program.log
        assert f"loop={loop}" in program.log
        root = await home.ask(f"{home.mention} my name is Ada")
        await answered(home, root)
        assert await program.ended(signal.SIGTERM) == 0
    async with running(home, tmp_path, REDIS_URL="", DATA_DIR=data) as program:
        await home.ask("what is my name?", thread_ts=root)
        assert "Ada" in await answered(home, root, 2)
        assert await program.ended(signal.SIGTERM) == 0
    first, second = home.flowise.predictions
    assert first.chat_id == second.chat_id

"""The demo as the program it is: its conversation, its page, its ends. It leaves nothing behind."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from bot.__main__ import main
from bot.errors import SettingsError
from bot.playground import browser_demo
from bot.playground.flowise import LocalFlowise
from bot.playground.program import environment
from bot.playground.tap import Tap
from bot.settings.settings import Settings

pytestmark = pytest.mark.program

ROOT = Path(__file__).resolve().parents[2]
# Far more than a run takes; whoever gets there is hung.
_LONGEST = 60.0
_ADDRESS = re.compile(rb"http://127\.0\.0\.1:\d+/client/[\w-]{32}/")


@dataclass(slots=True)
class Run:
    """A demo under way. Its temporary files are in `folder`; what it shows comes through `descriptor`."""

    process: subprocess.Popen[bytes]
    folder: Path
    descriptor: int
    seen: bytes = b""
    errors: str = ""

    def read_until(self, wanted: bytes, after: int = 0) -> None:
        """Read on until the bytes have come, or until the end where they are empty."""
        until = time.monotonic() + _LONGEST
        while not wanted or wanted not in self.seen[after:]:
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"{wanted!r} did not come: {self.seen.decode()}"
            try:
                chunk = os.read(self.descriptor, 65_536)
            except OSError:  # a terminal whose program has ended
                chunk = b""
            if not chunk:
                assert not wanted, f"{wanted!r} did not come: {self.seen.decode()}"
                return
            self.seen += chunk

    def end(self) -> int:
        """Read the rest; the exit status."""
        self.read_until(b"")
        self.errors = self.process.stderr.read().decode() if self.process.stderr else ""
        return self.process.wait(_LONGEST)

    @property
    def text(self) -> str:
        return self.seen.decode()

    def lines(self) -> list[str]:
        return [line.strip() for line in self.text.splitlines()]

    def processes(self) -> list[str]:
        """What still runs in its temporary folder, by the working directories: the bot's and the store's are there."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if str(entry.joinpath("cwd").readlink()).startswith(str(self.folder)):
                    found.append(entry.joinpath("cmdline").read_text())
            except OSError:
                continue
        return found


class Demos:
    """Starts demos, each with a temporary folder of its own."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def start(self, *arguments: str, terminal: bool = False, **settings: str) -> Run:
        ours = {name.upper() for name in Settings.model_fields}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        folder = Path(tempfile.mkdtemp(prefix="d-", dir="/tmp"))  # short, for the store's socket
        env = {**kept, **settings, "TMPDIR": str(folder), "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
        command = [sys.executable, "-m", "bot", "demo", *arguments]
        if terminal:
            ours_end, descriptor = pty.openpty()
            given, taken = descriptor, descriptor
        else:
            ours_end, taken = os.pipe()
            given, descriptor = subprocess.DEVNULL, taken
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=given, stdout=taken, stderr=subprocess.PIPE, start_new_session=True
        )
        os.close(descriptor)
        run = Run(process, folder, ours_end)
        self._runs.append(run)
        return run

    def close(self) -> None:
        for run in self._runs:
            if run.process.poll() is None:
                run.process.kill()
                run.process.wait()
            if run.process.stderr:
                run.process.stderr.close()
            os.close(run.descriptor)
            shutil.rmtree(run.folder)


@pytest.fixture(scope="module")
def demos() -> Iterator[Demos]:
    started = Demos()
    yield started
    started.close()


@pytest.fixture(scope="module")
def long_runs(demos: Demos) -> tuple[Run, Run, Run]:
    """Those that take long, side by side: scripted in a pipe, in a terminal, and with a Flowise that is not there."""
    # Port 9, discard, is where nobody listens.
    away = demos.start("--once", FLOWISE_URL="http://127.0.0.1:9", FLOWISE_CHATFLOW_ID="some-flow")
    return demos.start("--once"), demos.start("--once", terminal=True), away


def test_once_shows_the_conversation_and_ends_well(long_runs: tuple[Run, Run, Run]) -> None:
    run, _, _ = long_runs
    assert run.end() == 0, run.errors
    lines = run.lines()
    question = lines.index("@flowise How long does the bot remember a conversation?")
    thinking = lines.index("flowise is thinking…")
    follow_up = lines.index("What did I ask before?")
    assert question < thinking < follow_up
    first, second = lines[thinking:follow_up], lines[follow_up:]
    assert any(line.startswith("+ ") for line in first), "the reply has not grown"
    assert any("for 30 days after its last use" in line for line in first)
    assert first[first.index("*Sources*") + 1] == "1. handbook.pdf · p. 8"
    assert "1. How long does the bot remember a conversation?" in second, "the follow-up proves no memory"
    assert "My name is Ada." in second
    assert re.search(r"Hello \*Ada\*", run.text)
    figures = " ".join(lines)
    assert re.search(r"3 answers, \d+ words, .* \d+ Slack calls, 0 refused with 429, 0 rules broken, 0 people", figures)
    assert "\x1b" not in run.text
    assert run.errors == ""


def test_a_terminal_redraws(long_runs: tuple[Run, Run, Run]) -> None:
    _, run, _ = long_runs
    assert run.end() == 0, run.errors
    assert b"\x1b[J" in run.seen
    assert b"\x1b[1mSources\x1b[0m" in run.seen


def test_nothing_is_left_behind(long_runs: tuple[Run, Run, Run]) -> None:
    for run in long_runs[:2]:
        run.end()
        assert run.processes() == []
        assert list(run.folder.iterdir()) == []


@pytest.mark.parametrize("how", ["--once", "--no-browser"])
def test_a_missing_setting_is_said_in_a_line(demos: Demos, how: str) -> None:
    run = demos.start(how, FLOWISE_URL="http://127.0.0.1:9")
    assert run.end() == 2
    assert [line.strip() for line in run.errors.splitlines()] == [
        "The settings cannot work:",
        "FLOWISE_CHATFLOW_ID: not set; expected the chatflow's id: the last part of its address in Flowise",
    ]
    assert run.processes() == []
    assert list(run.folder.iterdir()) == []


def test_an_answer_that_fails_is_a_failure_and_the_log_is_kept(long_runs: tuple[Run, Run, Run]) -> None:
    _, _, run = long_runs
    assert run.end() == 1
    assert "@flowise What can you help me with?" in run.lines()
    assert "the mention got an apology instead of an answer" in run.errors
    (log,) = run.folder.iterdir()
    assert str(log) in run.errors
    assert "turn failed" in log.read_text()
    assert run.processes() == []
    assert "Traceback" not in run.errors


def test_a_signal_in_the_middle_ends_everything(demos: Demos) -> None:
    run = demos.start("--once")
    run.read_until(b"first: ")
    if Path("/proc/self/cwd").exists():
        assert len(run.processes()) == 2, "the bot and the store are not where they are looked for"
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 128 + signal.SIGINT
    assert run.processes() == []
    assert list(run.folder.iterdir()) == []
    assert run.errors == ""


def test_the_page_is_served_until_a_signal(demos: Demos) -> None:
    run = demos.start("--no-browser")
    run.read_until(b"Ctrl-C ends it")
    found = _ADDRESS.search(run.seen)
    assert found, run.seen
    with urlopen(found.group().decode(), timeout=_LONGEST) as response:  # noqa: S310  # it is http
        assert b"<title>Playground" in response.read()
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 0, run.errors
    assert run.processes() == []
    assert list(run.folder.iterdir()) == []


def test_a_port_that_is_taken_is_said_in_a_line(demos: Demos) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = demos.start("--no-browser", "--port", str(port))
        assert run.end() == 2
    said, told = run.errors.splitlines()
    assert (said, told.strip()) == (
        "The settings cannot work:",
        f"--port: {port} cannot be used (Address already in use)",
    )
    assert run.processes() == []


@pytest.mark.parametrize("port", ["abc", "-1", "65536", ""])
def test_what_is_no_port_is_said_as_a_person_would(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", f"--port={port}"])
    assert f"--port: expected a number from 0 to 65535, not '{port}'" in capsys.readouterr().err


def test_a_browser_that_does_not_come_back_holds_up_no_end(demos: Demos) -> None:
    opens = "sh -c 'touch $TMPDIR/opened; exec sleep 30' %s"
    run = demos.start(DISPLAY=":0", SSH_CONNECTION="", BROWSER=opens)
    run.read_until(b"Ctrl-C ends it")
    until = time.monotonic() + _LONGEST
    while not (run.folder / "opened").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    began = time.monotonic()
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(_LONGEST) == 0
    assert time.monotonic() - began < 20.0


@pytest.mark.parametrize(
    ("url", "flow", "said"),
    [
        ("http://127.0.0.1:9", "", "FLOWISE_CHATFLOW_ID: not set; expected the chatflow's id"),
        ("http://a..b", "some-flow", "Flowise's address begins with http://"),
        ("http://127.0.0.1:9/agentcanvas/x", "some-flow", "expected the server's base address alone"),
        ("http://127.0.0.1:9", "é", "The chatflow's id is the last part"),
    ],
)
async def test_a_flowise_that_cannot_be_is_a_wrong_setting(url: str, flow: str, said: str) -> None:
    outside = {name: value for name, value in (("FLOWISE_URL", url), ("FLOWISE_CHATFLOW_ID", flow)) if value}
    settings = outside | {"SLACK_BOT_TOKEN": "xoxb-x", "SLACK_APP_TOKEN": "xapp-x"}
    with pytest.raises(SettingsError, match=said):
        await browser_demo._use_theirs(Tap(LocalFlowise()), settings)


async def test_a_flowise_may_have_the_port_that_the_bot_takes_by_default() -> None:
    given = {"FLOWISE_URL": "http://localhost:3000", "FLOWISE_CHATFLOW_ID": "some-flow"}
    async with LocalFlowise() as local, Tap(local) as tap:
        await browser_demo._use_theirs(tap, given | {"SLACK_BOT_TOKEN": "xoxb-x", "SLACK_APP_TOKEN": "xapp-x"})
        assert tap._target.upstream.url == "http://localhost:3000"


def test_what_stays_elsewhere_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    browser_demo._tell("http://127.0.0.1:1/client/x/", {}, "")
    assert "Nothing leaves this machine." in (said := capsys.readouterr().out)
    assert "forgets everything" in said
    outside = {"FLOWISE_URL": "http://flow.example", "REDIS_URL": "redis://store"}
    browser_demo._tell("http://127.0.0.1:1/client/x/", outside, "Nothing answers there.")
    said = capsys.readouterr().out
    assert "your Flowise at flow.example. What is asked goes to your Flowise and your Redis and nowhere else." in said
    assert "what is kept in your Flowise and your Redis stays there" in said
    assert "forgets everything" not in said
    assert "no question will be answered. Nothing answers there." in said


def test_the_bot_is_given_these_settings_and_no_others() -> None:
    inherited = {"PATH": "/bin", "SLACK_BOT_TOKEN": "xoxb-theirs", "BOT_FOLLOW_UPS": "mentions", "slack_api_url": "x"}
    given = environment(inherited, {"SLACK_BOT_TOKEN": "xoxb-ours"})
    assert given == {"PATH": "/bin", "SLACK_BOT_TOKEN": "xoxb-ours", "PYTHONPATH": str(ROOT)}

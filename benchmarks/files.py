"""Measures what the bot takes of memory while many large files come at once.

    .venv/bin/python -m benchmarks.files

The real bot is a program of its own; in this process are a local Slack and a local Flowise. Twenty questions, each in a
thread of its own, bring ten megabytes each: as pictures, which travel in the body of the prediction, and as documents,
which are uploaded first. Memory is the bot's alone, its peak from /proc, so this runs on Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import re
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bot.__main__ import loop_factory
from bot.conversation.file_room import MOST_HELD
from bot.playground.flowise import LocalFlowise
from bot.playground.program import BotProgram
from bot.playground.slack import LocalSlack
from bot.serving import logs
from bot.store.embedded import EmbeddedValkey

_MB = 1024**2
_MOST_SECONDS = 120.0
_ENOUGH_CHANNELS = 20.0
# A document is all bytes and little text, as a PDF is that was scanned.
_PDF = b"%PDF-1.4\nBT (The bakery opens at seven.) Tj ET\n"


@dataclass(frozen=True, slots=True)
class Peak:
    """Memory in MB before the questions came and at most, seconds until all were answered, files that arrived whole."""

    idle: float
    most: float
    seconds: float
    whole: int


def _resident(pid: int, kind: str) -> float:
    """`VmRSS`, or `VmHWM` for the most since it was forgotten, in MB."""
    found = re.search(rf"^{kind}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else math.nan


def _forget_peak(pid: int) -> float:
    """Have the peak begin anew, at what is resident now, in MB."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _resident(pid, "VmRSS")


def _contents(kind: str, files: int, size: int) -> list[bytes]:
    """As many contents, none of them like another."""
    head = _PDF if kind == "pdf" else b"\x89PNG\r\n\x1a\n"
    return [head + bytes([number]) * (size - len(head)) for number in range(files)]


async def measured(kind: str, files: int, size: int) -> Peak:
    """Ask `files` questions at once, each with a file of `size` bytes, a "png" or a "pdf"."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        valkey = EmbeddedValkey(folder / "store")
        url = await valkey.start()
        try:
            async with (
                LocalSlack(scale=_ENOUGH_CHANNELS) as slack,
                LocalFlowise(tokens_per_second=math.inf) as flowise,
                BotProgram(
                    {
                        "SLACK_BOT_TOKEN": slack.bot_token,
                        "SLACK_APP_TOKEN": slack.app_token,
                        "SLACK_API_URL": slack.url,
                        "FLOWISE_URL": flowise.url,
                        "FLOWISE_CHATFLOW_ID": flowise.chatflow_id,
                        "REDIS_URL": url,
                        "BOT_FILE_LIMIT": str(size),
                        "BOT_STOP_GRACE": "0",
                    },
                    folder,
                ) as program,
            ):
                return await _asked(slack, flowise, program, kind, _contents(kind, files, size))
        finally:
            await valkey.stop()


async def _asked(
    slack: LocalSlack, flowise: LocalFlowise, program: BotProgram, kind: str, contents: list[bytes]
) -> Peak:
    ada = slack.user("ada")
    channels = [slack.channel(f"channel-{number}", members=[ada]) for number in range(len(contents))]
    await asyncio.sleep(1.0)
    idle = _forget_peak(program.pid)
    began = time.monotonic()
    for channel, content in zip(channels, contents, strict=True):
        mention = f"<@{slack.bot_user_id}> what is this?"
        await slack.say(ada, channel, mention, files=[(f"file.{kind}", content)])
    async with asyncio.timeout(_MOST_SECONDS):
        while program.turns().finished + program.turns().failed < len(contents):
            program.check()
            await asyncio.sleep(0.1)
    seconds, most = time.monotonic() - began, _resident(program.pid, "VmHWM")
    sent = {hashlib.sha256(content).hexdigest() for content in contents}
    return Peak(idle, most, seconds, len(sent & {file.sha256 for file in flowise.files}))


def report(kind: str, files: int, peak: Peak) -> str:
    """One line of the table."""
    memory = "".join(f"{megabytes:>8.0f} MB" for megabytes in (peak.idle, peak.most, peak.most - peak.idle))
    return f"{kind:<6}{peak.whole:>6} of {files:<4}{memory}{peak.seconds:>8.1f} s\n"


async def compared(files: int, size: int) -> None:
    sys.stdout.write(f"held of people's files at most: {MOST_HELD / _MB:.0f} MB (bot/conversation/file_room.py)\n")
    sys.stdout.write(f"{'':<6}{'whole':>11}{'idle':>12}{'most':>11}{'grown':>11}{'time':>10}\n")
    for kind in ("png", "pdf"):
        sys.stdout.write(report(kind, files, await measured(kind, files, size)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.files", description="Measure the memory for files.")
    parser.add_argument("--files", type=int, default=20, help="at once (20)")
    parser.add_argument("--megabytes", type=float, default=10.0, help="of each (10)")
    given = parser.parse_args()
    logs.configure("WARNING", "text", ())
    with asyncio.Runner(loop_factory=loop_factory()) as runner:  # what stands beside the bot should cost little
        runner.run(compared(given.files, int(given.megabytes * _MB)))


if __name__ == "__main__":
    main()
